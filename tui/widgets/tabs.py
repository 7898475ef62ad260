"""The line at the top: the pages with their numbers, and on the right what is going on."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import render
from tui.pages import TABS, Tab
from tui.widgets.words import Words


class TabTitle(Static):
    """One page's number and title; a click goes there."""

    class Chosen(Message):
        """The page of this key is wanted."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, number: int, tab: Tab) -> None:
        super().__init__(Content.assemble((f"{number} ", render.QUIET), tab.title))
        self.key = tab.key

    def on_click(self) -> None:
        self.post_message(self.Chosen(self.key))


class TabLine(Horizontal):
    """The tabs; the one that is open is underlined as well as coloured."""

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; background: $surface; }
    TabTitle { width: auto; padding: 0 1; color: $text-muted; }
    TabTitle:hover { color: $foreground; }
    TabTitle.open { color: $foreground; text-style: bold underline; }
    TabLine #state { width: 1fr; height: 1; text-align: right; color: $text-muted; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        for number, tab in enumerate(TABS, 1):
            yield TabTitle(number, tab)
        yield Words(id="state")

    def open(self, key: str) -> None:
        """Shows which page is open."""
        for title in self.query(TabTitle):
            title.set_class(title.key == key, "open")

    def tell(self, state: Content) -> None:
        """Shows what is going on."""
        self.query_one("#state", Words).say(state)
