from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from store.adapters import Adapter, Adapters
from store.database import Database
from store.errors import IllegalTransition, StoreError, UnknownAdapter
from store.runs import Runs

Register = Callable[..., Adapter]


@pytest.fixture
def adapters(db: Database) -> Adapters:
    return Adapters(db)


@pytest.fixture
def register(adapters: Adapters) -> Register:
    def make(boundary: str = "decompose", parent: Adapter | None = None) -> Adapter:
        adapter = Adapter(
            boundary=boundary,
            base_model="base",
            base_revision="r",
            prompt_version="1",
            folder="adapters/x",
            weights_sha256="w",
            parent_id=parent.id if parent else None,
        )
        adapters.register(adapter, ["b", "a"])
        return adapter

    return make


def active_id(adapters: Adapters) -> str | None:
    adapter = adapters.active("decompose")
    return adapter.id if adapter else None


def test_an_adapter_is_registered_with_its_lineage(adapters: Adapters, register: Register) -> None:
    first = register()
    second = register(parent=first)
    assert adapters.get(second.id) == second
    assert adapters.lineage(second.id) == ["a", "b"]
    assert adapters.list("decompose") == [second, first]
    assert adapters.active("decompose") is None
    with pytest.raises(UnknownAdapter):
        adapters.get("none")


def test_promotion_moves_the_pointer_and_both_states(
    adapters: Adapters, register: Register
) -> None:
    first, second, other = register(), register(), register("recompose")
    adapters.promote(first.id, "better than the base")
    adapters.promote(other.id, "")
    assert adapters.promote(second.id, "better than the first").state == "active"
    assert adapters.active("decompose") == adapters.get(second.id)
    assert adapters.get(first.id).state == "retired"
    assert [c.state for c in adapters.history(first.id)] == ["candidate", "active", "retired"]
    assert adapters.active("recompose") == adapters.get(other.id)


@pytest.mark.parametrize("table", ["active", "promotions", "adapter_states"])
def test_a_promotion_that_fails_half_way_changes_nothing(
    db: Database, adapters: Adapters, register: Register, table: str
) -> None:
    first, second = register(), register()
    adapters.promote(first.id, "")
    before = [tuple(row) for row in db.read("SELECT * FROM adapters ORDER BY id")]
    verb = "UPDATE" if table == "active" else "INSERT"
    db.connection.execute(
        f"CREATE TRIGGER broken BEFORE {verb} ON {table} BEGIN SELECT raise(ABORT, 'broken'); END"
    )
    with pytest.raises(StoreError, match="broken"):
        adapters.promote(second.id, "")
    assert [tuple(row) for row in db.read("SELECT * FROM adapters ORDER BY id")] == before
    assert active_id(adapters) == first.id


@pytest.mark.parametrize("back", ["rollback", "reject"])
def test_a_step_back_that_fails_half_way_changes_nothing(
    db: Database, adapters: Adapters, register: Register, back: str
) -> None:
    first, second = register(), register()
    adapters.promote(first.id, "")
    adapters.promote(second.id, "")
    before = [tuple(row) for row in db.read("SELECT * FROM adapters ORDER BY id")]
    db.connection.execute(
        "CREATE TRIGGER broken BEFORE UPDATE ON active BEGIN SELECT raise(ABORT, 'broken'); END"
    )
    with pytest.raises(StoreError, match="broken"):
        getattr(adapters, back)("decompose" if back == "rollback" else second.id, "")
    assert [tuple(row) for row in db.read("SELECT * FROM adapters ORDER BY id")] == before
    assert active_id(adapters) == second.id


def test_another_process_sees_the_old_or_the_new_one_whole(
    db: Database, adapters: Adapters, register: Register
) -> None:
    first, second = register(), register()
    adapters.promote(first.id, "")
    other = Database(db.path)
    with db.transaction():
        adapters.promote(second.id, "")
        seen = Adapters(other).active("decompose")
        assert seen is not None
        assert (seen.id, seen.state) == (first.id, "active")
    assert active_id(Adapters(other)) == second.id
    other.close()


def test_rollbacks_go_back_step_by_step_to_the_base(adapters: Adapters, register: Register) -> None:
    first, second, third = register(), register(), register()
    for adapter in (first, second, third):
        adapters.promote(adapter.id, "")
    seen = [adapters.rollback("decompose", "worse in use") for _ in range(3)]
    assert [adapter and adapter.id for adapter in seen] == [second.id, first.id, None]
    assert {a.state for a in adapters.list()} == {"retired"}
    with pytest.raises(IllegalTransition, match="nothing to roll back"):
        adapters.rollback("decompose", "again")


def test_after_a_rollback_one_may_go_forward_again(adapters: Adapters, register: Register) -> None:
    first, second = register(), register()
    adapters.promote(first.id, "")
    adapters.promote(second.id, "")
    adapters.rollback("decompose", "")
    adapters.promote(second.id, "it was better after all")
    assert active_id(adapters) == second.id
    adapters.rollback("decompose", "")
    assert active_id(adapters) == first.id


def test_a_run_retires_and_comes_back_with_its_adapter(
    db: Database, adapters: Adapters, register: Register
) -> None:
    runs = Runs(db)

    def served() -> tuple[str, str]:
        run, adapter = runs.start("decompose", "manual", {}), register()
        for state in ("curating", "training", "evaluating", "candidate"):
            runs.move(run.id, state)  # type: ignore[arg-type]
        adapters.promote(adapter.id, "better")
        runs.move(run.id, "active", "better", adapter_id=adapter.id)
        return run.id, adapter.id

    def states() -> list[str]:
        return [runs.get(each).state for each in (first, second)]

    (first, adapter), (second, _) = served(), served()
    assert states() == ["retired", "active"]
    adapters.rollback("decompose", "worse in use")
    assert states() == ["active", "retired"]
    adapters.reject(adapter, "trained on a leak")
    assert states() == ["rejected", "retired"]
    ways = [(change.state, change.reason) for change in runs.history(first)[-3:]]
    assert [state for state, _ in ways] == ["retired", "active", "rejected"]
    assert ways[-1] == ("rejected", "trained on a leak")


def test_quarantine_is_for_good_and_passed_over(adapters: Adapters, register: Register) -> None:
    first, second, third = register(), register(), register()
    for adapter in (first, second, third):
        adapters.promote(adapter.id, "")
    adapters.reject(second.id, "trained on a leak")
    assert adapters.reject(third.id, "drifts").state == "rejected"
    assert active_id(adapters) == first.id
    for rejected in (second, third):
        with pytest.raises(IllegalTransition):
            adapters.promote(rejected.id, "")
    adapters.reject(first.id, "and this one")
    assert adapters.active("decompose") is None


def test_only_promotions_make_active(adapters: Adapters, register: Register) -> None:
    adapter = register()
    assert adapters.move(adapter.id, "shadow", "looking on").state == "shadow"
    with pytest.raises(IllegalTransition):
        adapters.move(adapter.id, "active")
    adapters.promote(adapter.id, "")
    for state in ("retired", "active"):
        with pytest.raises(IllegalTransition):
            adapters.move(adapter.id, state)
    with pytest.raises(IllegalTransition):
        adapters.promote(adapter.id, "twice")


def test_calibration_and_hash_come_together(adapters: Adapters, register: Register) -> None:
    adapter = register()
    changed = adapters.calibrate(adapter.id, {"threshold": 0.9, "weights": [1, 2]}, "unit")
    assert (changed.calibration, changed.unit_sha256) == (
        {"threshold": 0.9, "weights": [1, 2]},
        "unit",
    )
    assert adapters.get(adapter.id) == changed


def test_the_first_taint_stays(adapters: Adapters, register: Register) -> None:
    adapter = register()
    adapters.taint(adapter.id, "first")
    adapters.taint(adapter.id, "second")
    assert adapters.get(adapter.id).taint_reason == "first"


def test_the_active_adapter_is_found_by_index(db: Database) -> None:
    sql = """EXPLAIN QUERY PLAN SELECT adapters.* FROM active
             JOIN adapters ON adapters.id = active.adapter_id WHERE active.boundary = 'x'"""
    steps: list[sqlite3.Row] = db.read(sql)
    assert [row["detail"].split()[0] for row in steps] == ["SEARCH", "SEARCH"]
