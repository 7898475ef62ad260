"""A filter on one line with the key that changes it; a click does the same."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message

from tui import render
from tui.widgets.words import Words


class Chip(Words):
    """One filter; `name` is its action on the page."""

    DEFAULT_CSS = """
    Chip { width: auto; height: 1; margin-right: 2; }
    Chip:hover { text-style: underline; }
    """

    class Pressed(Message):
        """This filter is to go on to its next value."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, key: str, action: str) -> None:
        super().__init__()
        self._key, self._action = key, action

    def show(self, value: str) -> None:
        """Its present value."""
        self.say(Content.assemble((f"{self._key} ", render.QUIET), render.line(value)))

    def on_click(self) -> None:
        self.post_message(self.Pressed(self._action))
