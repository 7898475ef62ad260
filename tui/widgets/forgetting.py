"""The question before something is forgotten: exactly what goes, and who was trained on it."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from store.adapters import Adapter
from tui import render
from tui.widgets.key_line import KeyLine
from valence.forgetting import Loss

Reach = Literal["", "memory", "calls"]
"""How far to forget: not at all, in the memory alone, or with the calls that read it."""

NAMED = {
    "facts": ("fact", "facts"),
    "entities": ("name", "names"),
    "chunks": ("text", "texts"),
    "turns": ("turn of a conversation", "turns of conversations"),
    "calls": ("call", "calls"),
    "examples": ("example", "examples"),
}


class Forgetting(ModalScreen[Reach]):
    """Asks whether, and how far, to forget; gives "" for no. The focus is on no.

    `near` is what goes from the memory alone, `far` what goes with the calls as well.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss('memory')", "Forget"),
        Binding("c", "with_calls", "With its calls"),
        Binding("n,escape", "dismiss('')", "Keep", key_display="n/Esc"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    Forgetting { align: center middle; }
    Forgetting > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 96%; padding: 1 2;
        border: round $border; background: $surface;
    }
    Forgetting .loss { margin-top: 1; }
    Forgetting Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    Forgetting Button { margin-left: 2; }
    """

    def __init__(self, name: str, note: str, near: Loss, far: Loss) -> None:
        super().__init__()
        self._name, self._note, self._near, self._far = name, note, near, far

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(render.text(f"Forget the {self._near.kind} {self._name}?", "bold"))
            yield Static(self._from_memory(), classes="loss")
            if self._note:
                yield Static(render.text(self._note, render.QUIET))
            if self._near.calls:
                yield Static(self._with_calls(), classes="loss")
            with Horizontal():
                yield Button("Forget", id="memory", variant="warning", compact=True)
                if self._near.calls:
                    yield Button("With its calls", id="calls", variant="warning", compact=True)
                yield Button("Keep", id="keep", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#keep").focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        chosen: dict[str | None, Reach] = {"memory": "memory", "calls": "calls"}
        self.dismiss(chosen.get(event.button.id, ""))

    def action_with_calls(self) -> None:
        if self._near.calls:
            self.dismiss("calls")

    def _from_memory(self) -> Content:
        loss = self._near
        rows = [("Goes", _rows(loss))]
        if loss.calls:
            calls = _count("calls", len(loss.calls))
            rows.append(("Stays", f"{calls} in the ledger that read it, {_examples(loss)}"))
        return _table([*rows, ("Trained", _adapters(loss.adapters))])

    def _with_calls(self) -> Content:
        rows = [("With its calls", ""), ("Goes", _rows(self._far))]
        marked = "the adapters above, as trained on what was forgotten"
        return _table([*rows, *([("Marked", marked)] if self._far.adapters else [])])


def _rows(loss: Loss) -> str:
    return ", ".join(_count(table, lost) for table, lost in loss.rows.items()) or "nothing more"


def _examples(loss: Loss) -> str:
    return f"{_count('examples', loss.examples)} made of them" if loss.examples else "no example"


def _count(table: str, number: int) -> str:
    one, several = NAMED[table]
    return f"{number:,} {one if number == 1 else several}"


def _adapters(adapters: tuple[Adapter, ...]) -> str:
    """Who learnt from it; an adapter keeps what it has learnt."""
    named = [f"{each.boundary} {each.id[-6:]} ({each.state})" for each in adapters]
    return f"on it: {', '.join(named)}" if named else "no adapter was trained on it"


def _table(rows: list[tuple[str, str]]) -> Content:
    lines = [
        Content.assemble((f"{title:<9}" if text else title, render.QUIET), render.line(text))
        for title, text in rows
    ]
    return Content("\n").join(lines)
