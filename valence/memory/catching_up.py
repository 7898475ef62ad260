"""What memory does when nobody waits: questions about names, and the vectors of many texts.

Vectors are made in a process of their own, one at a time in a home, as after a change of the
embedding model; each batch is kept, so that nothing of it is done twice. It does not make vectors
itself.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from valence.app import Valence
from valence.background import start
from valence.errors import AlreadyRunning
from valence.exclusive import sole
from valence.learning import learn

LEASE = "embedding"
AT_ONCE = 256
"""Texts embedded in one go by a process that has the model loaded; more are another process's."""


def after_turn(app: Valence) -> None:
    """What a turn of conversation leaves to be done: questions about names, vectors of texts."""
    settle_names(app)
    make_vectors(app)


def settle_names(app: Valence) -> None:
    """Asks about some names that may mean one thing, and learns from the answers."""
    for answer in app.memory.resolution.ask():
        learn(app, answer)


def make_vectors(app: Valence) -> None:
    """The vectors that are waited for: made here where the model is loaded and they are few, else
    by a process in the background, which also learns the graph's shape anew where that is due.
    Without a model they wait."""
    memory = app.memory
    waiting = memory.waiting()
    if memory.embedder is None or memory.places is None or not waiting:
        return
    if memory.embedder.is_loaded and waiting <= AT_ONCE and not memory.places.due:
        with suppress(AlreadyRunning), alone(app):
            memory.catch_up(AT_ONCE)
    else:
        start_in_background(app)


@contextmanager
def alone(app: Valence) -> Iterator[None]:
    """Nobody else makes vectors of everything meanwhile. Raises AlreadyRunning."""
    with sole(app.stores.leases, LEASE, "another process makes the vectors already"):
        yield


_children: list[subprocess.Popen[bytes]] = []


def start_in_background(app: Valence) -> None:
    """Starts the command that a person would give, detached, its progress in the log; nothing
    where it is under way."""
    # One that was started a moment ago does not hold the lease yet; an ended one must be polled.
    _children[:] = [child for child in _children if child.poll() is None]
    if _children or app.stores.leases.held(LEASE):
        return
    _children.append(start(app.locations.logs / "embedding.log", "memory", "embed"))
