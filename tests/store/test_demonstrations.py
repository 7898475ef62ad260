from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store.database import Database
from store.demonstrations import Demonstrated, demonstrated
from store.ledger import Attempt, Ledger

Make = Callable[..., Any]


def tries(shown: str | None, adapter_id: str = "a") -> tuple[Attempt, ...]:
    mine = Attempt(
        role="answer", route="local", decision="rejected", adapter_id=adapter_id, output="mine"
    )
    theirs = Attempt(role="answer", route="frontier", decision="accepted", output=shown)
    return mine, theirs


def test_local_answers_come_with_the_best_that_was_shown(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    asked, corrected = make_call("1", attempts=tries("gold")), make_call("2", attempts=tries("x"))
    for call in (asked, corrected, make_call("3", attempts=tries(None))):
        ledger.record(call)
    ledger.record(make_call("4", attempts=tries("gold", adapter_id="other")))
    ledger.correct(corrected.id, "better")
    found = demonstrated(db, "a")
    assert [(d.input, d.shown) for d in found] == [("2", "better"), ("1", "gold")]
    assert found[1] == Demonstrated(
        input="1", local="mine", shown="gold", confidence=None, served=False
    )


def test_the_attempts_of_an_adapter_are_found_by_index(db: Database) -> None:
    statements: list[str] = []
    db.connection.set_trace_callback(statements.append)
    demonstrated(db, "a")
    db.connection.set_trace_callback(None)
    plan = [row["detail"] for row in db.read(f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert any("attempts_by_adapter" in step for step in plan)
