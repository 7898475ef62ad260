"""The section of the memory that shows where it comes from: documents, notes, what was told."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList

from store.sources import Holdings, Source
from tui import remembered, render
from tui.following import take_in
from tui.screens.page import Page
from tui.widgets.empty import EmptyState
from tui.widgets.listing import Listing, SearchLine
from tui.widgets.sections import Chosen, Section
from tui.widgets.words import Words
from valence.notes.documents import Synced

MOST = 1000

STAYS = "The file stays in its folder, and is read again only when it changes."

Listed = tuple[list[Source], dict[str, Holdings]]


class SourceList(Section):
    KEY = "sources"
    TITLE = "Documents"
    OFFERS: ClassVar[frozenset[str]] = frozenset({"search", "forget", "sync", "sync_facts"})
    DEFAULT_CSS = """
    SourceList #folder {
        height: 1; color: $text-muted; margin-bottom: 1; padding: 0 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    SourceList #details {
        height: auto; max-height: 6; padding: 0 1; border-top: solid $border-blurred;
    }
    SourceList EmptyState { display: none; }
    SourceList.empty Listing, SourceList.empty SearchLine { display: none; }
    SourceList.empty EmptyState { display: block; }
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._sources: list[Source] = []
        self._holdings: dict[str, Holdings] = {}
        self._words: list[str] = []

    def compose(self) -> ComposeResult:
        yield Words(id="folder")
        yield EmptyState(
            "Nothing was read yet",
            "What you tell in the chat, and the notes of the folder, are listed here.",
        )
        yield SearchLine("/ search")
        yield Listing(id="read")
        yield Words(id="details")

    @property
    def read(self) -> Listing:
        """The list of sources."""
        return self.query_one("#read", Listing)

    @property
    def chosen(self) -> Chosen | None:
        source = self._source()
        if source is None or source.reason == "forgotten":
            return None
        note = STAYS if source.kind == "document" else ""
        return Chosen(source.id, render.line(source.place or source.title), note)

    def refresh_from_store(self) -> None:
        self.query_one("#folder", Words).say(self._folder())
        self.owner.look(self._look, self._show)

    def search(self) -> None:
        self.screen.set_focus(self.query_one(SearchLine))

    def sync(self, facts: bool) -> None:
        """Bring the memory up to what the notes folder holds, in the background."""
        session = self.owner.session
        line = self.query_one("#folder", Words)

        def tell(place: str) -> None:
            shown = render.text(f"reading {place}")
            session.jobs.notify(lambda: line.say(shown))

        line.say(render.text("reading the notes folder …"))
        session.jobs.run(
            lambda: take_in(session, facts, tell), self._synced, self._not_synced, lane="learning"
        )

    def _synced(self, done: Synced) -> None:
        self.tell(
            done.problem
            or f"{done.read} read, {done.unchanged} unchanged, {done.skipped} skipped, "
            f"{done.gone} gone; {done.chunks} new texts, {done.decomposed} read for facts"
        )
        self.owner.refresh_from_store()

    def _not_synced(self, problem: str) -> None:
        self.tell(problem)
        self.refresh_from_store()

    def _folder(self) -> Content:
        folder = self.owner.session.valence.settings.memory.notes_dir
        if folder is None:
            return render.text("No notes folder is set: memory.notes_dir in the settings (5).")
        return render.text(f"what changes is read by itself, S reads facts too: {folder}")

    def _look(self) -> Listed:
        found = [each for each in self.memory.sources.list(limit=MOST) if self._matches(each)]
        return found, self.memory.sources.holdings(each.id for each in found)

    def _matches(self, source: Source) -> bool:
        text = f"{source.place} {source.title} {source.kind} {source.state}".casefold()
        return all(word in text for word in self._words)

    def _source(self) -> Source | None:
        return next((each for each in self._sources if each.id == self.read.chosen), None)

    def _show(self, read: Listed) -> None:
        self._sources, self._holdings = sources, _ = read
        self.show_empty(not sources and not self._words)
        if not self._words:
            self.post_message(self.Counted(self.KEY, len(sources)))
        self.call_after_refresh(self._fill)  # by then the list has its width

    def _fill(self) -> None:
        width = max(40, self.read.content_size.width - 3)
        rows = [
            (each.id, remembered.source(each, self._holdings[each.id], width))
            for each in self._sources
        ]
        self.read.show(rows or [("", Content.styled("no such source", render.QUIET))])
        self._show_details()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._fill)

    @on(SearchLine.Asked)
    def ask(self, event: SearchLine.Asked) -> None:
        event.stop()
        self._words = event.words.casefold().split()
        self.refresh_from_store()

    @on(SearchLine.Left)
    def leave_search(self, event: SearchLine.Left) -> None:
        event.stop()
        self.screen.set_focus(self.read)

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_details()

    def _show_details(self) -> None:
        source = self._source()
        if source is not None:
            self.query_one("#details", Words).say(remembered.source_details(source))
