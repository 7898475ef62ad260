"""A question before something that cannot be taken back, or that reaches far."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.widgets.key_line import KeyLine


class Confirm(ModalScreen[bool]):
    """Asks; gives True for yes and False for no or Esc. The focus is on no.

    `question` and `details` come out of `tui.render`; `yes` says what will be done ("Forget it").
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No", key_display="n/Esc"),
        Binding("left,right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical {
        width: 64; max-width: 90%; height: auto; max-height: 90%; padding: 1 2;
        border: round $border; background: $surface;
    }
    Confirm .details { color: $text-muted; margin-top: 1; }
    Confirm Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    Confirm Button { margin-left: 2; }
    """

    def __init__(
        self, question: Content, details: Content | None = None, yes: str = "Yes", no: str = "No"
    ) -> None:
        super().__init__()
        self._question, self._details = question, details
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question)
            if self._details is not None:
                yield Static(self._details, classes="details")
            with Horizontal():
                yield Button(self._yes, id="yes", variant="warning", compact=True)
                yield Button(self._no, id="no", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
