"""Everything that is seen: the terminal app. Knows how to show and ask; decides nothing."""

from __future__ import annotations

from tui.app import run

__all__ = ["run"]
