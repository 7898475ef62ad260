"""What a text is called in a list: its beginning, on one line."""

from __future__ import annotations

LONGEST = 60


def title_of(text: str) -> str:
    """The text on one line, cut to LONGEST characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
