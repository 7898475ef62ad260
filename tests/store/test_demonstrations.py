"""What an adapter answered beside what somebody better did, and which of it is a fair sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.calls import Attempt, Call
from store.database import Database
from store.demonstrations import (
    answered_between,
    audits,
    confidences,
    corrections,
    is_audited,
    mark,
    place_of,
    shadow_count,
    shadows,
    tries,
)
from store.ledger import Ledger

Make = Callable[..., Any]


def mine(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "role": "answer",
        "route": "local",
        "decision": "rejected",
        "adapter_id": "a",
        "output": "mine",
    }
    return Attempt(**values | changes)


def theirs(shown: str | None, role: Any = "answer") -> Attempt:
    return Attempt(role=role, route="frontier", decision="accepted", output=shown)


def served(shown: str | None = None, **changes: Any) -> tuple[Attempt, ...]:
    """An answer that the gate accepted, audited where something is shown."""
    answer = mine(**{"decision": "accepted", "reason": "confident"} | changes)
    return (answer, theirs(shown, "audit")) if shown else (answer,)


def shadowed(shown: str | None = "gold", **changes: Any) -> tuple[Attempt, ...]:
    return theirs(shown), mine(**{"role": "shadow", "decision": "unseen"} | changes)


def enter(ledger: Ledger, *calls: Call) -> None:
    for call in calls:
        ledger.record(call)


def test_shadows_are_unseen_answers_readable_or_not(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    enter(
        ledger,
        make_call("1", attempts=shadowed()),
        make_call("2", attempts=shadowed(output=None, reason="veto: unfinished")),
        make_call("3", attempts=shadowed(adapter_id="other")),
        make_call("4", attempts=(mine(), theirs("gold"))),
        make_call("5", attempts=served("gold")),
    )
    found = shadows(db, "a")
    assert [(d.input, d.local, d.frontier, d.reason) for d in found] == [
        ("1", "mine", "gold", ""),
        ("2", "", "gold", "veto: unfinished"),
    ]
    assert shadow_count(db, "a") == 2
    assert shadow_count(db, "b") == 0


def test_audits_are_of_answers_that_were_served_on_proof(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    audited = make_call("1", attempts=served("gold"))
    failed = make_call("4", attempts=(*served(), theirs(None, "audit")))
    enter(
        ledger,
        audited,
        make_call("2", attempts=served()),
        make_call("3", attempts=served("gold", reason="unverified")),
        failed,
        make_call("5", attempts=(mine(), theirs("gold"))),
        make_call("6", attempts=served("gold", reason="partial")),
    )
    assert [(d.input, d.frontier) for d in audits(db, "a")] == [("1", "gold"), ("6", "gold")]
    assert is_audited(db, audited.id)
    assert not is_audited(db, failed.id)


def test_corrections_are_of_answers_that_were_served_on_proof(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    calls = [
        make_call("1", attempts=served()),
        make_call("2", attempts=served("gold")),
        make_call("3", attempts=served(reason="unverified")),
        make_call("4", attempts=(mine(), theirs("gold"))),
    ]
    enter(ledger, *calls, make_call("5", attempts=served()))
    for call in calls:
        ledger.correct(call.id, "older")
        ledger.correct(call.id, "better")
    ledger.rate(calls[0].id, 5)
    assert [(d.input, d.correction) for d in corrections(db, "a")] == [
        ("1", "better"),
        ("2", "better"),
    ]


@pytest.mark.parametrize("find", [shadows, audits, corrections])
def test_what_was_before_can_be_left_out(
    db: Database, ledger: Ledger, make_call: Make, find: Callable[..., Any]
) -> None:
    for number in range(4):
        tried = shadowed() if find is shadows else served("gold")
        call = make_call(str(number), attempts=tried)
        ledger.record(call)
        ledger.correct(call.id, "better")
    found = find(db, "a")
    assert [d.input for d in found] == ["0", "1", "2", "3"]
    since = ledger.get(found[1].call_id).attempts
    last = next(attempt.created_at for attempt in since if attempt.route == "local")
    assert [d.input for d in find(db, "a", last)] == ["2", "3"]


def test_the_stream_has_the_newest_confidences_in_their_order(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    shares = [0.1, 0.2, None, 0.3, 0.4]
    attempts = [mine(confidence=share) for share in shares]
    enter(ledger, *(make_call(attempts=(attempt,)) for attempt in attempts))
    enter(ledger, make_call(attempts=(mine(adapter_id="b", confidence=0.9),)))
    assert confidences(db, "a", 0, 100) == [0.1, 0.2, 0.3, 0.4]
    assert confidences(db, "a", 0, 3) == [0.3, 0.4]
    assert confidences(db, "a", place_of(db, "a", attempts[3].created_at), 100) == [0.4]
    assert tries(db, "a") == 5


def test_answered_calls_are_counted_between_two_others(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    enter(ledger, *(make_call(str(n), attempts=served("gold")) for n in range(4)))
    enter(ledger, make_call("turned away", attempts=(mine(), theirs("gold"))))
    enter(ledger, make_call("another's", attempts=served(adapter_id="b")))
    first, *_, last = (pair.place for pair in audits(db, "a"))
    assert answered_between(db, "a", 0, last) == 3
    assert answered_between(db, "a", first, last) == 2
    assert answered_between(db, "a", first, last + 100) == 3


def test_a_mark_is_a_place_whatever_the_clock_says(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    enter(ledger, make_call(attempts=served("gold", created_at="2030-01-01T00:00:00.000000Z")))
    since = mark(db)
    assert audits(db, "a", since) == []
    enter(ledger, make_call(attempts=served("gold", created_at="2020-01-01T00:00:00.000000Z")))
    enter(ledger, make_call(attempts=shadowed(created_at="2020-01-01T00:00:00.000000Z")))
    assert len(audits(db, "a", since)) == len(shadows(db, "a", since)) == 1
    assert shadow_count(db, "a", since) == 1
    assert len(audits(db, "a")) == 2


@pytest.mark.parametrize("find", [shadows, audits, corrections])
def test_the_attempts_of_an_adapter_are_found_by_index(
    db: Database, find: Callable[..., Any]
) -> None:
    plan = plan_of(db, lambda: find(db, "a"))
    assert not [step for step in plan if step.startswith("SCAN") and "feedback" not in step]


def test_corrections_are_looked_for_among_the_corrections(db: Database) -> None:
    """Every call asks; an adapter that serves has very many attempts."""
    assert not any("by_adapter" in step for step in plan_of(db, lambda: corrections(db, "a")))


def test_the_counts_at_every_call_read_no_table(db: Database) -> None:
    for count in (lambda: tries(db, "a"), lambda: answered_between(db, "a", 0, 9)):
        plan = plan_of(db, count)
        assert all("COVERING INDEX" in step for step in plan)


def plan_of(db: Database, read: Callable[[], Any]) -> list[str]:
    statements: list[str] = []
    db.connection.set_trace_callback(statements.append)
    read()
    db.connection.set_trace_callback(None)
    return [row["detail"] for row in db.read(f"EXPLAIN QUERY PLAN {statements[0]}")]
