"""A writer killed at random moments: what it had been told is kept is there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.adapters import Adapter, Adapters
from store.database import Database
from store.ledger import Ledger

WRITER = """
import sys
from pathlib import Path
from store.adapters import Adapters
from store.database import Database
from store.ledger import Attempt, Call, Ledger

db = Database(Path(sys.argv[1]))
ledger, adapters = Ledger(db), Adapters(db)
pair, turn = [a.id for a in adapters.list()], 0
while True:
    tries = tuple(Attempt(role="answer", route="local", decision="rejected") for _ in range(2))
    call = Call(boundary="b", input="x" * 500, output="{}", route="local", attempts=tries)
    ledger.record(call)
    print(call.id, flush=True)
    active = adapters.active("b")
    turn += 1
    if turn % 3 == 0:
        adapters.promote(next(i for i in pair if active is None or i != active.id), "in turn")
"""


def write_until_killed(path: Path, seconds: float) -> list[str]:
    """The ids that were acknowledged; a line cut short by the kill was not."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        writer.kill()
        rest = writer.stdout.read()
    return [line for line in (first + rest).split("\n")[:-1] if line]


def check(path: Path, acknowledged: list[str]) -> None:
    database = Database(path)
    kept = {row["id"] for row in database.read("SELECT id FROM calls")}
    assert set(acknowledged) <= kept
    halves = """SELECT calls.id FROM calls LEFT JOIN attempts ON attempts.call_id = calls.id
                GROUP BY calls.id HAVING count(attempts.id) <> 2"""
    assert database.read(halves) == []
    active = [a.id for a in Adapters(database).list() if a.state == "active"]
    pointed = Adapters(database).active("b")
    assert active == ([pointed.id] if pointed else [])
    assert database.integrity() == "ok"
    assert len(Ledger(database).search("x" * 500, limit=10**6)) == len(kept)
    database.close()


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost(path: Path, kills: int) -> None:
    database = Database(path)
    for _ in range(2):
        adapter = Adapter(
            boundary="b", base_model="m", base_revision="r", prompt_version="1", folder="f",
            weights_sha256="w",
        )  # fmt: skip
        Adapters(database).register(adapter, [])
    database.close()
    chance, acknowledged = random.Random(7), list[str]()
    for _ in range(kills):
        acknowledged += write_until_killed(path, chance.uniform(0, 0.2))
        check(path, acknowledged)
    assert len(acknowledged) >= kills
