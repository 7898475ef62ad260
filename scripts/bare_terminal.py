"""Nothing but Textual: the floor beneath what `bench_terminal.py` measures."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, OptionList, Static, TextArea


class Bare(App[None]):
    """As many lines, texts and lists as the app shows."""

    BINDINGS: ClassVar[list[BindingType]] = [(f"f{n}", f"go('page{n}')") for n in range(2, 6)]

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial="page1"):
            with Vertical(id="page1"):
                with VerticalScroll(can_focus=False):
                    for number in range(20):
                        yield Spot(f"Question {number}?\n  Anna works for Siemens in Munich.")
                yield TextArea()
            for number in range(2, 6):
                with Vertical(id=f"page{number}"):
                    yield OptionList(*[f"{number}: entry {entry}" for entry in range(60)])

    def action_go(self, page: str) -> None:
        self.query_one(ContentSwitcher).current = page
        self.screen.set_focus(self.query_one(f"#{page} OptionList"))


class Spot(Static, can_focus=True):
    """A text that the focus can go to."""
