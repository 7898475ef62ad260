"""What processes share: leases, breakers, events."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from store.breakers import Breaker, Breakers
from store.database import Database
from store.events import Events
from store.leases import Leases

HOLD = """
import os, signal, sys
from pathlib import Path
from store.database import Database
from store.leases import Leases
assert Leases(Database(Path(sys.argv[1]))).acquire("training", 600)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lease_has_one_holder(db: Database) -> None:
    mine, other = Leases(db), Leases(db)
    assert mine.acquire("training", 60)
    assert mine.acquire("training", 60)
    assert not other.acquire("training", 60)
    assert other.acquire("indexing", 60)
    other.release("training")
    assert not other.acquire("training", 60)
    mine.release("training")
    assert other.acquire("training", 60)
    assert not mine.renew("training", 60)


def test_a_lease_that_ran_out_can_be_taken(db: Database) -> None:
    mine, other = Leases(db), Leases(db)
    assert mine.acquire("training", -1)
    assert other.acquire("training", -1)
    assert other.renew("training", 60)
    assert not mine.acquire("training", 60)


def test_the_lease_of_a_killed_process_can_be_taken(db: Database, path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert not Leases(db).acquire("training", 60)
        child.kill()
    assert Leases(db).acquire("training", 60)


def test_a_dead_pid_of_another_machine_says_nothing(db: Database) -> None:
    far = Leases(db)
    far.acquire("training", 60)
    with db.transaction() as connection:
        connection.execute("UPDATE leases SET holder = 'elsewhere/1', pid = 4194305")
    assert not Leases(db).acquire("training", 60)


def test_a_breaker_opens_at_its_threshold_and_outlives_the_process(path: Path) -> None:
    database = Database(path)
    for _ in range(2):
        Breakers(database).failed("frontier", threshold=3, cooldown_s=60)
    assert Breakers(database).state("frontier") == Breaker(failures=2, open_until=None)
    assert Breakers(database).failed("frontier", threshold=3, cooldown_s=60).failures == 3
    database.close()
    again = Database(path)
    assert Breakers(again).is_open("frontier")
    assert not Breakers(again).is_open("other")
    Breakers(again).succeeded("frontier")
    assert Breakers(again).state("frontier") == Breaker(failures=0, open_until=None)
    again.close()


def test_past_the_cooldown_one_try_decides(db: Database) -> None:
    breakers = Breakers(db)
    breakers.failed("frontier", threshold=1, cooldown_s=-1)
    assert not breakers.is_open("frontier")
    breakers.failed("frontier", threshold=3, cooldown_s=60)
    assert not breakers.is_open("frontier")
    breakers.failed("frontier", threshold=3, cooldown_s=60)
    assert breakers.is_open("frontier")


def test_a_breaker_does_not_outlast_a_clock_that_was_set_back(db: Database) -> None:
    assert Breakers(db).failed("frontier", threshold=1, cooldown_s=60).open_until
    db.connection.execute(
        "UPDATE breakers SET updated_at = '2999-01-01', open_until = '2999-01-02'"
    )
    assert not Breakers(db).is_open("frontier")


def test_a_success_without_failures_writes_nothing(db: Database) -> None:
    before = db.connection.total_changes
    Breakers(db).succeeded("frontier")
    assert db.connection.total_changes == before


def test_events_are_listed_newest_first(db: Database) -> None:
    events = Events(db)
    first = events.record("promoted", "decompose", adapter="a", points=3.5)
    second = events.record("started")
    assert events.list(10) == [second, first]
    assert events.list(10, kind="promoted") == [first]
    assert events.list(1) == [second]
    assert first.detail == {"adapter": "a", "points": 3.5}


def test_the_latest_event_is_the_last_that_was_entered(db: Database) -> None:
    events = Events(db)
    events.record("drift", "decompose", number=1)
    with db.transaction() as connection:  # by a clock that has been put back since
        connection.execute("UPDATE events SET created_at = '2999-01-01T00:00:00.000000Z'")
    events.record("drift", "decompose", number=2)
    latest = events.latest("drift", "decompose")
    assert latest is not None
    assert latest.detail == {"number": 2}
