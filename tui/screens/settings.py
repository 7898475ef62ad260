"""The page Settings."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.screens.page import Page
from tui.widgets.empty import EmptyState


class SettingsPage(Page):
    KEY = "settings"

    def compose(self) -> ComposeResult:
        yield EmptyState("Nothing here yet")
