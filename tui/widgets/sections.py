"""The memory's page in sections: their names on one line, and what every section is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message

from tui import render
from tui.widgets.listing import Listing
from tui.widgets.words import Words

if TYPE_CHECKING:
    from tui.screens.page import Page
    from valence.memory.memory import Memory


@dataclass(frozen=True)
class Chosen:
    """What the cursor of a section is on: its id, how it is called, and what to know before it is
    forgotten."""

    id: str
    name: str
    note: str = ""


class Section(Vertical):
    """One section; `OFFERS` names the page's actions that mean something in it."""

    KEY: ClassVar[str]
    TITLE: ClassVar[str]
    OFFERS: ClassVar[frozenset[str]] = frozenset()

    class Counted(Message):
        """How many things the section holds."""

        def __init__(self, key: str, count: int) -> None:
            super().__init__()
            self.key, self.count = key, count

    def __init__(self, page: Page) -> None:
        super().__init__(id=self.KEY)
        self.owner = page

    @property
    def chosen(self) -> Chosen | None:
        """What an action on the page is about."""
        return None

    @property
    def memory(self) -> Memory:
        """The memory as it is opened now."""
        return self.owner.session.valence.memory

    def show_empty(self, empty: bool) -> None:
        """Only the words for an empty section, or what it holds. An empty one takes the focus
        itself, so that the page's keys go on working; who is typing keeps it."""
        if empty == self.has_class("empty"):
            return
        focused = self.has_focus_within or self.screen.focused is None
        self.can_focus = empty
        self.set_class(empty, "empty")
        if focused and self.display:
            self.take_focus()

    def tell(self, sentence: str) -> None:
        """One sentence on what was done, for a while."""
        self.notify(render.line(sentence), markup=False)

    def refresh_from_store(self) -> None:
        """Show what the store says now."""

    def take_focus(self) -> None:
        """The section has been switched to, or has been filled."""
        target = self if self.can_focus else next(iter(self.query(Listing)), self)
        self.screen.set_focus(target)  # `focus` waits its turn, and the next key would be lost

    def search(self) -> None:
        """Begin to search in it."""


class SectionTitle(Words):
    """One section's name; a click goes there."""

    class Pressed(Message):
        """The section of this key is wanted."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, section: type[Section]) -> None:
        super().__init__(section.TITLE)
        self.key, self._title = section.KEY, section.TITLE

    def count(self, number: int) -> None:
        shown = [self._title, (f" {number:,}", render.QUIET)] if number else [self._title]
        self.say(Content.assemble(*shown))

    def on_click(self) -> None:
        self.post_message(self.Pressed(self.key))


class SectionLine(Horizontal):
    """The names of a page's sections; the one that is open is underlined as well as coloured."""

    DEFAULT_CSS = """
    SectionLine { height: 2; }
    SectionTitle { width: auto; padding: 0 1; margin-right: 2; color: $text-muted; }
    SectionTitle:hover { color: $foreground; }
    SectionTitle.open { color: $foreground; text-style: bold underline; }
    """

    def __init__(self, *sections: type[Section]) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        for section in self._sections:
            yield SectionTitle(section)

    def open(self, key: str) -> None:
        """Shows which section is open."""
        for title in self.query(SectionTitle):
            title.set_class(title.key == key, "open")

    def count(self, key: str, number: int) -> None:
        """How many things a section holds."""
        for title in self.query(SectionTitle):
            if title.key == key:
                title.count(number)
