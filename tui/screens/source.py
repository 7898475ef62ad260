"""What an answer rests on: the text of a source as it was said or read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import render
from tui.session import Session
from tui.widgets.key_line import KeyLine
from tui.widgets.vim import VimScroll


class Source(ModalScreen[None]):
    """The sources of one answer, one at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "Previous", key_display="←"),
        Binding("right,l", "turn(1)", "Next", key_display="→"),
        Binding("escape,o,q", "dismiss", "Close", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    Source { align: center middle; }
    Source VimScroll {
        width: 90; max-width: 100%; height: auto; max-height: 80%; padding: 1 2;
        border: round $border; background: $surface;
    }
    """

    def __init__(self, session: Session, cited: Sequence[dict[str, Any]], first: int) -> None:
        super().__init__()
        self._session, self._cited, self._place = session, cited, first
        self._text = Static()

    def compose(self) -> ComposeResult:
        with VimScroll():
            yield self._text
        yield KeyLine()

    def on_mount(self) -> None:
        self.action_turn(0)

    def action_turn(self, step: int) -> None:
        self._place = (self._place + step) % len(self._cited)
        citation = self._cited[self._place]
        self._session.jobs.run(
            lambda: self._read(citation["source"]), partial(self._show, citation)
        )

    def _read(self, source_id: str | None) -> str:
        if source_id is None:
            return "You said it; the text itself is not kept."
        chunks = self._session.valence.memory.episodes.of_source(source_id)
        return "\n\n".join(chunk.text for chunk in chunks) or "It has been forgotten."

    def _show(self, one: dict[str, Any], text: str) -> None:
        if one is not self._cited[self._place]:
            return  # another has been turned to meanwhile
        place = one["place"] or ("said by you" if one["kind"] == "turn" else one["title"])
        title = f"[{one['number']}] {place or 'said by you'}"
        head = Content.styled(render.line(title), "bold")
        when = Content.styled(render.line(one["recorded_at"][:19].replace("T", " ")), render.QUIET)
        self._text.update(Content("\n").join([head, when, Content(""), render.text(text)]))
