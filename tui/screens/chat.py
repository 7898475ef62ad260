"""The page Chat."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.screens.page import Page
from tui.widgets.empty import EmptyState


class ChatPage(Page):
    KEY = "chat"

    def compose(self) -> ComposeResult:
        yield EmptyState("Nothing here yet")
