"""Small questions over the page: one of several values, or a line of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from tui import render
from tui.widgets.listing import Listing

Check = Callable[[str], str | None]
"""What is wrong with a text, in one sentence; None for nothing."""

HINT = "Enter keeps it, Esc leaves it as it was."

FRAME = """
    align: center middle;
    & > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
        border: round $border; background: $surface;
    }
    & Static { margin-bottom: 1; }
"""


class Choose(ModalScreen[str | None]):
    """One of several values; None for none of them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave it")]
    DEFAULT_CSS = f"Choose {{ {FRAME} & Listing {{ height: auto; }} }}"

    def __init__(self, title: Content, values: Sequence[tuple[str, Content]], now: str) -> None:
        super().__init__()
        self._title, self._values, self._now = title, values, now

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._title)
            yield Listing()

    def on_mount(self) -> None:
        listing = self.query_one(Listing)
        listing.show(self._values)
        listing.highlighted = [value for value, _ in self._values].index(self._now)
        listing.focus()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Write(ModalScreen[str | None]):
    """A line of text; what is wrong with it is said under it, and it stays to be mended."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave it")]
    DEFAULT_CSS = f"""
    Write {{ {FRAME}
        & Input {{ background: $panel; padding: 0 1; }}
        & #problem {{ color: $text-muted; margin: 1 0 0 0; }}
        & #problem.wrong {{ color: $text-error; }}
    }}
    """

    def __init__(self, title: Content, check: Check, now: str = "", secret: bool = False) -> None:
        super().__init__()
        self._title, self._check = title, check
        self._now, self._secret = now, secret

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._title)
            yield Input(self._now, password=self._secret, compact=True)
            yield Static(HINT, id="problem")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def written(self, event: Input.Submitted) -> None:
        problem = self._check(event.value)
        if problem is None:
            self.dismiss(event.value)
        else:
            shown = self.query_one("#problem", Static)
            shown.update(render.text(f"✗ {problem}"))
            shown.add_class("wrong")
