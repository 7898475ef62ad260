"""The calls of the ledger in a list that is read page by page as somebody scrolls.

Pages come from `store.browsing` in a thread; only what is on the screen and a little below is ever
loaded. It does not know what is done with a call.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets.option_list import Option

from store.browsing import Filter, Page, Place, browse, said_of
from store.calls import Call
from tui import figures, render
from tui import ledger_words as say
from tui.session import Session
from tui.widgets.endless import EndlessList

PAGE = 100
MOST = 5000
"""Calls in the list at once; who scrolls on goes on in a new list, so that no key waits."""

Found = tuple[Page, dict[str, str]]


class Calls(EndlessList):
    """Calls, newest first, of those that are asked for."""

    DEFAULT_CSS = """
    Calls { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    @dataclass
    class Read(Message):
        """So many calls have been read so far; whether there are more below."""

        count: int
        more: bool

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._db = session.valence.stores.database
        self._wanted, self._words = Filter(), ""
        self._calls: list[Call] = []
        self._said: dict[str, str] = {}
        self._newest: Found | None = None
        self._older: Place | None = None
        self._left = 0
        self._ticket = 0
        self._loading = False

    @property
    def call(self) -> Call | None:
        """The call under the cursor."""
        place = self.highlighted
        return self._calls[place] if place is not None and place < len(self._calls) else None

    @property
    def at_top(self) -> bool:
        """Whether the cursor is on the newest call, or on none."""
        return not self.highlighted and not self._left

    def begin(self, wanted: Filter, words: str) -> None:
        """The newest page of these calls; where it is as it was, the list stays as it is."""
        if (wanted, words) != (self._wanted, self._words):
            self._newest = None
        self._wanted, self._words = wanted, words
        self._ticket += 1
        self._left = 0
        self._fetch(None, anew=True)

    def on_endless_list_near_end(self) -> None:
        self.more()

    def more(self) -> None:
        """The next page, where there is one and none is on its way."""
        if self._older is None or self._loading:
            return
        full = len(self._calls) >= MOST
        self._left += len(self._calls) if full else 0
        self._fetch(self._older, anew=full)

    def look_again(self, call: Call) -> None:
        """Something was said of a call: its line is drawn anew."""
        self._session.jobs.run(
            lambda: said_of(self._db, [call.id]), lambda said: self._mark(call, {**said})
        )

    def drop(self, call: Call) -> None:
        """The call is forgotten; a page on its way may have been read before that."""
        if self._loading:
            self.begin(self._wanted, self._words)
        if any(one.id == call.id for one in self._calls):
            self._calls = [one for one in self._calls if one.id != call.id]
            self.remove_option(call.id)

    def _fetch(self, before: Place | None, anew: bool) -> None:
        """One page in a thread; what was asked for before the last change is dropped."""
        ticket, wanted, words = self._ticket, self._wanted, self._words
        self._loading = True

        def fetch() -> Found:
            page = browse(self._db, wanted, words, before, PAGE)
            return page, {**said_of(self._db, [call.id for call in page.calls])}

        def fetched(found: Found) -> None:
            if self.is_attached and ticket == self._ticket:
                self._loading = False
                self._add(found, anew)

        def failed(sentence: str) -> None:
            self._loading = self._loading and ticket != self._ticket
            self.notify(render.line(sentence), severity="error", markup=False, timeout=10)

        self._session.jobs.run(fetch, fetched, failed)

    def _add(self, found: Found, anew: bool) -> None:
        page, said = found
        if anew and found == self._newest:
            return
        if anew:
            self._newest = found
            self._calls, self._said = [], {}
            self.clear_options()
        self._calls += page.calls
        self._said |= said
        self._older = page.older
        self.add_options([Option(self._line(call), call.id) for call in page.calls])
        if anew and self._calls:
            self.highlighted = 0
        self.post_message(self.Read(self._left + len(self._calls), page.older is not None))
        if len(self._calls) < self.size.height:
            self.more()

    def _mark(self, call: Call, said: dict[str, str]) -> None:
        self._said |= said
        place = next((i for i, one in enumerate(self._calls) if one.id == call.id), None)
        if place is not None and self.is_attached:
            self.replace_option_prompt_at_index(place, self._line(call))

    def _line(self, call: Call) -> Content:
        return say.call_line(call, self._said.get(call.id, ""), figures.today())
