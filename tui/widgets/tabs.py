"""The line at the top: the pages with their numbers, and on the right what is going on."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.style import Style

from tui import render
from tui.pages import TABS, Tab
from tui.widgets.words import Words


class TabTitles(Words):
    """The titles of all pages in one widget, for each key that changes the page draws them; the
    one that is open is underlined as well as bold."""

    DEFAULT_CSS = "TabTitles { width: 1fr; height: 1; text-wrap: nowrap; }"

    class Chosen(Message):
        """The page of this key is wanted."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def open(self, key: str) -> None:
        """Shows which page is open."""
        titles = (_title(number, tab, tab.key == key) for number, tab in enumerate(TABS, 1))
        self.say(Content("").join(titles))

    def on_click(self, event: Click) -> None:
        if key := event.style.meta.get("page"):
            self.post_message(self.Chosen(key))


def _title(number: int, tab: Tab, is_open: bool) -> Content:
    text = Content.assemble(
        (f"{number} ", render.QUIET), (tab.title, "" if is_open else render.QUIET)
    )
    if is_open:
        text = text.stylize("bold underline")
    return Content.assemble(" ", text, " ").stylize(Style.from_meta({"page": tab.key}))


class TabLine(Horizontal):
    """The tabs, and the state of the app."""

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; background: $surface; }
    TabLine #state { width: auto; height: 1; color: $text-muted; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._titles, self._state = TabTitles(), Words(id="state")

    def compose(self) -> ComposeResult:
        yield self._titles
        yield self._state

    def open(self, key: str) -> None:
        """Shows which page is open."""
        self._titles.open(key)

    def tell(self, state: Content) -> None:
        """Shows what is going on."""
        self._state.say(state)
