"""Where a person writes: one line that grows, a history, completion of slash commands.

What is pasted is text, whatever is in it. Knows no command and no conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from tui import render

NEWLINES = ("ctrl+j", "shift+enter", "alt+enter")
"""Which of them a terminal passes on differs; the first works in all of them."""


class Prompt(TextArea):
    """Enter submits, Ctrl-J begins a new line, the arrows at the edges go through what was entered
    before, Tab completes a slash command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send"),
        Binding("ctrl+j", "newline", "New line"),
    ]
    DEFAULT_CSS = """
    Prompt {
        height: auto; max-height: 8; border: round $border-blurred; padding: 0 1;
        background: $background;
    }
    Prompt:focus { border: round $border; background: $background; }
    """

    @dataclass
    class Submitted(Message):
        """A text was entered."""

        text: str

    @dataclass
    class Completing(Message):
        """Tab was pressed in a slash command that has been begun."""

        typed: str

    def __init__(self, history: list[str], placeholder: str, draft: str = "") -> None:
        super().__init__(draft, placeholder=placeholder, highlight_cursor_line=False)
        self._history = history
        self._back = 0
        self._draft = draft

    @property
    def slash(self) -> str | None:
        """The name of a slash command as far as it is typed, None where none is."""
        text = self.text
        return text[1:] if text.startswith("/") and not set(text) & set(" \n") else None

    def write(self, text: str) -> None:
        """Puts a text there, the cursor behind it."""
        self.text = render.safe(text)
        self.move_cursor(self.document.end)

    def action_submit(self) -> None:
        text, self._back = self.text.strip(), 0
        if text:
            self.text = ""
            self.post_message(self.Submitted(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        if self.cursor_at_first_line and not select:
            self._recall(self._back + 1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if self.cursor_at_last_line and self._back and not select:
            self._recall(self._back - 1)
        else:
            super().action_cursor_down(select)

    async def _on_key(self, event: Key) -> None:
        actions = {"enter": self.action_submit} | dict.fromkeys(NEWLINES, self.action_newline)
        if event.key == "tab" and self.slash is not None:
            self.post_message(self.Completing(self.slash))
        elif event.key in actions:
            actions[event.key]()
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default().stop()
        self.replace(render.safe(event.text), *sorted(self.selection))

    def _recall(self, back: int) -> None:
        """Shows what was entered `back` times ago; 0 is what is being written."""
        if not 0 <= back <= len(self._history):
            return
        if self._back == 0:
            self._draft = self.text
        self._back = back
        self.write(self._history[-back] if back else self._draft)
