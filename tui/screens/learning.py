"""The page Learning."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.screens.page import Page
from tui.widgets.empty import EmptyState


class LearningPage(Page):
    KEY = "learning"

    def compose(self) -> ComposeResult:
        yield EmptyState("Nothing here yet")
