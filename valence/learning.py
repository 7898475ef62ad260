"""What follows an answered call: shadow and audit, curation, and the trigger of a run.

Nobody waits for it: the answer is out before. Knows when to train, not how.
"""

from __future__ import annotations

import os
import subprocess
import sys

from store.runs import Run
from valence.app import Valence
from valence.router import Answer


def learn(app: Valence, answer: Answer) -> None:
    """Settles one answered call and starts a background run where it is due."""
    app.router.settle(answer)
    if answer.call.route != "frontier" and answer.call.reason != "confident":
        return
    app.curate(answer.boundary)
    if due(app, answer.boundary.name):
        start_in_background(app, answer.boundary.name)


def due(app: Valence, boundary: str) -> bool:
    """Whether enough new train examples wait and nothing trains already."""
    stores, trigger = app.stores, app.settings.training.trigger_examples
    if app.local is None or stores.examples.untrained(boundary) < trigger:
        return False
    return not any(alive(run) for run in stores.runs.unfinished())


_children: list[subprocess.Popen[bytes]] = []


def alive(run: Run) -> bool:
    """Whether the process that carries a run still lives on this machine."""
    # A child that ended stays visible as a zombie until it is polled.
    _children[:] = [child for child in _children if child.poll() is None]
    if run.pid is None or (run.pid == os.getpid() and not _children):
        return False
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def start_in_background(app: Valence, boundary: str) -> None:
    """Starts the command a person would give, detached, its output in the log."""
    log = app.locations.logs / f"training-{boundary}.log"
    app.stores.runs.start(boundary, "automatic", {})
    command = [sys.executable, "-m", "valence", "train-boundary", boundary, "--json"]
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _children.append(process)
