"""One at a time, over all processes: the leases that whoever trains holds and that of the terminal
app, renewed however long nothing happens.

Knows nothing of what is done under it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store.leases import Leases
from valence.errors import AlreadyRunning

LEASE = "training"
TERMINAL = "terminal"
LEASE_S = 120.0
STRATEGIES_LEASE = "strategies"
LONGEST_S = 3600.0
"""How long a lease that nobody renews holds."""


@contextmanager
def sole(leases: Leases, name: str, otherwise: str) -> Iterator[None]:
    """Holds a lease for the block, for an hour at most. Raises AlreadyRunning(otherwise)."""
    if not leases.acquire(name, LONGEST_S):
        raise AlreadyRunning(otherwise)
    try:
        yield
    finally:
        leases.release(name)


@contextmanager
def training_lease(leases: Leases) -> Iterator[threading.Event]:
    """Holds the lease for the block. The event is set should it be lost.

    Raises AlreadyRunning.
    """
    with held(leases, LEASE) as lost:
        if lost is None:
            raise AlreadyRunning(
                "another run is training",
                do="`valence runs list` shows it; try again when it is done",
            )
        yield lost


@contextmanager
def held(leases: Leases, name: str) -> Iterator[threading.Event | None]:
    """Holds a lease for the block; None while another has it. The event is set should it be lost:
    the machine slept, and another process has taken over."""
    if not leases.acquire(name, LEASE_S):
        yield None
        return
    done, lost = threading.Event(), threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_S / 4):
            if not leases.renew(name, LEASE_S):
                lost.set()

    renewal = threading.Thread(target=renew, name=f"lease {name}", daemon=True)
    renewal.start()
    try:
        yield lost
    finally:
        done.set()
        renewal.join()
        leases.release(name)
