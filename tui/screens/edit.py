"""A text to be edited over the page: an answer set right, a question asked otherwise, a title."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from tui import render
from tui.editor import edit
from tui.widgets.key_line import KeyLine
from valence.errors import ValenceError


class EditArea(TextArea):
    """Takes pasted text as text."""

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default().stop()
        self.replace(render.safe(event.text), *sorted(self.selection))


class Edit(ModalScreen[str | None]):
    """Gives the edited text, None where nothing is to be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save"),
        Binding("ctrl+g", "editor", "$EDITOR"),
        Binding("escape", "dismiss(None)", "Leave as it is", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    Edit { align: center middle; }
    Edit > Vertical {
        width: 90; max-width: 100%; height: auto; max-height: 90%; padding: 0 1;
        border: round $border; background: $surface;
    }
    Edit EditArea, Edit EditArea:focus {
        height: auto; min-height: 3; max-height: 16; border: none; padding: 0; margin-top: 1;
        background: $surface;
    }
    """

    def __init__(self, title: str, text: str, hint: str = "") -> None:
        super().__init__()
        self._title, self._hint = title, hint
        self._area = EditArea(render.safe(text), highlight_cursor_line=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(render.line(self._title), "bold"))
            if self._hint:
                yield Static(Content.styled(render.line(self._hint), render.QUIET))
            yield self._area
        yield KeyLine()

    def on_mount(self) -> None:
        self._area.focus()
        self._area.move_cursor(self._area.document.end)

    def action_save(self) -> None:
        self.dismiss(self._area.text)

    def action_editor(self) -> None:
        try:
            with self.app.suspend():
                text = edit(self._area.text)
        except (ValenceError, SuspendNotSupported) as error:
            self.notify(render.line(str(error)), severity="error", markup=False)
            return
        self._area.text = render.safe(text)
