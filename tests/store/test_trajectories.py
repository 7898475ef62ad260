"""Trajectories and strategy sets in a real database: what comes again, goes, and goes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.conversations import Conversations, forget_in_turns
from store.database import Database
from store.errors import IllegalTransition, UnknownStrategySet, UnknownTrajectory
from store.strategy_sets import StrategySet, StrategySets
from store.trajectories import Step, Trajectories, Trajectory

ONE = Trajectory(
    agent="lab",
    source="jsonl",
    key="k1",
    task_id="t1",
    problem="Refund my lamp",
    steps=(Step(kind="tool", tool="refund", arguments={"id": "7"}, failed=True),),
    success=False,
    feedback={"rating": -1},
    guided=True,
    latency_ms=5.0,
)


@pytest.fixture
def kept(db: Database) -> Trajectories:
    return Trajectories(db)


def test_a_trajectory_comes_back_as_it_was(kept: Trajectories) -> None:
    assert kept.add([ONE]) == {"new": 1}
    assert kept.get(ONE.id) == ONE == kept.get(ONE.id[:20])
    with pytest.raises(UnknownTrajectory):
        kept.get("0000")


def test_what_comes_again_keeps_its_place(kept: Trajectories) -> None:
    other = replace(ONE, id="other", key="k2")
    kept.add([ONE, other])
    newest = kept.newest("lab")
    again = replace(ONE, id="again", success=True)
    assert kept.add([again, other]) == {"changed": 1, "known": 1}
    assert kept.newest("lab") == newest
    assert [each.id for each in kept.of("lab")] == [ONE.id, "other"]
    assert kept.get(ONE.id).success is True


def test_one_that_cannot_be_kept_keeps_none(kept: Trajectories) -> None:
    broken = replace(ONE, key="k2", id=ONE.id)  # the id is taken
    with pytest.raises(Exception, match="UNIQUE"):
        kept.add([ONE, broken])
    assert kept.list() == []


def test_agents_are_apart(kept: Trajectories) -> None:
    kept.add([ONE, replace(ONE, id="b", agent="other")])
    assert kept.agents() == {"lab": 1, "other": 1}
    assert [each.id for each in kept.list("other")] == ["b"]
    assert kept.since("lab", 0) == 1
    assert kept.since("lab", kept.newest("lab")) == 0
    assert kept.newest("nobody") == 0


def test_a_forgotten_turn_takes_its_trajectory_along(db: Database, kept: Trajectories) -> None:
    conversations = Conversations(db)
    turn = conversations.begin(conversations.start("Hello").id, "Who is Ada?")
    conversations.answer(turn.id, {"rests on": "call-1"})
    kept.add([replace(ONE, source="turn", key=turn.id), replace(ONE, id="b")])
    with db.transaction() as connection:
        forget_in_turns(connection, "call-1")
    assert [each.id for each in kept.list()] == ["b"]


# -- strategy sets ---------------------------------------------------------------------------------


@pytest.fixture
def sets(db: Database) -> StrategySets:
    return StrategySets(db)


def version(name: str, state: str = "active", through: int = 0, agent: str = "lab") -> StrategySet:
    return StrategySet(
        id=name, agent=agent, state=state, reason="", body={}, metrics={}, through=through,
    )  # type: ignore[arg-type]  # fmt: skip


def test_an_active_version_takes_the_place_of_the_one_before(sets: StrategySets) -> None:
    sets.record(version("a"))
    assert sets.record(version("b", through=7)).previous_id == "a"
    sets.record(version("c", "rejected", through=9))
    sets.record(version("x", agent="other"))
    standing = sets.active("lab")
    assert standing is not None
    assert standing.id == "b"
    assert {each.id: each.state for each in sets.list("lab")} == {
        "a": "retired",
        "b": "active",
        "c": "rejected",
    }
    assert sets.through("lab") == 9


def test_the_way_back_ends_where_there_was_none(sets: StrategySets) -> None:
    sets.record(version("a"))
    sets.record(version("b"))
    back = sets.roll_back("lab")
    assert back is not None
    assert back.id == "a"
    assert sets.get("b").state == "withdrawn"
    assert sets.roll_back("lab") is None
    assert sets.active("lab") is None
    with pytest.raises(IllegalTransition, match="lab"):
        sets.roll_back("lab")
    with pytest.raises(UnknownStrategySet):
        sets.get("nothing")
