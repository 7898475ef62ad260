"""The page Ledger: every call, newest first, chosen by filters and words, read page by page.

Pages come from `store.browsing` in a thread; only what is on the screen and a little below is ever
loaded. What is said is `ledger_text`'s.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from store.browsing import Page as CallsPage
from store.browsing import Place, browse, said_of
from store.calls import Call
from tui import figures, render
from tui.commands import Command
from tui.screens import ledger_text as say
from tui.screens.edit import Edit
from tui.screens.ledger_filter import Chosen
from tui.screens.page import Page
from tui.screens.story import StoryScreen
from tui.session import Session
from tui.widgets.chip import Chip
from tui.widgets.confirm import Confirm
from tui.widgets.empty import EmptyState
from tui.widgets.endless import EndlessList
from tui.widgets.listing import SearchLine
from tui.widgets.vim import VimScroll
from valence import feedback
from valence.drafting import Draft, draft_of
from valence.errors import ValenceError
from valence.forgetting import forget_call
from valence.story import Story, story_of

PAGE = 100
MOST = 5000
"""Calls in the list at once; who scrolls on goes on in a new list, so that no key waits."""

WIDE = 110
"""Columns from which on the call under the cursor is shown beside the list."""

Found = tuple[CallsPage, dict[str, str]]


class LedgerPage(Page):
    """All calls, and one of them whole."""

    KEY = "ledger"
    COMMANDS = (
        Command(
            "Search", "Calls that hold these words", "find", "find", "WORDS", key="slash",
            label="Search",
        ),
        Command("Of a day", "Calls of one day", "day", "day", "YYYY-MM-DD"),
        Command("Next boundary", "Only the calls of one boundary", "boundary", key="b"),
        Command("Next route", "Only the calls that one route answered", "route", key="r"),
        Command("Corrected, wrong or all", "By what you said of them", "said", key="w"),
        Command("Since when", "Today, a week, a month, a year, ever", "since", key="d"),
        Command("All calls", "No filter, no words", "all", key="escape"),
        Command("Open", "One call's whole story", "open", key="o"),
        Command(
            "Correct", "Say what the answer should have been", "correct", key="c",
            label="Correct", writes=True,
        ),
        Command("Good", "Say that the answer is good", "good", key="plus", writes=True),
        Command("Bad", "Say that the answer is bad", "bad", key="minus", writes=True),
        Command(
            "Forget", "Remove a call and all that came of it", "forget", key="x", label="Forget",
            writes=True,
        ),
    )  # fmt: skip
    DEFAULT_CSS = """
    LedgerPage #filters { height: 1; }
    LedgerPage #count { width: 1fr; text-align: right; }
    LedgerPage SearchLine { margin-bottom: 1; }
    LedgerPage EndlessList { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    LedgerPage #story { display: none; width: 45%; margin-left: 2; }
    LedgerPage.wide #story { display: block; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._chosen = Chosen()
        self._words = ""
        self._calls: list[Call] = []
        self._said: dict[str, str] = {}
        self._older: Place | None = None
        self._left = 0
        self._ticket = 0
        self._loading = False
        self._chips = {name: Chip(key, name) for key, name in Chosen.KEYS.items()}
        self._count = Static(id="count")
        self._search = SearchLine("/ search in what went in and what came out")
        self._list = EndlessList(id="calls")
        self._nothing = EmptyState("No calls yet", "All that Valence answers is kept here.")
        self._story = Static()

    def compose(self) -> ComposeResult:
        with Horizontal(id="filters"):
            yield from self._chips.values()
            yield self._count
        yield self._search
        with Horizontal():
            yield self._list
            yield self._nothing
            with VimScroll(id="story"):
                yield self._story

    def shown(self) -> None:
        self._list.focus()
        self.refresh_from_store()

    def refresh_from_store(self) -> None:
        """Begins anew at the newest call, unless somebody is reading further down."""
        if not self._list.highlighted and not self._left:
            self._begin()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "wide")

    # -- pages -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """The newest page of what is chosen now."""
        for name, chip in self._chips.items():
            chip.show(self._chosen.told(name))
        self._ticket += 1
        self._left = 0
        self._fetch(None, anew=True)

    def _fetch(self, before: Place | None, anew: bool) -> None:
        """One page in a thread; what was asked for before the last change is dropped."""
        ticket, words, wanted = self._ticket, self._words, self._chosen.filter()
        db = self.session.valence.stores.database
        self._loading = True

        def fetch() -> Found:
            try:
                page = browse(db, wanted, words, before, PAGE)
                return page, {**said_of(db, [call.id for call in page.calls])}
            finally:
                self._loading = False

        self.load(fetch, lambda found: self._add(found, ticket, anew))

    def _add(self, found: Found, ticket: int, anew: bool) -> None:
        if ticket != self._ticket:
            return
        page, said = found
        if anew:
            self._calls, self._said = [], {}
            self._list.clear_options()
        self._calls += page.calls
        self._said |= said
        self._older = page.older
        self._list.add_options([Option(self._line(call), call.id) for call in page.calls])
        if anew and self._calls:
            self._list.highlighted = 0
        self._count.update(say.count(self._left + len(self._calls), page.older is not None))
        empty = not self._calls and self._chosen == Chosen() and not self._words and not self._left
        self._nothing.display, self._list.display = empty, not empty
        if len(self._calls) < self._list.size.height:
            self.more()

    @on(EndlessList.NearEnd)
    def more(self) -> None:
        """The next page, where there is one and none is on its way."""
        if self._older is None or self._loading:
            return
        full = len(self._calls) >= MOST
        self._left += len(self._calls) if full else 0
        self._fetch(self._older, anew=full)

    def _line(self, call: Call) -> Content:
        return say.call_line(call, self._said.get(call.id, ""), figures.today())

    # -- choosing --------------------------------------------------------------------------------

    @on(Chip.Pressed)
    async def press(self, event: Chip.Pressed) -> None:
        await self.run_action(event.action)

    def action_boundary(self) -> None:
        self._choose("boundary")

    def action_route(self) -> None:
        self._choose("route")

    def action_said(self) -> None:
        self._choose("said")

    def action_since(self) -> None:
        self._choose("since")

    def _choose(self, name: str) -> None:
        self._chosen = self._chosen.next(name)
        self._begin()

    def action_day(self, day: str = "") -> None:
        """The calls of one day of this machine's zone, given as YYYY-MM-DD."""
        try:
            self._chosen = self._chosen.on(day)
        except ValenceError as error:
            self.notify(render.line(str(error)), severity="error", markup=False)
            return
        self._begin()

    def action_all(self) -> None:
        self._chosen = Chosen()
        self._search.value = self._words = ""
        self._begin()

    def action_find(self, words: str = "") -> None:
        """Looks for the words, or has them written."""
        if words:
            self._search.value = words
        else:
            self._search.focus()

    @on(SearchLine.Asked)
    def ask(self, event: SearchLine.Asked) -> None:
        if self._words != event.words:
            self._words = event.words
            self._begin()

    @on(SearchLine.Left)
    def leave(self) -> None:
        self._list.focus()

    # -- one call --------------------------------------------------------------------------------

    @property
    def _call(self) -> Call | None:
        """The call under the cursor."""
        place = self._list.highlighted
        return self._calls[place] if place is not None and place < len(self._calls) else None

    @on(OptionList.OptionHighlighted)
    def preview(self) -> None:
        if (call := self._call) is not None and self.has_class("wide"):
            stores = self.session.valence.stores
            self.load(lambda: story_of(stores, call.id), self._preview)

    def _preview(self, story: Story) -> None:
        if self._call is not None and self._call.id == story.call.id:
            self._story.update(say.story(story))

    @on(OptionList.OptionSelected)
    def action_open(self) -> None:
        if (call := self._call) is not None:
            stores = self.session.valence.stores
            self.load(lambda: story_of(stores, call.id), self._open)

    def _open(self, story: Story) -> None:
        self.app.push_screen(StoryScreen(story), self._act)

    async def _act(self, wanted: str | None) -> None:
        """What was wanted in the story, if it may be done."""
        if wanted and self.check_action(wanted, ()):
            await self.run_action(wanted)

    def action_correct(self) -> None:
        if (call := self._call) is not None:
            self.load(lambda: draft_of(call.output), lambda draft: self._edit(call, draft))

    def _edit(self, call: Call, draft: Draft, hint: str = "") -> None:
        """Has the answer edited; what was written and cannot be kept is edited further."""
        valence = self.session.valence

        def keep(text: str | None) -> None:
            if text is None or (text == draft.text and not hint):
                return
            self.session.jobs.run(
                lambda: feedback.correct_draft(valence, call.id, text),
                lambda _: self._look_again(call),
                lambda sentence: self._edit(call, Draft(text, draft.facts), sentence),
                lane="turns",
            )

        way = "One fact a line: subject | relation | object" if draft.facts else ""
        self.app.push_screen(Edit("What should it have been?", draft.text, hint or way), keep)

    def action_good(self) -> None:
        self._rate(good=True)

    def action_bad(self) -> None:
        self._rate(good=False)

    def _rate(self, good: bool) -> None:
        if (call := self._call) is not None:
            valence = self.session.valence
            self.load(
                lambda: feedback.rate(valence, call.id, good),
                lambda _: self._look_again(call),
                lane="turns",
            )

    def _look_again(self, call: Call) -> None:
        """Something was said of a call: its line and its story are drawn anew."""
        db = self.session.valence.stores.database
        self.load(lambda: said_of(db, [call.id]), lambda said: self._mark(call, {**said}))

    def _mark(self, call: Call, said: dict[str, str]) -> None:
        self._said |= said
        place = next((i for i, one in enumerate(self._calls) if one.id == call.id), None)
        if place is not None:
            self._list.replace_option_prompt_at_index(place, self._line(call))
            self.preview()

    def action_forget(self) -> None:
        if (call := self._call) is None:
            return
        question = Confirm(
            render.text("Forget this call for good?", "bold"),
            render.text(
                f"{render.line(call.input)}\n\nIts examples and corrections go too; adapters that "
                "were trained on it are marked."
            ),
            yes="Forget it",
            no="Keep it",
        )
        self.app.push_screen(question, lambda yes: self._forget(call) if yes else None)

    def _forget(self, call: Call) -> None:
        valence = self.session.valence
        self.load(
            lambda: forget_call(valence, call.id), lambda _: self._forgotten(call), lane="turns"
        )

    def _forgotten(self, call: Call) -> None:
        self.notify("forgotten", markup=False)
        self._calls = [one for one in self._calls if one.id != call.id]
        self._list.remove_option(call.id)
        self._story.update("")
