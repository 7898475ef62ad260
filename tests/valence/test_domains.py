"""Entropy thresholds a domain, and the words that lie above them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from store import entropy
from store.calls import Attempt, Call
from store.entropy import WHOLE, EntropyThreshold
from store.keywords import Frequent, frequent
from valence.app import Valence
from valence.boundaries import get
from valence.domains import LONGEST_NAME, OWN_LABELS, Separation, domain_name, notice, separate
from valence.errors import InvalidInput
from valence.router import Answer

decompose = get("decompose")
GOLD = json.dumps({"triples": [["Ada", "born in", "London"]]})
OTHER = json.dumps({"triples": [["Ada", "born in", "Paris"]]})

Spoken = tuple[float, bool]


def a_call(nats: float, right: bool, domain: str | None = None, **changes: Any) -> Call:
    """A call that the local model answered at this entropy, and the frontier after it."""
    mine = Attempt(
        role="answer", route="local", decision="rejected", output=GOLD if right else OTHER,
        features={"max_entropy": nats}, uncertain=(("Lovelace", nats), ("London", nats / 2)),
    )  # fmt: skip
    theirs = Attempt(role="answer", route="frontier", decision="accepted", output=GOLD)
    values: dict[str, Any] = {"route": "frontier", "domain": domain, "attempts": (mine, theirs)}
    return Call(boundary="decompose", input="Ada", output=GOLD, **values | changes)


def record(app: Valence, spoken: Iterable[Spoken], domain: str | None = None) -> Call:
    """Records a call each; the last of them."""
    with app.stores.database.transaction():
        for nats, right in spoken:
            call = a_call(nats, right, domain)
            app.stores.ledger.record(call)
    return call


def noticed(app: Valence, call: Call) -> dict[str, EntropyThreshold]:
    notice(app, Answer(call, decompose, "Ada", (), None))
    return entropy.thresholds(app.stores.database, "decompose")


@pytest.fixture
def app(open_app: Callable[..., Valence]) -> Valence:
    return open_app()


def test_the_threshold_lies_between_right_and_wrong() -> None:
    assert separate([0.1, 0.2, 0.8, 1.0], [True, True, False, False]) == Separation(0.5, 1.0)
    found = separate([0.1, 0.3, 0.5, 0.7, 0.9], [True, True, False, True, False])
    assert found.nats == pytest.approx(0.4)  # J: 2/3 there, 1/2 above 0.8
    assert found.auroc == pytest.approx(5 / 6)


def test_equal_values_are_never_parted() -> None:
    assert separate([0.5, 0.5, 0.5, 0.1], [False, True, False, True]).nats == pytest.approx(0.3)


def test_an_entropy_that_tells_nothing_claims_no_gap() -> None:
    assert separate([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == Separation(0.9, 0.0)
    assert separate([0.5] * 4, [True, False] * 2) == Separation(0.5, 0.5)


@pytest.mark.parametrize("right", [[], [True, True], [False, False]])
def test_one_kind_of_label_gives_no_threshold(right: list[bool]) -> None:
    assert separate([0.1, 0.2][: len(right)], right) == Separation(None, None)


def test_no_other_threshold_separates_better() -> None:
    chance = random.Random(7)
    right = [chance.random() < 0.7 for _ in range(400)]
    entropies = [round(chance.gauss(0.5 if ok else 1.0, 0.4), 2) for ok in right]

    def gain(nats: float) -> float:
        above = [ok for value, ok in zip(entropies, right, strict=True) if value > nats]
        return above.count(False) / right.count(False) - above.count(True) / right.count(True)

    found = separate(entropies, right).nats
    assert found is not None
    assert gain(found) == pytest.approx(max(map(gain, entropies)))
    assert gain(found) > 0.3


def test_a_domain_with_few_labels_has_the_threshold_of_all(app: Valence) -> None:
    record(app, [(0.1, True), (0.2, True)], "code")
    call = record(app, [(0.8, False), (1.0, False)], "creative")
    record(app, [(0.15, True)])
    found = noticed(app, call)
    assert set(found) == {WHOLE, "code", "creative"}
    assert {each.nats for each in found.values()} == {0.5}
    assert [found[name].pooled for name in (WHOLE, "code", "creative")] == [False, True, True]
    assert {each.labels for each in found.values()} == {5}


def test_a_domain_with_many_labels_has_its_own(app: Valence) -> None:
    half = OWN_LABELS // 2
    record(app, [(0.2, True), (0.4, False)] * half, "code")
    call = record(app, [(2.0, True), (3.0, False)] * 10, "creative")
    found = noticed(app, call)
    assert (found["code"].nats, found["code"].pooled) == (pytest.approx(0.3), False)
    assert found["code"].labels == OWN_LABELS
    assert found["creative"].pooled
    assert found["creative"].labels == OWN_LABELS + 20


def test_without_a_wrong_answer_there_is_no_threshold_and_no_keyword(app: Valence) -> None:
    found = noticed(app, record(app, [(0.1, True), (5.0, True)]))
    assert found[WHOLE].nats is None
    noticed(app, record(app, [(9.0, True)]))
    assert frequent(app.stores.database, "decompose", None, 9) == []


def test_thresholds_are_fitted_anew_when_labels_have_grown_by_a_tenth(app: Valence) -> None:
    first = noticed(app, record(app, [(0.1, True), (0.9, False)] * 150))[WHOLE]
    assert (first.nats, first.labels) == (0.5, 300)
    assert noticed(app, record(app, [(0.7, True)] * 20)) == {WHOLE: first}  # not yet looked
    call = record(app, [(0.7, True)] * 10)
    later = noticed(app, call)[WHOLE]
    assert (later.nats, later.labels) == (pytest.approx(0.8), 330)


def test_calls_without_labels_are_looked_at_once_in_a_while(app: Valence) -> None:
    first = noticed(app, record(app, [(0.1, True), (0.9, False)]))[WHOLE]
    with app.stores.database.transaction():
        for _ in range(20):
            call = replace(a_call(1, True), attempts=())
            app.stores.ledger.record(call)
    later = noticed(app, call)[WHOLE]
    assert later.looked_at > first.looked_at
    assert (later.id, later.fitted_at) == (first.id, first.fitted_at)


def test_words_above_the_threshold_are_kept_for_their_domain(app: Valence) -> None:
    noticed(app, record(app, [(0.1, True), (0.9, False)] * 30))  # from 0.5 nats on
    for nats, domain in [(0.4, "code"), (0.8, "code"), (0.8, "code"), (1.2, None)]:
        call = record(app, [(nats, True)], domain)
        noticed(app, call)
        noticed(app, call)
    db = app.stores.database
    assert frequent(db, "decompose", "code", 9) == [Frequent("Lovelace", 2, 0.8)]
    assert frequent(db, "decompose", None, 9) == [
        Frequent("Lovelace", 3, 1.2),
        Frequent("London", 1, 0.6),
    ]


def test_who_does_not_want_to_be_learned_from_leaves_no_words(app: Valence) -> None:
    noticed(app, record(app, [(0.1, True), (0.9, False)] * 30))
    call = a_call(2.0, True, learn=False)
    app.stores.ledger.record(call)
    noticed(app, call)
    assert frequent(app.stores.database, "decompose", None, 9) == []


def test_names_of_domains_are_one_line_in_lower_case() -> None:
    assert domain_name("  Rust \n async ") == "rust async"
    assert domain_name("Ärzte") == "ärzte"
    assert domain_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\x1bb", "a\u202eb"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 40 printable"):
        domain_name(name)
