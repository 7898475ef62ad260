"""What memory does when nobody waits: questions about names, and the vectors of many texts.

Vectors are made in a process of their own, one at a time in a home, as after a change of the
embedding model; each batch is kept, so that nothing of it is done twice. It does not make vectors
itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from valence.app import Valence
from valence.background import start
from valence.exclusive import sole
from valence.learning import learn

LEASE = "embedding"


def settle_names(app: Valence) -> None:
    """Asks about some names that may mean one thing, and learns from the answers."""
    for answer in app.memory.resolution.ask():
        learn(app, answer)


@contextmanager
def alone(app: Valence) -> Iterator[None]:
    """Nobody else makes vectors of everything meanwhile. Raises AlreadyRunning."""
    with sole(app.stores.leases, LEASE, "another process makes the vectors already"):
        yield


def start_in_background(app: Valence) -> None:
    """Starts the command that a person would give, detached, its progress in the log; nothing
    where it is under way."""
    if app.stores.leases.held(LEASE):
        return
    start(app.locations.logs / "embedding.log", "memory", "embed")
