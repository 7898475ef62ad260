"""An output as a person edits it: its one text, or its facts, one a line.

Knows nothing of whose answer it was, nor what becomes of what is written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from valence.errors import BoundaryError, InvalidOutput

SEPARATOR = " | "


@dataclass(frozen=True)
class Draft:
    """An answer as it is edited: its text, or its facts, one a line as subject | relation |
    object."""

    text: str
    facts: bool


def draft_of(output: str | None) -> Draft:
    """The ledger text of an output, to be edited. Raises BoundaryError where it is not one text
    and no facts either."""
    data = _data(output)
    if "triples" in data:
        return Draft("\n".join(SEPARATOR.join(triple) for triple in data["triples"]), facts=True)
    return Draft(data[worded(data)], facts=False)


def edited(output: str | None, text: str) -> dict[str, Any]:
    """The output's JSON with the draft in it. Raises InvalidOutput that names the line."""
    data = _data(output)
    if "triples" not in data:
        return data | {worded(data): text.strip()}
    lines = [line for line in text.splitlines() if line.strip()]
    return {"triples": [_triple(line) for line in lines]}


def _data(output: str | None) -> dict[str, Any]:
    data = json.loads(output or "{}")
    return data if isinstance(data, dict) else {}


def _triple(line: str) -> list[str]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3 or not all(parts):
        raise InvalidOutput(
            f"{line.strip()!r} is no fact", do="Write subject | relation | object, one fact a line."
        )
    return parts


def worded(data: dict[str, Any]) -> str:
    """The key of the output's one text."""
    words = [key for key, value in data.items() if isinstance(value, str)]
    if len(words) != 1:
        raise BoundaryError("this answer is not one text and cannot be edited here")
    return words[0]
