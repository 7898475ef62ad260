"""Outputs of boundaries as a person reads and writes them, instead of JSON.

Facts stand one a line, their three parts between bars; a text stands as it is; what is neither
stays JSON. Nothing here is made printable: that is `tui.render`'s.
"""

from __future__ import annotations

import json
from typing import Any

BAR = " | "


def plain(output: str | None) -> str:
    """Ledger text of an output, to be read and edited; "" where there is none."""
    if output is None:
        return ""
    try:
        return _shown(json.loads(output))
    except (ValueError, RecursionError):
        return output


def as_output(written: str, like: str | None) -> str:
    """What a person wrote, as JSON text in the form of the output that it is to replace.

    What is wrong about it is found by the boundary that reads it.
    """
    if _holds(like, "triples"):
        parts = [line.split("|") for line in written.splitlines() if line.strip()]
        return json.dumps({"triples": [[part.strip() for part in fact] for fact in parts]})
    if _holds(like, "text"):
        return json.dumps({"text": written.strip()})
    return written


def _shown(value: Any) -> str:
    if isinstance(value, dict) and list(value) == ["triples"]:
        return "\n".join(BAR.join(map(str, fact)) for fact in value["triples"])
    if isinstance(value, dict) and list(value) == ["text"]:
        return str(value["text"])
    return json.dumps(value, ensure_ascii=False, indent=2)


def _holds(output: str | None, key: str) -> bool:
    try:
        return isinstance(value := json.loads(output or ""), dict) and list(value) == [key]
    except (ValueError, RecursionError):
        return False
