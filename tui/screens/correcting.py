"""What an answer should have been, written over what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static, TextArea

from tui import render
from tui.plainly import BAR
from tui.session import Session

WAY = f"One fact a line: subject{BAR}relation{BAR}object. Leave it empty where there is none."
"""How facts are written; a text is written as it is."""


class Correcting(ModalScreen[bool]):
    """An editor over `text`; `save` keeps what was written, or raises, and then nothing is lost.

    Gives True once it is kept, False where it was left alone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save"),
        Binding("escape", "dismiss(False)", "Cancel", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    Correcting { align: center middle; }
    Correcting > Vertical {
        width: 90%; max-width: 100; height: 80%; padding: 0 2; background: $surface;
        border: round $border;
    }
    Correcting TextArea, Correcting TextArea:focus {
        height: 1fr; border: none; background: $background;
    }
    Correcting Static { height: auto; margin: 1 0; }
    """

    def __init__(
        self, session: Session, given: str, text: str, facts: bool, save: Callable[[str], object]
    ) -> None:
        super().__init__()
        self._session, self._save = session, save
        self._given, self._way = Static(render.told(given)), Static()
        self._says = render.text(WAY if facts else "", render.QUIET)
        self._editor = TextArea(render.safe(text), soft_wrap=True, tab_behavior="focus")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._given
            yield self._editor
            yield self._way
        yield Footer()

    def on_mount(self) -> None:
        self._way.update(self._says)
        self._editor.focus()

    def action_save(self) -> None:
        written = self._editor.text
        self._session.jobs.run(lambda: self._save(written), self._saved, self._failed, lane="turns")

    def _saved(self, _: object) -> None:
        if self.is_attached:
            self.dismiss(True)

    def _failed(self, sentence: str) -> None:
        if self.is_attached:
            self._way.update(render.failure(sentence))
