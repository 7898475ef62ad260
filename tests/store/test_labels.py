from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from store.database import Database
from store.labels import labels
from store.ledger import Attempt, Ledger

Make = Callable[..., Any]


def mine(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "role": "answer", "route": "local", "decision": "accepted", "reason": "confident",
        "output": "mine", "adapter_id": "a", "confidence": 0.9, "features": {"max_entropy": 1.0},
    }  # fmt: skip
    return Attempt(**values | changes)


def theirs(**changes: Any) -> Attempt:
    values: dict[str, Any] = {"role": "answer", "route": "frontier", "decision": "accepted"}
    return Attempt(**values | {"output": "gold"} | changes)


def test_labels_say_who_judged_and_whether_it_was_drawn(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    served = {"route": "local", "reason": "confident"}
    audited = make_call("1", attempts=(mine(),), domain="code", **served)
    corrected = make_call("2", attempts=(mine(),), **served)
    shadowed = make_call("3", attempts=(theirs(),))
    rejected = make_call("4", attempts=(mine(decision="rejected"), theirs()))
    unverified = make_call("5", attempts=(mine(),), route="local", reason="unverified")
    for call in (audited, corrected, shadowed, rejected, unverified):
        ledger.record(call)
    ledger.add_attempt(replace(theirs(role="audit", decision="unseen"), call_id=audited.id))
    ledger.add_attempt(replace(mine(role="shadow", decision="unseen"), call_id=shadowed.id))
    ledger.correct(corrected.id, "better")
    ledger.correct(unverified.id, "other")
    found = {label.input: label for label in labels(db, "decompose", 9)}
    assert list(found) == ["5", "4", "3", "2", "1"]
    assert [(f.served, f.audited) for f in found.values()] == [
        (False, False), (False, False), (False, False), (True, False), (True, True),
    ]  # fmt: skip
    assert [f.shown for f in found.values()] == ["other", "gold", "gold", "better", "gold"]
    assert (found["2"].frontier, found["1"].correction) == (None, None)
    assert (found["1"].domain, found["1"].features) == ("code", {"max_entropy": 1.0})


def test_a_correction_counts_before_the_frontier(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    call = make_call(attempts=(mine(decision="rejected"), theirs()))
    ledger.record(call)
    ledger.correct(call.id, "first")
    ledger.correct(call.id, "second")
    (label,) = labels(db, "decompose", 9)
    assert (label.shown, label.correction, label.frontier) == ("second", "second", "gold")


def test_what_nobody_judged_or_nobody_answered_is_no_label(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    for call in (
        make_call("1", attempts=(mine(),)),
        make_call("2", attempts=(theirs(),)),
        make_call("3", attempts=(mine(output=None), theirs())),
        make_call("4", attempts=(mine(), theirs(output=None))),
        make_call("5", attempts=(mine(), theirs()), boundary="recompose"),
    ):
        ledger.record(call)
    assert labels(db, "decompose", 9) == []


def test_the_newest_labels_come_first_and_no_more_than_asked_for(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    for day in (2, 3, 1):
        time = f"2026-01-0{day}T00:00:00.000000Z"
        ledger.record(make_call(str(day), attempts=(mine(), theirs()), created_at=time))
    assert [label.input for label in labels(db, "decompose", 2)] == ["3", "2"]
