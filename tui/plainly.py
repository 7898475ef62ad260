"""Outputs of boundaries as a person reads them, instead of JSON. Nothing here is made printable:
that is `tui.render`'s."""

from __future__ import annotations

from valence.drafting import draft_of
from valence.errors import BoundaryError


def plain(output: str | None) -> str:
    """Ledger text of an output: its facts, one a line, or its one text; else as it was kept."""
    try:
        return draft_of(output).text
    except (BoundaryError, ValueError, TypeError, RecursionError):
        return output or ""
