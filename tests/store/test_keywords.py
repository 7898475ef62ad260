from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.database import Database
from store.entropy import WHOLE, EntropyThreshold, keep, looked, thresholds
from store.keywords import Frequent, Keyword, frequent
from store.keywords import keep as keep_words
from store.ledger import Ledger

Make = Callable[..., Any]


@pytest.fixture
def say(db: Database, ledger: Ledger, make_call: Make) -> Callable[..., str]:
    """Records a call and keeps these words of its local attempt."""

    def said(domain: str | None, **words: float) -> str:
        call = make_call(domain=domain)
        ledger.record(call)
        found = [
            Keyword(
                boundary="decompose", domain=domain, word=word, entropy=nats,
                attempt_id=call.attempts[0].id, call_id=call.id,
            )
            for word, nats in words.items()
        ]  # fmt: skip
        keep_words(db, found)
        keep_words(db, found)
        return str(call.id)

    return said


def test_words_are_counted_by_domain(db: Database, say: Callable[..., str]) -> None:
    say("code", monad=2.0, lens=1.0)
    say("code", monad=3.0)
    say(None, monad=1.5, ode=0.5)
    assert frequent(db, "decompose", "code", 9) == [
        Frequent("monad", 2, 3.0),
        Frequent("lens", 1, 1.0),
    ]
    whole = frequent(db, "decompose", None, 2)
    assert whole == [Frequent("monad", 3, 3.0), Frequent("lens", 1, 1.0)]
    assert frequent(db, "decompose", "art", 9) == frequent(db, "recompose", None, 9) == []


def test_the_words_of_a_forgotten_call_go_with_it(
    db: Database, ledger: Ledger, say: Callable[..., str]
) -> None:
    call = say("code", Quxzanthro=2.0, Vlimpqorth=2.0)
    say("code", monad=1.0)
    db.checkpoint()
    assert b"Quxzanthro" in db.path.read_bytes()
    assert ledger.forget(call).counts["keywords"] == 2
    assert [each.word for each in frequent(db, "decompose", None, 9)] == ["monad"]
    assert b"Quxzanthro" not in db.path.read_bytes()


def test_a_threshold_takes_the_place_of_the_earlier_one(db: Database) -> None:
    first = EntropyThreshold(
        boundary="decompose", domain="code", nats=None, labels=3, pooled=True, auroc=None,
        looked_at="2026-01-01",
    )  # fmt: skip
    whole = EntropyThreshold(
        boundary="decompose", domain=WHOLE, nats=1.0, labels=9, pooled=False, auroc=0.9
    )
    later = EntropyThreshold(
        boundary="decompose", domain="code", nats=0.7, labels=500, pooled=False, auroc=0.8
    )
    keep(db, [first, whole])
    keep(db, [later])
    assert thresholds(db, "decompose") == {"code": later, WHOLE: whole}
    assert thresholds(db, "recompose") == {}


def test_a_look_at_the_labels_is_noted(db: Database) -> None:
    old = EntropyThreshold(
        boundary="decompose", domain=WHOLE, nats=1.0, labels=9, pooled=False, auroc=None,
        fitted_at="2026-01-01", looked_at="2026-01-01",
    )  # fmt: skip
    keep(db, [old])
    looked(db, "decompose")
    found = thresholds(db, "decompose")[WHOLE]
    assert (found.fitted_at, found.nats) == ("2026-01-01", 1.0)
    assert found.looked_at > "2026-01-01"
