"""The conversations: find one by its words, open it, rename, archive or export it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from store.conversations import Conversation
from tui import render
from tui.session import Session
from tui.widgets.key_line import KeyLine
from tui.widgets.vim import VimList
from valence.conversation.transcript import write

MOST = 200
WIDTHS = (16, 52)


class ConversationList(ModalScreen[str | None]):
    """Gives the id of the conversation that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("r", "rename", "Rename"),
        Binding("a", "archive", "Archive"),
        Binding("x", "export", "Export"),
        Binding("A", "archived", "Archived too"),
        Binding("escape", "close", "Close", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    ConversationList { align: center middle; }
    ConversationList > Vertical {
        width: 84; max-width: 100%; height: 80%; padding: 0 1;
        border: round $border; background: $surface;
    }
    ConversationList Input, ConversationList Input:focus {
        border: none; height: 1; padding: 0; margin-bottom: 1; background: $surface;
    }
    ConversationList VimList, ConversationList VimList:focus {
        height: 1fr; border: none; padding: 0; background: $surface; background-tint: transparent;
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._found: list[Conversation] = []
        self._archived = False
        self._asked = ("", False)
        self._input = Input(placeholder="Search in what was said")
        self._list = VimList()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._input
            yield self._list
        yield KeyLine()

    def on_mount(self) -> None:
        self._list.focus()
        self._look()

    @on(Input.Changed)
    def _look(self) -> None:
        asked = self._asked = (self._input.value, self._archived)
        self._session.jobs.run(partial(self._read, *asked), partial(self._show, asked))

    def _read(self, words: str, archived: bool) -> list[Conversation]:
        conversations = self._session.valence.memory.conversations
        if words.strip():
            return conversations.find(words, MOST, archived)
        return conversations.list(MOST, archived)

    def _show(self, asked: tuple[str, bool], found: list[Conversation]) -> None:
        if not self.is_attached or asked is not self._asked:
            return  # something else has been asked for meanwhile
        self._found = found
        rows = [
            Option(render.row((_when(one), f"{'(archived) ' * one.archived}{one.title}"), WIDTHS))
            for one in found
        ]
        self._list.clear_options().add_options(rows or [Option("None found.", disabled=True)])
        if found:
            self._list.highlighted = 0

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].id)

    @on(Input.Submitted)
    def to_list(self) -> None:
        self._list.focus()

    def action_search(self) -> None:
        self._input.focus()

    def action_close(self) -> None:
        if self._input.has_focus:
            self._list.focus()
        else:
            self.dismiss(None)

    def action_archived(self) -> None:
        self._archived = not self._archived
        self._look()

    def action_rename(self) -> None:
        from tui.screens.edit import Edit

        if (one := self._highlighted()) is not None:
            rename = partial(self._session.valence.memory.conversations.rename, one.id)
            self.app.push_screen(
                Edit("Title", one.title), lambda title: self._change(partial(rename, title))
                if title and title.strip() else None,
            )  # fmt: skip

    def action_archive(self) -> None:
        if (one := self._highlighted()) is not None:
            conversations = self._session.valence.memory.conversations
            self._change(partial(conversations.archive, one.id, not one.archived))

    def action_export(self) -> None:
        if (one := self._highlighted()) is None:
            return
        file = Path.cwd() / f"conversation-{one.created_at[:10]}-{one.id[-6:]}.md"
        conversations = self._session.valence.memory.conversations
        self._session.jobs.run(
            lambda: write(one, conversations.turns(one.id), file),
            lambda _: self.notify(f"Written to {render.line(str(file))}", markup=False),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (self._session.read_only and action in ("rename", "archive"))

    def _change(self, change: partial[None]) -> None:
        self._session.jobs.run(change, lambda _: self._look(), lane="turns")

    def _highlighted(self) -> Conversation | None:
        place = self._list.highlighted
        return self._found[place] if place is not None and place < len(self._found) else None


def _when(conversation: Conversation) -> str:
    return conversation.updated_at[:16].replace("T", " ")
