"""The terminal app: tell it something, see what it read out of it and how.

One screen. The event loop only draws; calls go through one thread and what follows them (shadow,
audit, curation, training) through another, so that typing waits for neither. Texts are made
printable in `tui.render`. Knows nothing of how a call is answered.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Paste
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Footer, Input, Static

from store.calls import Call
from tui import render
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.triples import Triples
from valence.cli.failure import explain
from valence.doctor import examine, recommendation
from valence.learning import learn
from valence.router import Answer
from valence.status import BoundaryStatus, all_statuses

EARLIER = 30
"""Entries of former times that are shown when the app opens."""
MOST_ENTRIES = 300
"""Entries on the screen; older ones are in the ledger."""

HELP = """\
Valence reads facts out of what you tell it: subject – relation – object.

Under the facts stand the route that answered, why, the confidence against the threshold of its \
gate, the time and the cost. "unverified" is the best that was at hand, with nothing to prove it.

At the bottom, for each boundary: its calls, the share that no local model answered, and its gate.

  Enter         tell
  PgUp, PgDn    scroll the log
  Tab           into the log and back
  F1            this page; Esc closes it
  Ctrl-Q        quit

`valence doctor` says what this machine lacks; `valence ledger list` has every call."""


class Prompt(Input):
    """One line to tell. A paste becomes one line too, as it is shown: nothing in it is lost to
    its first line end, and nothing in it acts on the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "app.page(-1)", "Scroll", key_display="PgUp/PgDn"),
        Binding("pagedown", "app.page(1)", show=False),
    ]

    def on_paste(self, event: Paste) -> None:
        event.prevent_default().stop()
        self.replace(render.line(event.text), *sorted(self.selection))


class Entry(Vertical):
    """One thing told and, once it is there, what was read out of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._told = Static(render.told(text), classes="told")
        self._answer = Static(render.waiting(), classes="answer")

    def compose(self) -> ComposeResult:
        yield self._told
        yield self._answer

    def answered(self, call: Call, triples: Triples) -> None:
        self._told.update(render.told(call.input))  # secrets in it are masked by now
        self._answer.update(render.answer(call, triples))

    def failed(self, message: str) -> None:
        self._answer.update(render.failure(message))


class Help(ModalScreen[None]):
    """What stands on the screen, and the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "Close", key_display="Esc")
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(HELP, markup=False)
        yield Footer()


@dataclass
class Opened(Message):
    """What was told in former times, oldest first; and the doctor's advice."""

    earlier: list[tuple[Call, Triples]]
    advice: str | None


@dataclass
class Answered(Message):
    entry: Entry
    call: Call
    triples: Triples


@dataclass
class Failed(Message):
    message: str
    entry: Entry | None


@dataclass
class Looked(Message):
    statuses: list[BoundaryStatus]


class Terminal(App[None]):
    """The app over one opened home; `finish` when it has ended."""

    TITLE = "Valence"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("f1", "help", "Help", key_display="F1"),
    ]
    CSS = """
    #log { padding: 1 2 0 2; align-vertical: bottom; scrollbar-size-vertical: 1; }
    #log:focus { background-tint: $foreground 4%; }
    #earlier { height: auto; }
    #welcome, Entry { height: auto; margin-bottom: 1; }
    .told { border-left: outer $primary; padding-left: 1; }
    .answer { padding-left: 2; }
    Prompt { border: round $border-blurred; padding: 0 1; background: $background; }
    Prompt:focus { border: round $border; background-tint: transparent; }
    #status { height: auto; padding: 0 2; }
    #status Static { text-wrap: nowrap; text-overflow: ellipsis; }
    Help { align: center middle; }
    Help VerticalScroll {
        width: 84; max-width: 100%; height: auto; max-height: 100%; scrollbar-size-vertical: 1;
        padding: 0 2; border: round $border; background: $surface;
    }
    """

    def __init__(self, valence: Valence) -> None:
        super().__init__()
        self._valence = valence
        self._decompose = get("decompose")
        self._calls = ThreadPoolExecutor(1, "calls")
        self._learning = ThreadPoolExecutor(1, "learning")
        self._last: Future[None] | None = None
        # Held here, as a query looks into the top screen only, which may be the help.
        self._earlier = Vertical(id="earlier")
        self._story = VerticalScroll(self._earlier, id="log")
        self._prompt = Prompt(placeholder="Tell something, in whole sentences")
        self._status = {name: Static() for name in valence.boundaries.names()}

    def compose(self) -> ComposeResult:
        yield self._story
        yield self._prompt
        yield Vertical(*self._status.values(), id="status")
        yield Footer()

    def on_mount(self) -> None:
        self._story.anchor()
        self._prompt.focus()
        self._calls.submit(self._work, self._open, None)
        self._learning.submit(self._work, self._look, None)

    def finish(self) -> None:
        """Waits for what was told and is not yet in the ledger; what would only be learnt from
        it is left to the next time."""
        if self._last and not self._last.done():
            print("finishing what was told …", file=sys.stderr)
        self._calls.shutdown()
        self._learning.shutdown(cancel_futures=True)

    # -- in the event loop ---------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_page(self, direction: int) -> None:
        if direction < 0:
            self._story.scroll_page_up()
        else:
            self._story.scroll_page_down()

    @on(Input.Submitted)
    async def tell(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            return
        event.input.clear()
        entry = Entry(event.value)
        await self._append(entry)
        self._story.anchor()  # who tells something wants to see it, however far up the log is
        self._last = self._calls.submit(self._work, lambda: self._call(entry, event.value), entry)

    @on(Opened)
    async def show_earlier(self, event: Opened) -> None:
        entries = [Entry(call.input) for call, _ in event.earlier]
        await self._earlier.mount(*entries)
        for entry, (call, triples) in zip(entries, event.earlier, strict=True):
            entry.answered(call, triples)
        if not entries:
            await self._earlier.mount(Static(render.welcome(event.advice), id="welcome"))

    @on(Answered)
    def show_answer(self, event: Answered) -> None:
        event.entry.answered(event.call, event.triples)

    @on(Looked)
    def show_status(self, event: Looked) -> None:
        for one in event.statuses:
            if one.boundary in self._status:  # a classifier may have been declared meanwhile
                self._status[one.boundary].update(render.status(one))

    @on(Failed)
    async def show_failure(self, event: Failed) -> None:
        if event.entry:
            event.entry.failed(event.message)
        else:
            await self._append(Static(render.failure(event.message), classes="answer"))

    async def _append(self, widget: Widget) -> None:
        if len(self._story.children) > MOST_ENTRIES:
            await self._story.children[0].remove()
        await self._story.mount(widget)

    # -- in the two threads --------------------------------------------------------------------

    def _work(self, job: Callable[[], Message], entry: Entry | None) -> None:
        """A thread's job: what it brings, or why it failed, is handed to the event loop."""
        try:
            message = job()
        except Exception as error:  # noqa: BLE001 - the thread's edge: logged whole, told in a line
            message = Failed(explain(error), entry)
        self.post_message(message)

    def _open(self) -> Opened:
        calls = self._valence.stores.ledger.list(self._decompose.name, limit=EARLIER)
        findings = examine(self._valence.settings, self._valence.locations)
        lacks = any(one.name == "local model" and not one.ok for one in findings)
        return Opened(
            [(call, self._decompose.output_from_text(call.output or "")) for call in calls[::-1]],
            recommendation(self._valence.settings) if lacks else None,
        )

    def _call(self, entry: Entry, text: str) -> Answered:
        value = self._decompose.input_from_text(text)
        answer = self._valence.router.call(self._decompose, value)
        self._learning.submit(self._work, self._look, None)
        self._learning.submit(self._work, lambda: self._learn(answer), None)
        return Answered(entry, answer.call, answer.output)

    def _learn(self, answer: Answer) -> Looked:
        learn(self._valence, answer)
        return self._look()

    def _look(self) -> Looked:
        valence = self._valence
        return Looked(all_statuses(valence.stores, valence.settings, valence.locations))


def run() -> None:
    """Opens the home that the environment names, and the app over it."""
    with Valence.open() as valence:
        app = Terminal(valence)
        try:
            app.run()
        finally:
            app.finish()
