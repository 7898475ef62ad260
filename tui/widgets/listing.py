"""A list of named rows that stays where it was when it is filled anew, and a line to search it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input
from textual.widgets.option_list import Option

from tui import render
from tui.widgets.vim import VimList

SETTLE_S = 0.15
"""Typing comes in bursts; the search waits so long after the last key."""


class Listing(VimList):
    """Rows by their ids; "" is the id of a row that can only be read, such as a heading."""

    DEFAULT_CSS = """
    Listing { height: 1fr; border: none; padding: 0; background: transparent; }
    Listing:focus { border: none; background-tint: transparent; }
    Listing > .option-list--option-disabled { color: $foreground; text-style: none; }
    Listing > .option-list--option-highlighted { background: $panel; color: $foreground; }
    Listing:focus > .option-list--option-highlighted {
        background: $primary 30%; color: $foreground; text-style: bold;
    }
    Listing > .option-list--option { padding: 0 1; }
    """

    def show(self, rows: Sequence[tuple[str, Content]]) -> None:
        """These rows from now on; the one that was chosen stays chosen where it is still there.
        Where only the words of some have changed, only these are drawn."""
        ids = [id for id, _ in rows]
        if ids == [option.id or "" for option in self.options]:
            self._draw_anew(rows)
            return
        before, place = self.chosen, self.highlighted or 0
        self.clear_options()
        self.add_options(Option(content, id=id or None, disabled=not id) for id, content in rows)
        if before and before in ids:
            self.highlighted = ids.index(before)
        elif any(ids):
            self.highlighted = _nearest(ids, place)

    def _draw_anew(self, rows: Sequence[tuple[str, Content]]) -> None:
        for place, (option, (_, content)) in enumerate(zip(self.options, rows, strict=True)):
            if not content.is_same(cast(Content, option.prompt)):
                self.replace_option_prompt_at_index(place, content)

    @property
    def chosen(self) -> str:
        """The id of the row that the cursor is on, "" where there is none."""
        option = self.highlighted_option
        return (option.id or "") if option is not None else ""


def _nearest(ids: Sequence[str], place: int) -> int:
    """The row with an id that is nearest to a place."""
    return min((n for n, id in enumerate(ids) if id), key=lambda n: (abs(n - place), n))


class SearchLine(Input):
    """One line that searches as it is typed in; Enter or ↓ goes to what was found, Esc clears."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "leave", "To the list", show=False),
        Binding("escape", "clear_search", "Clear", show=False),
    ]
    DEFAULT_CSS = """
    SearchLine { height: 1; border: none; background: $surface; }
    SearchLine.-textual-compact { padding: 0 1; }
    SearchLine:focus { border: none; background: $panel; background-tint: transparent; }
    """

    class Asked(Message):
        """Words to search for; "" for everything."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """Who searched wants to go to what was found."""

    def __init__(self, placeholder: str, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True)
        self._settling: Timer | None = None

    def watch_value(self, value: str) -> None:
        if self._settling is not None:
            self._settling.stop()
        if self.is_attached:
            self._settling = self.set_timer(SETTLE_S, self._ask)

    def _ask(self) -> None:
        self.post_message(self.Asked(render.line(self.value)))

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_clear_search(self) -> None:
        self.value = ""
        self.post_message(self.Left())
