"""Help: the keys of what has the focus, the commands of the page, and how to read a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import render
from tui.commands import Command
from tui.widgets.key_line import KeyLine
from tui.widgets.vim import VimScroll

READING = """\
Under an answer stand who gave it and why, how sure it is against what it had to be, the time, \
the speed and the cost. “unverified” is the best there was, with nothing to prove it."""

SCROLLING = ("scroll_", "page_")
"""Actions of keys that everybody knows: arrows, PgUp, Home."""


class Help(ModalScreen[None]):
    """The keys that work now, as `active` has them, and what can be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,q", "dismiss", "Close", key_display="Esc")
    ]
    DEFAULT_CSS = """
    Help { align: center middle; }
    Help VimScroll {
        width: 84; max-width: 100%; height: auto; max-height: 100%; scrollbar-size-vertical: 1;
        padding: 0 2; border: round $border; background: $surface;
    }
    """

    def __init__(
        self, title: str, active: Iterable[ActiveBinding], commands: Iterable[Command]
    ) -> None:
        super().__init__()
        self._title = title
        known = [each.binding for each in active if each.enabled and each.binding.description]
        self._keys = sorted(
            (one for one in known if not one.action.startswith(SCROLLING)),
            key=lambda one: not one.show,
        )
        self._commands = [command for command in commands if command.slash]

    def compose(self) -> ComposeResult:
        with VimScroll():
            yield Static(self._text())
        yield KeyLine()

    def _text(self) -> Content:
        keys: dict[str, list[str]] = {}
        for one in self._keys:
            keys.setdefault(one.tooltip or one.description, []).append(
                self.app.get_key_display(one)
            )
        slashes = {f"/{one.slash} {one.takes}".strip(): one.help for one in self._commands}
        return Content("\n").join(
            [
                *_table(
                    f"Keys: {self._title}", {" ".join(named): what for what, named in keys.items()}
                ),
                *_table("Typed in the chat", slashes),
                Content(""),
                Content.styled(READING, render.QUIET),
            ]
        )


def _table(title: str, rows: dict[str, str]) -> list[Content]:
    lines = [
        Content.assemble((render.fit(key, 18), "bold"), " ", render.line(what))
        for key, what in rows.items()
    ]
    return [Content(""), Content.styled(title, "$text-primary"), *lines] if rows else []
