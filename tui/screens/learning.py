"""The page Learning: how far each boundary is on its way from the frontier to the local model.

Above each boundary on a line; below, of the one that is chosen, its course, its gate in words, its
runs and its adapters. What is said is `learning_words`'s, what is looked at `learning_look`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from tui import figures, render
from tui import learning_words as say
from tui.commands import Command
from tui.learning_look import Seen, look
from tui.screens.adapter import AdapterScreen
from tui.screens.page import Page
from tui.screens.run import RunScreen
from tui.session import Session
from tui.widgets.confirm import Confirm
from tui.widgets.empty import EmptyState
from tui.widgets.listing import Listing
from tui.widgets.plot import Axes, Line, Plot
from tui.widgets.vim import VimScroll
from tui.widgets.words import Words
from valence import steering, switching
from valence.journey import Journey
from valence.learning import start_by_hand

LOOK_S = 1.0
TALL = 32
"""Rows of the page from which on the middle has more room."""


class LearningPage(Page):
    """Boundaries, their course, their runs and adapters."""

    KEY = "learning"
    COMMANDS = (
        Command("Open", "The run or adapter, with all that is known of it", "open"),
        Command(
            "Train now", "Learn from the examples so far", "train", "train", key="t",
            label="Train", writes=True,
        ),
        Command(
            "Pause or go on", "Hold the run that is training, or let it go on", "pause", "pause",
            key="p", label="Pause", writes=True,
        ),
        Command(
            "Stop the run", "End the run that is training; nothing of it is served", "stop",
            "stop-training", key="s", label="Stop", writes=True,
        ),
        Command(
            "Roll back", "Serve what served this boundary before", "roll_back", "rollback",
            key="b", label="Roll back", writes=True,
        ),
    )  # fmt: skip
    DEFAULT_CSS = """
    LearningPage #headings { padding: 0 1; }
    LearningPage #boundaries { height: auto; max-height: 9; }
    LearningPage #middle { height: 10; margin-top: 1; }
    LearningPage.tall #middle { height: 14; }
    LearningPage #course { width: 1fr; }
    LearningPage #course Plot { height: 1fr; }
    LearningPage #told { width: 46; margin-left: 2; }
    LearningPage.tall #told { width: 50%; }
    LearningPage #work { height: 1fr; margin-top: 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._seen: Seen | None = None
        self._looking = self._failed = False
        self._headings = Words(id="headings")
        self._boundaries = Listing(id="boundaries")
        self._plot = Plot(id="coverage")
        self._nothing = EmptyState(
            "No calls yet", "Tell Valence something in the chat: each call draws the line on."
        )
        self._facts = Words()
        self._work = Listing(id="work")

    def compose(self) -> ComposeResult:
        yield self._headings
        yield self._boundaries
        with Horizontal(id="middle"):
            with Vertical(id="course"):
                yield Static(Content.styled("share answered locally", render.QUIET))
                yield self._plot
                yield self._nothing
            with VimScroll(id="told", can_focus=False):
                yield self._facts
        yield self._work

    def on_mount(self) -> None:
        self.set_interval(LOOK_S, self._tick)

    def shown(self) -> None:
        self._boundaries.focus()

    def refresh_from_store(self) -> None:
        if self._looking:
            return
        self._looking = True
        self.load(self._look, self._see)

    def _look(self) -> Seen:
        """In a thread."""
        self._failed = True
        try:
            seen = look(self.session.valence, self._seen)
            self._failed = False
            return seen
        finally:
            self._looking = False

    def _tick(self) -> None:
        """Looks again; not behind a failure, which would be told again every second."""
        if self.display and not self._failed:
            self.refresh_from_store()

    def on_resize(self) -> None:
        self.set_class(self.size.height >= TALL, "tall")
        self._draw()

    # -- drawing ---------------------------------------------------------------------------------

    def _see(self, seen: Seen) -> None:
        changed = seen != self._seen
        self._seen = seen
        if changed:
            self._draw()

    def _draw(self) -> None:
        if self._seen is None:
            return
        width = self.content_size.width - 3
        self._headings.say(say.headings(width))
        lines = [say.overview(journey, width) for journey in self._seen.journeys]
        names = [journey.boundary for journey in self._seen.journeys]
        self._boundaries.show(list(zip(names, lines, strict=True)))
        self._draw_chosen(self._seen, width)

    def _draw_chosen(self, seen: Seen, width: int) -> None:
        """What stands below, of the boundary that is chosen."""
        one = self.chosen
        if one is None:
            return
        self._facts.say(say.facts(one))
        self._plot.display, self._nothing.display = bool(one.course), not one.course
        axes = Axes(first=f"{one.begins:,}", last=figures.several(one.calls, "call"))
        self._plot.show([Line("coverage", [coverage for _, coverage in one.course])], axes)
        self._work.show(self._entries(seen, one.boundary, width))

    def _entries(self, seen: Seen, boundary: str, width: int) -> list[tuple[str, Content]]:
        """Runs and adapters under their headings; a heading has no name."""
        today = figures.today()
        runs = [
            (f"run {run.id}", say.run_line(run, seen.under_way.get(run.id), width, today))
            for run in seen.runs_of(boundary)
        ]
        adapters = [
            (
                f"adapter {one.adapter.id}",
                say.adapter_line(one.adapter, one.examples, width, today),
            )
            for one in seen.adapters_of(boundary)
        ]
        first = ("", say.heading("Runs" if runs else "No run yet: t trains when there is enough"))
        second = [("", say.heading("Adapters"))] if adapters else []
        return [first, *runs, *second, *adapters]

    @property
    def chosen(self) -> Journey | None:
        """The boundary that is chosen."""
        journeys = self._seen.journeys if self._seen else ()
        place = self._boundaries.highlighted or 0
        return journeys[place] if place < len(journeys) else None

    @on(OptionList.OptionHighlighted, "#boundaries")
    def choose(self) -> None:
        if self._seen is not None:
            self._draw_chosen(self._seen, self.content_size.width - 3)

    @on(OptionList.OptionSelected, "#boundaries")
    def enter(self) -> None:
        self._work.focus()

    @on(OptionList.OptionSelected, "#work")
    def select(self) -> None:
        self.action_open()

    # -- doing -----------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Opens the run or adapter that the cursor is on."""
        kind, _, name = self._work.chosen.partition(" ")
        if kind == "run":
            self.app.push_screen(RunScreen(self, name))
        elif kind == "adapter":
            self.app.push_screen(AdapterScreen(self, name))

    def action_train(self) -> None:
        if one := self.chosen:
            self._do(
                lambda: start_by_hand(self.session.valence, one.boundary),
                f"a training of {one.boundary} begins",
            )

    def action_pause(self) -> None:
        valence = self.session.valence
        going = self._seen.under_way.values() if self._seen else ()
        if any(found.paused for found in going):
            self._do(lambda: steering.resume(valence), "it goes on")
        else:
            self._do(lambda: steering.pause(valence), "it pauses before its next step")

    def action_stop(self) -> None:
        self._confirmed(
            "Stop the run that is training?",
            "What it has learnt is dropped; nothing of it is served.",
            "Stop it",
            lambda: self._do(lambda: steering.stop(self.session.valence), "it stops"),
        )

    def action_roll_back(self) -> None:
        if one := self.chosen:
            self._confirmed(
                f"Serve what served {one.boundary} before?",
                "From the next call on. The present adapter stays and can be promoted again.",
                "Roll back",
                lambda: self._do(
                    lambda: switching.roll_back(self.session.valence, one.boundary),
                    f"{one.boundary} is served as before",
                ),
            )

    def promote(self, adapter_id: str, boundary: str) -> None:
        """Asks, and has the adapter serve."""
        self._confirmed(
            f"Serve {boundary} by the adapter {figures.short(adapter_id)}?",
            "From the next call on, with the gate that was fitted for it.",
            "Promote",
            lambda: self._do(
                lambda: switching.promote(self.session.valence, adapter_id),
                f"{figures.short(adapter_id)} serves {boundary}",
            ),
        )

    def _confirmed(self, question: str, details: str, yes: str, act: Callable[[], Any]) -> None:
        asked = Confirm(render.text(question, "bold"), render.text(details), yes=yes, no="Cancel")
        self.app.push_screen(asked, lambda agreed: act() if agreed else None)

    def _do(self, act: Callable[[], Any], done: str) -> None:
        def told(_: object) -> None:
            self.notify(render.line(done), markup=False)
            self.refresh_from_store()

        self.load(act, told)
