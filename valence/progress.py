"""How far a run is: its steps, its losses, the time that is left, and whether anybody works on it.

Reads what the run has written down; any process can ask. Knows nothing of how it trains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from store.runs import Run
from store.states import FINISHED
from valence.app import Valence
from valence.learning import under_way
from valence.steering import is_marked

Series = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Progress:
    """A run as it stands. Losses in nats a token as (step, loss); None where nothing is known.

    `left_s` is the time to the last step at the pace so far. `interrupted`: it has not ended, but
    no process works on it; the next training of its boundary goes on with it.
    """

    run: Run
    step: int
    steps: int | None
    losses: Series
    valid_losses: Series
    tokens_per_s: float | None
    left_s: float | None
    paused: bool
    stopping: bool
    interrupted: bool

    @property
    def share(self) -> float | None:
        """Steps done, 0 to 1."""
        return min(1.0, self.step / self.steps) if self.steps else None


def progress_of(app: Valence, run: Run) -> Progress:
    """The run with what it has measured so far."""
    losses = _series(app, run, "loss")
    unfinished = run.state not in FINISHED
    return Progress(
        run=run,
        step=losses[-1][0] if losses else 0,
        steps=int(steps) if (steps := _last(app, run, "steps")) else None,
        losses=losses,
        valid_losses=_series(app, run, "valid_loss"),
        tokens_per_s=_last(app, run, "tokens_per_s"),
        left_s=_last(app, run, "left_s") if run.state == "training" else None,
        paused=run.state == "training" and is_marked(app, run.id, "PAUSE"),
        stopping=run.state == "training" and is_marked(app, run.id, "STOP"),
        interrupted=unfinished and not under_way(app),
    )


def _series(app: Valence, run: Run, name: str) -> Series:
    """A step that was taken again after a kill counts as it was the last time."""
    points = dict(app.stores.runs.metrics(run.id, name))
    return tuple((step, value) for step, value in points.items() if math.isfinite(value))


def _last(app: Valence, run: Run, name: str) -> float | None:
    points = _series(app, run, name)
    return points[-1][1] if points else None
