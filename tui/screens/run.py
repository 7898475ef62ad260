"""One run, live: its losses, how far it is, its states with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from store.runs import StateChange
from tui import figures, render
from tui import learning_words as say
from tui.widgets.key_line import KeyLine
from tui.widgets.plot import Axes, Line, Plot
from tui.widgets.vim import VimScroll
from tui.widgets.words import Words
from valence.progress import Progress, progress_of

if TYPE_CHECKING:
    from tui.screens.learning import LearningPage

LOOK_S = 1.0

Told = tuple[Progress, list[StateChange], list[Line]]


class RunScreen(ModalScreen[None]):
    """The run of this id; `page` does what is asked here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", key_display="Esc"),
        Binding("p", "pause", "Pause or go on"),
        Binding("s", "stop", "Stop"),
    ]
    DEFAULT_CSS = """
    RunScreen > Vertical { background: $background; padding: 1 2 0 2; }
    RunScreen Plot { height: 1fr; min-height: 5; margin: 1 0; }
    RunScreen VimScroll { height: auto; max-height: 40%; }
    RunScreen VimScroll:focus { background-tint: transparent; }
    """

    def __init__(self, page: LearningPage, run_id: str) -> None:
        super().__init__()
        self._page, self._run_id = page, run_id
        self._title, self._progress, self._story = Words(), Words(), Words()
        self._plot = Plot()
        self._looking = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._title
            yield self._progress
            yield self._plot
            with VimScroll():
                yield self._story
        yield KeyLine()

    def on_mount(self) -> None:
        self._refresh()
        self.set_interval(LOOK_S, self._refresh)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._page.check_action(action, parameters)

    def action_pause(self) -> None:
        self._page.action_pause()

    def action_stop(self) -> None:
        self._page.action_stop()

    def _refresh(self) -> None:
        if not self._looking:
            self._looking = True
            self._page.load(self._look, self._show)

    def _look(self) -> Told:
        """In a thread."""
        try:
            valence = self._page.session.valence
            run = valence.stores.runs.get(self._run_id)
            found = progress_of(valence, run)
            return found, valence.stores.runs.history(run.id), say.loss_lines(found)
        finally:
            self._looking = False

    def _show(self, told: Told) -> None:
        if not self.is_attached:
            return
        found, history, lines = told
        self._title.say(say.run_title(found.run))
        self._progress.say(_progress(found))
        self._plot.show(lines, _axes(found))
        states = [(change.state, change.created_at, change.reason) for change in history]
        self._story.say(say.run_story(states))


def _progress(found: Progress) -> Content:
    parts = [say.progress(found, 12)]
    if found.steps:
        parts.append(f"step {found.step:,} of {found.steps:,}")
    if found.tokens_per_s is not None:
        parts.append(f"{found.tokens_per_s:,.0f} tokens/s")
    state = [name for name in ("paused", "stopping", "interrupted") if getattr(found, name)]
    return render.text(" · ".join([*parts, *state]))


def _axes(found: Progress) -> Axes:
    """From nothing to the highest loss."""
    losses = [loss for _, loss in (*found.losses, *found.valid_losses)]
    last = found.steps or (found.losses[-1][0] if found.losses else 0)
    return Axes(
        high=max(losses, default=1.0), unit="{:.2f}", first="0", last=figures.several(last, "step")
    )
