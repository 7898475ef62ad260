"""A frontier that thinks better of it, for tests: what it writes first, and what it writes then."""

from __future__ import annotations

from typing import Any

from tests.loopback import Answer

TOLD = "Ada Lovelace was born in London."


def drafting(draft: str, said: str) -> Answer:
    """Reads `TOLD`; writes the draft when it is first asked for a text, and else what is said."""
    drafts = [draft]

    def answer(user: str, body: dict[str, Any]) -> dict[str, Any]:
        if user.startswith("{"):
            return {"text": drafts.pop() if drafts else said}
        return {"triples": [["Ada Lovelace", "birthPlace", "London"]]}

    return answer
