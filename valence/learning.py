"""What follows an answered call: shadow and audit, the watch over its gate, curation, and the
trigger of a run.

Nobody waits for it: the answer is out before. Knows when to train, not how.
"""

from __future__ import annotations

import subprocess
import sys

from store.clock import later
from store.runs import Run, Trigger
from valence.app import Valence
from valence.boundaries import get
from valence.domains import notice
from valence.errors import AlreadyRunning, NotEnoughExamples
from valence.exclusive import LEASE
from valence.router import PROVED, Answer
from valence.training import lacking
from valence.watch import watch

STARTING_S = 60.0
"""How long a run may be pending before it counts as one whose process never came up."""
RETRY_S = 3600.0
"""How long after a run that failed by itself none is started by itself."""


def learn(app: Valence, answer: Answer) -> None:
    """Settles one answered call and starts a background run where it is due."""
    app.router.settle(answer)
    watch(app, answer)
    notice(app, answer)
    if answer.call.route != "frontier" and answer.call.reason not in PROVED:
        return
    app.curate(answer.boundary)
    if due(app, answer.boundary.name):
        start_in_background(app, answer.boundary.name)


def due(app: Valence, boundary: str) -> bool:
    """Whether enough new train examples wait, a run could succeed, and none is under way."""
    stores, trigger = app.stores, app.settings.training.trigger_examples
    if app.local is None or stores.examples.untrained(boundary) < trigger:
        return False
    if lacking(app, get(boundary)) or _failed_lately(stores.runs.list(boundary, limit=1)):
        return False
    return not under_way(app)


def _failed_lately(newest: list[Run]) -> bool:
    """What failed by itself, or never came to train, would do so again at every call."""
    return any(
        run.trigger == "automatic"
        and (run.state == "failed" or (run.state == "rejected" and run.examples is None))
        and run.updated_at > later(-RETRY_S)
        for run in newest
    )


_children: list[subprocess.Popen[bytes]] = []


def under_way(app: Valence) -> bool:
    """Whether some process trains, or has just been started to."""
    # A child that ended counts as alive until it is polled.
    _children[:] = [child for child in _children if child.poll() is None]
    return app.stores.leases.held(LEASE) or any(
        run.state == "pending" and run.created_at > later(-STARTING_S)
        for run in app.stores.runs.unfinished()
    )


def start_by_hand(app: Valence, boundary: str) -> None:
    """Starts a run that a person asked for, in the background.

    Raises AlreadyRunning, NotEnoughExamples, and ModelError where there is no local model.
    """
    app.model_folder()
    if under_way(app):
        raise AlreadyRunning("another run is under way", do="Try again when it is done.")
    app.curate(get(boundary))
    if too_little := lacking(app, get(boundary)):
        raise NotEnoughExamples(too_little, do="Use it more, or bring examples.")
    start_in_background(app, boundary, "manual")


def start_in_background(app: Valence, boundary: str, trigger: Trigger = "automatic") -> None:
    """Starts the command a person would give, detached, its output in the log.

    It goes on with the boundary's unfinished run, the one that is entered here if there is none.
    """
    if not any(run.boundary == boundary for run in app.stores.runs.unfinished()):
        app.stores.runs.start(boundary, trigger, {})
    log = app.locations.logs / f"training-{boundary}.log"
    command = [sys.executable, "-m", "valence", "train-boundary", boundary, "--json"]
    politely = ["nice", "-n", "10", *command]
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            politely,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _children.append(process)
