"""What follows an answered call: shadow and audit, the watch over its gate, curation, and the
trigger of a run. What follows a turn of conversation: its trajectory.

Nobody waits for it: the answer is out before. Knows when to train, not how.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from store.clock import lately
from store.runs import Run, Trigger
from valence.app import Valence
from valence.background import start
from valence.boundaries.base import Boundary
from valence.domains import notice
from valence.errors import AlreadyRunning, NotEnoughExamples
from valence.exclusive import LEASE, STRATEGIES_LEASE
from valence.router import PROVED, Answer
from valence.schedule import parse
from valence.strategies.guidance import OWN
from valence.strategies.turns import gather
from valence.training import lacking, trigger_of
from valence.watch import watch

STARTING_S = 60.0
"""How long a run may be pending before it counts as one whose process never came up."""
RETRY_S = 3600.0
"""How long after a run that failed by itself none is started by itself."""


def learn(app: Valence, answer: Answer) -> None:
    """Settles one answered call and starts a background run where it is due."""
    if settle(app, answer) and due(app, answer.boundary.name):
        start_in_background(app, answer.boundary.name)
    start_scheduled(app)


def start_scheduled(app: Valence) -> None:
    """Starts a background run of a classifier whose time of the week has come, whichever boundary
    is in use; called again and again it starts it once."""
    timed = filter(app.boundaries.scheduled, app.boundaries.classifiers())
    if name := next((each for each in timed if due(app, each)), None):
        start_in_background(app, name)


def settle(app: Valence, answer: Answer) -> bool:
    """All that follows an answered call but a run; returns whether it may have been learnt from."""
    app.router.settle(answer)
    watch(app, answer)
    notice(app, answer)
    if answer.call.route != "frontier" and answer.call.reason not in PROVED:
        return False
    app.curate(answer.boundary)
    return True


def learn_turn(app: Valence, conversation_id: str) -> None:
    """Settles the calls of a conversation's newest turn, keeps the turn as a trajectory, and has
    the strategies learned anew where that is due."""
    for answer in app.assistant.to_learn():
        learn(app, answer)
    gather(app, conversation_id)
    learn_strategies_if_due(app, [OWN])


def learn_strategies_if_due(app: Valence, agents: Iterable[str]) -> list[str]:
    """Starts learning the strategies of those agents in the background of whom enough trajectories
    came since they were last learned, unless somebody is at it; returns which they are."""
    found = [agent for agent in agents if _has_new(app, agent)]
    if not found or app.stores.leases.held(STRATEGIES_LEASE):
        return []
    log = app.locations.logs / "strategies.log"
    whose = [word for agent in found for word in ("--agent", agent)]
    _children.append(start(log, "strategies", "train", *whose, "--json"))
    return found


def _has_new(app: Valence, agent: str) -> bool:
    new = app.stores.trajectories.since(agent, app.stores.strategies.through(agent))
    return new >= app.settings.strategies.trigger_trajectories


def due(app: Valence, boundary: str) -> bool:
    """Whether enough new train examples wait, a run could succeed, and none is under way."""
    declared, newest = app.boundaries.get(boundary), app.stores.runs.list(boundary, limit=1)
    if app.learner(declared).predictor is None or not _triggered(app, declared, newest):
        return False
    if lacking(app, declared) or _failed_lately(newest):
        return False
    return not under_way(app)


def _triggered(app: Valence, boundary: Boundary[Any, Any], newest: list[Run]) -> bool:
    """Whether new examples are enough to start a run, or its time of the week has come."""
    waiting = app.stores.examples.untrained(boundary.name)
    if waiting >= trigger_of(app.settings, boundary):
        return True
    text = boundary.training_defaults.schedule
    if text is None or not waiting:
        return False
    since = newest[0].created_at if newest else app.stores.examples.first_at(boundary.name)
    return parse(text).due(datetime.fromisoformat(since), datetime.now().astimezone())


def _failed_lately(newest: list[Run]) -> bool:
    """What failed by itself, or never came to train, would do so again at every call."""
    return any(
        run.trigger == "automatic"
        and (run.state == "failed" or (run.state == "rejected" and run.examples is None))
        and lately(run.updated_at, RETRY_S)
        for run in newest
    )


_children: list[subprocess.Popen[bytes]] = []


def under_way(app: Valence) -> bool:
    """Whether some process trains, or has just been started to."""
    # A child that ended counts as alive until it is polled.
    _children[:] = [child for child in _children if child.poll() is None]
    return app.stores.leases.held(LEASE) or any(
        run.state == "pending" and lately(run.created_at, STARTING_S)
        for run in app.stores.runs.unfinished()
    )


def start_by_hand(app: Valence, boundary: str) -> None:
    """Starts a run that a person asked for, in the background.

    Raises AlreadyRunning, NotEnoughExamples, and ModelError where what learns it is not there.
    """
    declared = app.boundaries.get(boundary)
    app.learner(declared).required()
    if under_way(app):
        raise AlreadyRunning("another run is under way", do="Try again when it is done.")
    app.curate(declared)
    if too_little := lacking(app, declared):
        raise NotEnoughExamples(too_little, do="Use it more, or bring examples.")
    start_in_background(app, boundary, "manual")


def start_in_background(app: Valence, boundary: str, trigger: Trigger = "automatic") -> None:
    """Starts the command a person would give, detached, its output in the log.

    It goes on with the boundary's unfinished run, the one that is entered here if there is none.
    """
    with app.stores.database.transaction():  # another process may be starting one too
        if not any(run.boundary == boundary for run in app.stores.runs.unfinished()):
            app.stores.runs.start(boundary, trigger, {})
    log = app.locations.logs / f"training-{boundary}.log"
    _children.append(start(log, "train-boundary", boundary, "--json"))
