"""A run that is training, held, let go on, or ended by a person.

The trainer looks for files of these names in its run's folder before each step, so that any
process can steer it. Knows nothing of what is trained.
"""

from __future__ import annotations

from typing import Literal

from store.runs import Run
from valence.app import Valence
from valence.errors import TrainingError

Mark = Literal["PAUSE", "STOP"]


def pause(app: Valence) -> list[Run]:
    """Holds what is training; its place is kept. Returns the runs that were asked."""
    return _signal(app, "PAUSE", present=True)


def resume(app: Valence) -> list[Run]:
    """Lets what is paused go on."""
    return _signal(app, "PAUSE", present=False)


def stop(app: Valence) -> list[Run]:
    """Ends what is training; nothing of it is served."""
    return _signal(app, "STOP", present=True)


def is_marked(app: Valence, run_id: str, mark: Mark) -> bool:
    """Whether the run has been asked to pause or to stop."""
    return (app.locations.runs / run_id / mark).exists()


def _signal(app: Valence, mark: Mark, present: bool) -> list[Run]:
    """Raises TrainingError where nothing is training."""
    training = [run for run in app.stores.runs.unfinished() if run.state == "training"]
    if not training:
        raise TrainingError("no run is training", do="`valence runs list` shows the last ones.")
    for run in training:
        path = app.locations.runs / run.id / mark
        if present:
            path.touch(mode=0o600)
        else:
            path.unlink(missing_ok=True)
    return training
