"""The page Memory."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.screens.page import Page
from tui.widgets.empty import EmptyState


class MemoryPage(Page):
    KEY = "memory"

    def compose(self) -> ComposeResult:
        yield EmptyState("Nothing here yet")
