"""kill -9 at random moments of calls, training and promotion.

Nothing that was acknowledged is lost, the database is whole, whatever is active loads and
answers, and a run that was cut off goes on to its end. An answer is acknowledged when its line
was printed. The moments are drawn with a seed; each kill takes the whole process group, the
trainer's process included.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.commands import FINISHED, Home, kill_group, pairs, wait_until
from tests.loopback import LoopbackFrontier

GOLD = pairs(220)
TEXTS = list(GOLD)
LEARNT = 150
EVALUATION_S = 3.0
PUBLICATION_S = 0.15
"""About how long those last; a draw may lie behind their end."""

Kill = Callable[["Torture", random.Random], bool]
"""Returns whether there still was something to kill."""


@dataclass
class Torture:
    """One home that is killed again and again, and what it has acknowledged so far."""

    home: Home
    serving: Home
    """The same home with a frontier, and a gate that lets nearly everything through."""
    acknowledged: list[str] = field(default_factory=list)
    asked: int = 0

    def train(self) -> subprocess.Popen[str]:
        """A `train-boundary`; where the last run has ended, a new one against the base."""
        if self.home.state in FINISHED and self.home.active:
            assert self.home.run("adapters", "rollback", "decompose").code == 0
        return self.home.start("train-boundary", "decompose", "--json")

    def kill(self, process: subprocess.Popen[str], what: str) -> bool:
        alive, state = process.poll() is None, self.home.state
        self.acknowledge(kill_group(process))
        print(f"{what}: {f'killed in state {state}' if alive else 'over already'}", flush=True)
        return alive

    def acknowledge(self, printed: str) -> None:
        """A line that was cut short by the kill was not acknowledged."""
        lines = printed.split("\n")[:-1]
        records = [json.loads(line) for line in lines if line.startswith("{")]
        self.acknowledged += [record["call_id"] for record in records if "call_id" in record]

    def next_texts(self, count: int) -> list[str]:
        """The next texts, round and round."""
        chosen = [TEXTS[(self.asked + i) % len(TEXTS)] for i in range(count)]
        self.asked += count
        return chosen


def during_calls(torture: Torture, draw: random.Random) -> bool:
    process = torture.serving.start("decompose", "--file", "-", "--json")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(torture.next_texts(200)) + "\n")
    process.stdin.close()
    torture.acknowledge(process.stdout.readline())
    time.sleep(draw.uniform(0, 0.6))
    process.stdin = None
    return torture.kill(process, "calls")


def during_training(torture: Torture, draw: random.Random) -> bool:
    process = torture.train()
    wait_until(lambda: process.poll() is not None or under_way(torture.home), "it trains")
    time.sleep(draw.uniform(0, 4.0))
    return torture.kill(process, "training")


def around_promotion(torture: Torture, draw: random.Random) -> bool:
    """Anywhere in the evaluation, or when everything has been answered: what follows then is the
    gate's fit and the publication."""
    process = torture.train()
    late = draw.random() < 0.5
    reached = judged if late else evaluating
    while process.poll() is None and not (under_way(torture.home) and reached(torture.home)):
        time.sleep(0.002)
    time.sleep(draw.uniform(0, PUBLICATION_S if late else EVALUATION_S))
    return torture.kill(process, "promotion")


def under_way(home: Home) -> bool:
    return home.state in ("training", "evaluating")


def evaluating(home: Home) -> bool:
    return home.state == "evaluating"


def judged(home: Home) -> bool:
    """Whether the newest run has answered the examples that the gate is fitted on."""
    sql = """SELECT 1 FROM evaluations WHERE split = 'calibration'
             AND run_id = (SELECT max(id) FROM runs)"""
    return bool(home.rows(sql))


def check(torture: Torture) -> None:
    """What must hold after every kill."""
    home = torture.home
    assert home.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    kept = {row["id"] for row in home.rows("SELECT id FROM calls")}
    assert set(torture.acknowledged) <= kept
    lonely = """SELECT calls.id FROM calls LEFT JOIN attempts ON call_id = calls.id
                WHERE attempts.id IS NULL"""
    assert home.rows(lonely) == []
    states = [row["id"] for row in home.rows("SELECT id FROM adapters WHERE state = 'active'")]
    assert states == ([home.active] if home.active else [])
    check_it_answers(torture)


def check_it_answers(torture: Torture) -> None:
    """Without a frontier the active adapter must answer: it loads, and its unit is sealed."""
    home = torture.home
    if home.active is None:
        return
    done = home.run("decompose", torture.next_texts(1)[0], "--json")
    assert done.code == 0, done.told
    torture.acknowledged.append(done.last["call_id"])
    assert home.rows("SELECT detail FROM events WHERE kind = 'unit changed'") == []
    sql = "SELECT adapter_id, output FROM attempts WHERE call_id = ? AND route = 'local'"
    [attempt] = home.rows(sql, done.last["call_id"])
    assert attempt["adapter_id"] == home.active
    assert attempt["output"] is not None
    assert done.last["route"] == "local"


def check_the_run_ends(torture: Torture) -> None:
    """An interrupted run goes on, and its state, its adapter's and the pointer agree."""
    home = torture.home
    if home.state is None or home.state in FINISHED:
        return
    before = home.newest_run
    result = home.train()
    assert before is not None
    assert result["run_id"] == before["id"]
    assert result["state"] in FINISHED
    agreement = home.rows(
        """SELECT runs.state AS run, adapters.state AS adapter FROM runs
           JOIN adapters ON adapters.run_id = runs.id WHERE runs.id = ?""",
        before["id"],
    )
    assert agreement == [{"run": result["state"], "adapter": result["state"]}]
    if result["state"] == "active":
        assert home.active == result["adapter"]
    assert result["state"] == "active", result["reason"]


@pytest.fixture
def torture(tmp_path: Path) -> Iterator[Torture]:
    with LoopbackFrontier(lambda text, _: {"triples": GOLD[text]}) as server:
        quick: dict[str, Any] = {
            "TRAINING__EPOCHS": 5,
            "GATE__MAX_ERROR": 0.3,
            "GATE__AUDIT_RATE": 0.3,
        }
        home = Home.make(tmp_path / "home", **quick)
        serving = Home.make(
            tmp_path / "home",
            FRONTIER__PROVIDER="openai",
            FRONTIER__MODEL="gpt-4o-mini",
            FRONTIER__BASE_URL=server.base_url,
            **quick,
        )
        home.learn_from({text: GOLD[text] for text in TEXTS[:LEARNT]})
        yield Torture(home, serving, asked=LEARNT)


FEW: Sequence[Kill] = [during_calls] * 3 + [during_training] + [around_promotion] * 2
MANY: Sequence[Kill] = [during_calls] * 16 + [during_training] * 16 + [around_promotion] * 18


@pytest.mark.parametrize(
    ("kills", "seed"),
    [
        pytest.param(FEW, 1, id="6"),
        pytest.param(MANY, 2, id="50", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_nothing_is_lost_and_what_is_active_loads(
    torture: Torture, kills: Sequence[Kill], seed: int
) -> None:
    draw = random.Random(seed)
    for kill in draw.sample(kills, len(kills)):
        while not kill(torture, draw):
            check(torture)
        check(torture)
        # Now and then the next kill falls upon a run that was killed before.
        if draw.random() < 0.5:
            check_the_run_ends(torture)
    check_the_run_ends(torture)
    check(torture)
    assert len(torture.acknowledged) >= 2 * len(kills)
