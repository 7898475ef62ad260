"""The page Ledger: every call, newest first, chosen by filters and words; one of them whole.

What is said is `ledger_words`'s, how the calls are read `tui.widgets.calls`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList

from store.calls import Call
from tui import ledger_words as say
from tui import render
from tui.commands import Command
from tui.ledger_filter import Chosen
from tui.screens.edit import Edit
from tui.screens.page import Page
from tui.screens.story import StoryScreen
from tui.session import Session
from tui.widgets.calls import Calls
from tui.widgets.chip import Chip
from tui.widgets.confirm import Confirm
from tui.widgets.empty import EmptyState
from tui.widgets.listing import SearchLine
from tui.widgets.vim import VimScroll
from tui.widgets.words import Words
from valence import feedback
from valence.drafting import Draft, draft_of
from valence.errors import ValenceError
from valence.forgetting import forget_call
from valence.story import Story, story_of

WIDE = 110
"""Columns from which on the call under the cursor is shown beside the list."""


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
    LedgerPage #filters { height: 1; padding: 0 1; }
    LedgerPage #count { width: 1fr; height: 1; text-align: right; }
    LedgerPage #headings { height: 1; padding: 0 1; }
    LedgerPage #story { display: none; width: 45%; margin-left: 2; }
    LedgerPage.wide #story { display: block; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._chosen = Chosen()
        self._words = ""
        self._chips = {name: Chip(key, name) for key, name in Chosen.KEYS.items()}
        self._count = Words(id="count")
        self._search = SearchLine("/ search in what went in and what came out")
        self._headings = Words(say.headings(), id="headings")
        self._list = Calls(session)
        self._nothing = EmptyState("No calls yet", "All that Valence answers is kept here.")
        self._story = Words()
        self._acts: dict[str, Callable[[Call], None]] = {
            "correct": self._correct,
            "good": partial(self._rate, True),
            "bad": partial(self._rate, False),
            "forget": self._ask_to_forget,
        }

    def compose(self) -> ComposeResult:
        with Horizontal(id="filters"):
            yield from self._chips.values()
            yield self._count
        yield self._search
        yield self._headings
        with Horizontal():
            yield self._list
            yield self._nothing
            with VimScroll(id="story"):
                yield self._story

    def shown(self) -> None:
        self._list.focus()

    def refresh_from_store(self) -> None:
        """Begins anew at the newest call, unless somebody is reading further down."""
        if self._list.at_top:
            self._begin()
        self.preview()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "wide")

    def _begin(self) -> None:
        """The newest page of what is chosen now."""
        for name, chip in self._chips.items():
            chip.show(self._chosen.told(name))
        self._list.begin(self._chosen.filter(), self._words)

    @on(Calls.Read)
    def count(self, event: Calls.Read) -> None:
        self._count.say(say.count(event.count, event.more))
        empty = not event.count and self._chosen == Chosen() and not self._words
        self._nothing.display = empty
        self._headings.display = self._list.display = not empty

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

    @on(OptionList.OptionHighlighted)
    def preview(self) -> None:
        if (call := self._list.call) is not None and self.has_class("wide"):
            stores = self.session.valence.stores
            self.look(lambda: story_of(stores, call.id), self._preview)

    def _preview(self, story: Story) -> None:
        if self._list.call is not None and self._list.call.id == story.call.id:
            self._story.say(say.story(story))

    @on(OptionList.OptionSelected)
    def action_open(self) -> None:
        if (call := self._list.call) is not None:
            stores = self.session.valence.stores
            self.open_dialog(lambda: story_of(stores, call.id), self._open)

    def _open(self, story: Story) -> None:
        self.app.push_screen(StoryScreen(story), partial(self._act, story.call))

    def _act(self, call: Call, wanted: str | None) -> None:
        """What was wanted in the story, on its call, if it may be done."""
        if wanted and self.check_action(wanted, ()):
            self._acts[wanted](call)

    def _on_call(self, wanted: str) -> None:
        """The same on the call under the cursor."""
        if (call := self._list.call) is not None:
            self._acts[wanted](call)

    def action_correct(self) -> None:
        self._on_call("correct")

    def action_good(self) -> None:
        self._on_call("good")

    def action_bad(self) -> None:
        self._on_call("bad")

    def action_forget(self) -> None:
        self._on_call("forget")

    def _correct(self, call: Call) -> None:
        self.open_dialog(lambda: draft_of(call.output), lambda draft: self._edit(call, draft))

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

    def _rate(self, good: bool, call: Call) -> None:
        valence = self.session.valence
        self.load(
            lambda: feedback.rate(valence, call.id, good),
            lambda _: self._look_again(call),
            lane="turns",
        )

    def _look_again(self, call: Call) -> None:
        """Something was said of a call."""
        self._list.look_again(call)
        self.preview()

    def _ask_to_forget(self, call: Call) -> None:
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
        self._list.drop(call)
        self._story.say(Content(""))
