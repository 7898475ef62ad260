from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from store.clock import later
from store.database import Database
from store.demonstrations import corrections
from store.errors import AmbiguousId, StoreError, UnknownCall
from store.examples import Examples
from store.labels import labels
from store.ledger import Attempt, Ledger

Make = Callable[..., Any]


def test_a_call_comes_back_as_it_was_recorded(ledger: Ledger, make_call: Make) -> None:
    call = make_call("Zoë ate 3 🍐.", masked={"card": 1}, learn=False, confidence=0.5)
    ledger.record(call)
    found = ledger.get(call.id)
    assert [a.position for a in found.attempts] == [0, 1]
    assert {a.call_id for a in found.attempts} == {call.id}
    unplaced = tuple(replace(a, call_id="", position=0) for a in found.attempts)
    assert replace(found, attempts=unplaced) == call


def test_a_call_is_kept_whole_or_not_at_all(ledger: Ledger, make_call: Make) -> None:
    twice = Attempt(role="answer", route="local", decision="failed")
    call = make_call(attempts=(twice, twice))
    with pytest.raises(StoreError, match="UNIQUE"):
        ledger.record(call)
    assert ledger.list() == []


def test_a_later_attempt_adds_its_cost(ledger: Ledger, make_call: Make) -> None:
    call = make_call(cost_usd=0.25)
    ledger.record(call)
    audit = Attempt(
        call_id=call.id, role="audit", route="frontier", decision="unseen", cost_usd=0.5
    )
    ledger.add_attempt(audit)
    found = ledger.get(call.id)
    assert found.cost_usd == 0.75
    assert found.attempts[2] == replace(audit, position=2)
    with pytest.raises(UnknownCall):
        ledger.add_attempt(replace(audit, call_id="none"))


def test_a_late_frontier_answer_has_the_call_curated_anew(
    ledger: Ledger, db: Database, make_call: Make
) -> None:
    call = make_call()
    ledger.record(call)
    Examples(db).verdict("decompose", call.id, None, "no demonstration")
    assert ledger.uncurated("decompose", 10) == []
    shadow = Attempt(call_id=call.id, role="shadow", route="local", decision="unseen")
    ledger.add_attempt(shadow)
    assert ledger.uncurated("decompose", 10) == []
    ledger.add_attempt(Attempt(call_id=call.id, role="audit", route="frontier", decision="unseen"))
    assert ledger.uncurated("decompose", 10) == [call.id]


def test_get_takes_a_unique_beginning(ledger: Ledger, make_call: Make) -> None:
    for call_id in ("aa-1", "aa-2", "ab-1"):
        ledger.record(make_call(id=call_id))
    assert ledger.get("ab").id == "ab-1"
    assert ledger.get("aa-1").id == "aa-1"
    with pytest.raises(AmbiguousId):
        ledger.get("aa")
    for unknown in ("", "b", "%", "aa-10"):
        with pytest.raises(UnknownCall):
            ledger.get(unknown)


def test_list_filters_and_shows_the_newest_first(ledger: Ledger, make_call: Make) -> None:
    ledger.record(make_call("one", created_at="2026-01-01T00:00:00.000000Z"))
    ledger.record(make_call("two", route="local"))
    ledger.record(make_call("three", boundary="recompose"))
    assert [c.input for c in ledger.list()] == ["three", "two", "one"]
    assert [c.input for c in ledger.list(boundary="decompose")] == ["two", "one"]
    assert [c.input for c in ledger.list(route="frontier", limit=1)] == ["three"]
    assert [c.input for c in ledger.list(since="2026-02")] == ["three", "two"]
    assert ledger.list()[0].attempts == ()


def test_search_finds_inputs_outputs_and_corrections(ledger: Ledger, make_call: Make) -> None:
    first, second = make_call("The harbour of Bergen"), make_call("The harbour", boundary="other")
    ledger.record(first)
    ledger.record(second)
    ledger.correct(first.id, '{"triples":[["Bergen","has","Vågen"]]}')
    ledger.correct(first.id, '{"triples":[["Bergen","owns","fjord"]]}')
    assert [c.id for c in ledger.search("harbour")] == [second.id, first.id]
    assert [c.id for c in ledger.search("harbour", boundary="other")] == [second.id]
    assert [c.id for c in ledger.search("HARBOUR bergen")] == [first.id]
    assert [c.id for c in ledger.search("vagen fjord")] == [first.id]
    assert len(ledger.search("London", limit=1)) == 1
    assert ledger.search("unheard") == []


@pytest.mark.parametrize(
    "query",
    ['"', '""', "a AND", "NEAR(a b", "input:Ada", "^Ada", "a*", "* *", "-Ada", "(", "{a b}: c",
     "a\0b", "\0", "\ud800", "'; DROP TABLE calls; --", "", "   ", "?!", "NOT", "OR OR", "a+b",
     "x" * 100_000, "🍐", "\u202e", "³", "a\"b\"c"],
)  # fmt: skip
def test_no_query_is_a_syntax_error(ledger: Ledger, make_call: Make, query: str) -> None:
    ledger.record(make_call())
    assert len(ledger.search(query)) <= 1


def test_operators_are_ordinary_words(ledger: Ledger, make_call: Make) -> None:
    ledger.record(make_call("cats NOT dogs"))
    ledger.record(make_call("cats alone"))
    assert [c.input for c in ledger.search("cats NOT dogs")] == ["cats NOT dogs"]
    assert [c.input for c in ledger.search('"cats" (alone)')] == ["cats alone"]


def test_feedback_is_kept_in_its_order(ledger: Ledger, make_call: Make) -> None:
    call = make_call()
    ledger.record(call)
    rating = ledger.rate(call.id, -1, "wrong town")
    correction = ledger.correct(call.id, "{}")
    assert ledger.feedback(call.id) == [rating, correction]
    with pytest.raises(UnknownCall):
        ledger.rate("none", 1)
    with pytest.raises(UnknownCall):
        ledger.correct("none", "{}")


def test_the_last_correction_counts_though_the_clock_went_back(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    mine = Attempt(role="answer", route="local", decision="accepted", output="[]", adapter_id="one")
    call = make_call(attempts=(mine,))
    ledger.record(call)
    first, second = ledger.correct(call.id, "1"), ledger.correct(call.id, "2")
    db.connection.execute(
        "UPDATE feedback SET created_at = '2999', id = 'z' WHERE id = ?", (first.id,)
    )
    assert ledger.feedback(call.id)[-1] == second
    (label,), (demonstrated,) = labels(db, call.boundary, 10), corrections(db, "one")
    assert (label.correction, demonstrated.correction) == ("2", "2")


def test_spending_counts_since_a_moment(ledger: Ledger, make_call: Make) -> None:
    ledger.record(make_call(cost_usd=1.0, created_at="2026-01-01T00:00:00.000000Z"))
    ledger.record(make_call(cost_usd=0.25))
    assert ledger.spent_usd("2026-06") == 0.25
    assert ledger.spent_usd("2025") == 1.25
    assert ledger.spent_usd(later(60)) == 0.0


def test_uncurated_calls_wait_until_their_verdict_and_again_after_a_correction(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    calls = [make_call(f"call {i}") for i in range(3)]
    for call in calls:
        ledger.record(call)
    Examples(db).verdict("decompose", calls[0].id, None, "too short")
    assert ledger.uncurated("decompose", 10) == [calls[1].id, calls[2].id]
    with ledger.judging(calls[1].id) as waiting, ledger.judging(calls[0].id) as judged:
        assert waiting is not None
        assert len(waiting.attempts) == 2
        assert judged is None
    assert ledger.uncurated("recompose", 10) == []
    ledger.rate(calls[0].id, 1)
    assert len(ledger.uncurated("decompose", 10)) == 2
    ledger.correct(calls[0].id, "{}")
    assert ledger.uncurated("decompose", 10) == [c.id for c in calls]
