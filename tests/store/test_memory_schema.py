"""A database made by the first step alone is brought up to date with all that it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store import migrations
from store.database import Database
from store.graph import Graph, NewFact
from store.ledger import Ledger

Make = Callable[..., Any]


def test_a_file_of_the_first_step_keeps_its_calls_and_gains_a_memory(
    path: Path, make_call: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = make_call("Ada lives in London.")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:1])
        patch.setattr(migrations, "LATEST", 1)
        old = Database(path)
        columns = [row["name"] for row in old.read("PRAGMA table_info(calls)")]
        values = {
            "id": call.id, "boundary": "decompose", "input": call.input, "output": call.output,
            "route": "frontier", "reason": "", "latency_ms": 1.0, "cost_usd": 0.5,
            "masked": "{}", "learn": 1, "created_at": call.created_at,
        }  # fmt: skip
        assert set(values) <= set(columns)
        named = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        with old.transaction() as connection:
            connection.execute(f"INSERT INTO calls ({named}) VALUES ({marks})", values)
        assert old.read("SELECT 1 FROM sqlite_master WHERE name = 'facts'") == []
        old.close()

    new = Database(path)
    assert new.read("PRAGMA user_version")[0][0] == migrations.LATEST >= 3
    assert Ledger(new).get(call.id).input == call.input
    assert [c.id for c in Ledger(new).search("london")] == [call.id]
    graph = Graph(new)
    ada, london = graph.add_entity("Ada", "ada"), graph.add_entity("London", "london")
    graph.add_fact(
        NewFact(subject_id=ada.id, relation="r", relation_folded="r", object_id=london.id)
    )
    assert graph.search(["london"])[0][0].triple == ("Ada", "r", "London")
    assert new.integrity() == "ok"
    assert new.read("PRAGMA foreign_key_check") == []
    new.close()


@pytest.mark.parametrize(
    ("choice", "index"),
    [
        (
            {"subject": "x", "relation": "r"},
            "facts_by_subject (subject_id=? AND relation_folded=?)",
        ),
        ({"object": "x"}, "facts_by_object (object_id=?)"),
        ({"relation": "r"}, "facts_by_relation (relation_folded=?)"),
    ],
)
def test_facts_are_looked_up_by_their_index(
    db: Database, monkeypatch: pytest.MonkeyPatch, choice: dict[str, str], index: str
) -> None:
    read, plans = db.read, []

    def explain(sql: str, parameters: Any = ()) -> Any:
        if "FROM facts" in sql:
            plans.extend(row["detail"] for row in read(f"EXPLAIN QUERY PLAN {sql}", parameters))
        return read(sql, parameters)

    monkeypatch.setattr(db, "read", explain)
    Graph(db).facts(**choice)
    assert any(index in plan for plan in plans)
    assert not any("SCAN facts" in plan for plan in plans)
