"""One call over the whole screen, with all that is known of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import ledger_words as say
from tui.widgets.key_line import KeyLine
from tui.widgets.vim import VimScroll
from valence.story import Story


class StoryScreen(ModalScreen[str]):
    """Shows the story; gives the name of the action that is wanted on its call, "" for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss('')", "Back", key_display="Esc"),
        Binding("c", "dismiss('correct')", "Correct"),
        Binding("plus", "dismiss('good')", "Good", key_display="+"),
        Binding("minus", "dismiss('bad')", "Bad", key_display="-"),
        Binding("x", "dismiss('forget')", "Forget"),
    ]
    DEFAULT_CSS = """
    StoryScreen VimScroll { background: $background; padding: 1 2 0 2; }
    """

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def compose(self) -> ComposeResult:
        with VimScroll():
            yield Static(say.story(self._story))
        yield KeyLine()
