from __future__ import annotations

import itertools
import math
import os

import pytest

from store.database import Database
from store.errors import IllegalTransition, UnknownRun
from store.runs import Runs
from store.states import STATES, check_transition


@pytest.fixture
def runs(db: Database) -> Runs:
    return Runs(db)


def test_a_run_goes_its_way_and_leaves_a_history(runs: Runs) -> None:
    run = runs.start("decompose", "manual", {"rank": 16})
    assert (run.state, run.pid) == ("pending", os.getpid())
    assert runs.get(run.id) == run
    way = ["curating", "training", "evaluating", "candidate", "shadow", "active", "retired"]
    for state in way:
        moved = runs.move(run.id, state, f"to {state}", examples=12, result={"state": state})  # type: ignore[arg-type]
    assert [change.state for change in runs.history(run.id)] == ["pending", *way]
    assert runs.history(run.id)[-1].reason == "to retired"
    assert (moved.examples, moved.result, moved.settings) == (
        12,
        {"state": "retired"},
        {"rank": 16},
    )
    assert moved.updated_at > run.updated_at


def test_an_illegal_move_changes_nothing(runs: Runs) -> None:
    run = runs.start("decompose", "automatic", {})
    with pytest.raises(IllegalTransition, match="is pending; it cannot become active"):
        runs.move(run.id, "active")
    with pytest.raises(TypeError, match="boundary"):
        runs.move(run.id, "curating", boundary="other")
    with pytest.raises(UnknownRun):
        runs.move("none", "curating")
    assert runs.get(run.id) == run
    assert len(runs.history(run.id)) == 1


def test_nothing_follows_an_end() -> None:
    ends = ["rejected", "failed", "cancelled"]
    for end, state in itertools.product(ends, STATES):
        with pytest.raises(IllegalTransition):
            check_transition("run", end, state)  # type: ignore[arg-type]


def test_unfinished_runs_are_those_without_an_end(runs: Runs) -> None:
    first, second, third = (runs.start("decompose", "manual", {}) for _ in range(3))
    runs.move(second.id, "cancelled", "by a person")
    runs.move(third.id, "curating")
    assert [run.id for run in runs.unfinished()] == [first.id, third.id]
    assert [run.id for run in runs.list("decompose", limit=2)] == [third.id, second.id]
    assert runs.list("recompose") == []


def test_metrics_are_series(runs: Runs) -> None:
    run = runs.start("decompose", "manual", {})
    runs.metric(run.id, 20, {"loss": 1.5})
    runs.metric(run.id, 10, {"loss": 2.5, "tokens_per_s": 900.0})
    assert runs.metrics(run.id, "loss") == [(10, 2.5), (20, 1.5)]
    assert runs.metrics(run.id, "unheard") == []


def test_a_loss_that_is_no_number_stays_one(runs: Runs) -> None:
    run = runs.start("decompose", "manual", {})
    runs.metric(run.id, 1, {"loss": math.nan})
    ((step, loss),) = runs.metrics(run.id, "loss")
    assert step == 1
    assert math.isnan(loss)


def test_a_run_may_be_named_by_its_beginning(runs: Runs) -> None:
    run = runs.start("decompose", "manual", {})
    runs.move(run.id[:30], "curating")
    assert runs.get(run.id).state == "curating"
    assert len(runs.history(run.id)) == 2
