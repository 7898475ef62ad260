from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store import entropy
from store.adapters import Adapter, Adapters
from store.database import Database
from store.entropy import WHOLE, EntropyThreshold
from store.errors import UnknownCall
from store.evaluations import Evaluation, Evaluations, Item
from store.examples import Examples
from store.keywords import Keyword, keep
from store.ledger import Attempt, Ledger

Make = Callable[..., Any]

SECRET = "Quxzanthrovimb"
OTHERS = 300


def adapter(boundary: str = "decompose") -> Adapter:
    return Adapter(
        boundary=boundary,
        base_model="base",
        base_revision="r",
        prompt_version="1",
        folder="adapters/a",
        weights_sha256="w",
    )


def bytes_of(path: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(path.parent.iterdir())).lower()


@pytest.fixture
def secret_id(db: Database, ledger: Ledger, make_call: Make, make_example: Make) -> str:
    """A call whose secret stands in every table that can hold text, amid many others."""
    for i in range(OTHERS):
        ledger.record(make_call(f"Person{i} met Person{i + 1} in town {i}."))
    tries = Attempt(
        role="answer", route="frontier", decision="accepted", request=SECRET, response=SECRET,
        output=SECRET, error=SECRET, uncertain=((SECRET, 1.0),),
    )  # fmt: skip
    call = make_call(
        f"{SECRET} lives here.", output=f'["{SECRET}"]', attempts=(tries,), domain=SECRET
    )
    ledger.record(call)
    word = Keyword(
        boundary="decompose", domain=SECRET, word=SECRET, entropy=1.0, attempt_id=tries.id,
        call_id=call.id,
    )  # fmt: skip
    keep(db, [word])
    fitted = [
        EntropyThreshold(
            boundary="decompose", domain=domain, nats=1.0, labels=1, pooled=True, auroc=None
        )
        for domain in (SECRET, WHOLE)
    ]
    entropy.keep(db, fitted)
    feedback = ledger.correct(call.id, f'{{"note":"{SECRET}"}}')
    ledger.rate(call.id, 1, SECRET)
    example = make_example(SECRET, origin="correction", output=SECRET, feedback_id=feedback.id)
    Examples(db).keep(replace(example, call_id=call.id), call.id)
    evaluation = Evaluation(boundary="decompose", variant="v", split="test", metrics={"f1": 1.0})
    item = Item(example_id=example.id, output=SECRET, score=1.0, correct=True)
    Evaluations(db).record(evaluation, [item])
    for i in range(OTHERS):
        ledger.record(make_call(f"Ship{i} left Port{i}."))
    return str(call.id)


def test_nothing_of_a_forgotten_call_is_left_not_even_in_the_bytes(
    db: Database, ledger: Ledger, path: Path, secret_id: str
) -> None:
    whole, indexed = SECRET.lower().encode(), SECRET.lower()[1:].encode()
    db.checkpoint()
    assert whole in bytes_of(path)
    forgotten = ledger.forget(secret_id)
    assert forgotten.erased
    assert forgotten.counts == {
        "evaluation_items": 1, "verdicts": 1, "examples": 1, "feedback": 2, "keywords": 1,
        "attempts": 1, "calls": 1, "entropy_thresholds": 1,
    }  # fmt: skip
    assert whole not in bytes_of(path)
    assert indexed not in bytes_of(path)  # the index keeps words without what they share
    assert ledger.search(SECRET) == []
    assert len(ledger.search("Person7")) == 2
    assert db.integrity() == "ok"
    db.connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    with pytest.raises(UnknownCall):
        ledger.get(secret_id)
    with pytest.raises(UnknownCall):
        ledger.forget(secret_id)


def test_the_index_alone_is_cleaned_too(
    db: Database, ledger: Ledger, path: Path, make_call: Make
) -> None:
    word = "vlimpqorthagx"
    call = make_call(f"a {word} b")
    ledger.record(call)
    db.checkpoint()
    assert bytes_of(path).count(word.encode()) >= 2  # the row and the index
    ledger.forget(call.id)
    assert word.encode() not in bytes_of(path)


def test_adapters_that_learned_from_it_are_marked(
    db: Database, ledger: Ledger, make_call: Make, make_example: Make
) -> None:
    call, examples, adapters = make_call(), Examples(db), Adapters(db)
    ledger.record(call)
    mine, other = make_example(call_id=call.id), make_example("other")
    examples.add(mine)
    examples.add(other)
    learned, clean = adapter(), adapter()
    adapters.register(learned, [mine.id, other.id])
    adapters.register(clean, [other.id])
    forgotten = ledger.forget(call.id)
    assert forgotten.example_ids == (mine.id,)
    assert forgotten.adapter_ids == (learned.id,)
    assert "forgotten" in (adapters.get(learned.id).taint_reason or "")
    assert adapters.get(learned.id).tainted_at is not None
    assert adapters.get(clean.id).tainted_at is None
    assert adapters.lineage(learned.id) == sorted([mine.id, other.id])


def test_an_example_of_another_call_stands_again_and_its_duplicates_are_judged_anew(
    db: Database, ledger: Ledger, make_call: Make, make_example: Make
) -> None:
    examples = Examples(db)
    first, forgotten, third = (make_call(str(i)) for i in range(3))
    for call in (first, forgotten, third):
        ledger.record(call)
    old = make_example(call_id=first.id)
    examples.keep(old, first.id)
    better = make_example(call_id=forgotten.id, origin="correction")
    assert examples.keep(better, forgotten.id) == "replaced"
    assert examples.keep(make_example(call_id=third.id), third.id) == "duplicate"
    ledger.forget(forgotten.id)
    assert [e.id for e in examples.of("decompose", "train")] == [old.id]
    assert examples.get(old.id).replaced_by is None
    assert ledger.uncurated("decompose", 9) == [third.id]


def test_a_chain_of_forgotten_examples_is_closed(
    db: Database, ledger: Ledger, make_call: Make, make_example: Make
) -> None:
    examples = Examples(db)
    first, second = make_call("a"), make_call("b")
    ledger.record(first)
    ledger.record(second)
    chain = [
        make_example(call_id=first.id),
        make_example(call_id=second.id, origin="curriculum"),
        make_example(call_id=second.id, origin="correction"),
    ]
    assert [examples.add(example) for example in chain] == ["new", "replaced", "replaced"]
    ledger.forget(second.id)
    assert [e.id for e in examples.of("decompose", "train")] == [chain[0].id]


def test_forgetting_does_not_refund_the_budget(ledger: Ledger, make_call: Make) -> None:
    call = make_call(cost_usd=0.5)
    ledger.record(call)
    ledger.forget(call.id)
    assert ledger.spent_usd("2026-01") == 0.5
    assert ledger.spent_usd("9999") == 0.0


def test_a_reader_in_the_way_is_told(ledger: Ledger, path: Path, make_call: Make) -> None:
    call = make_call()
    ledger.record(call)
    reader = Database(path)
    reader.connection.execute("BEGIN")
    reader.read("SELECT * FROM calls")
    ledger_db = Database(path)
    ledger_db.connection.execute("PRAGMA busy_timeout = 50")
    assert not Ledger(ledger_db).forget(call.id).erased
    reader.close()
    assert ledger_db.checkpoint()
    assert b"lives in" not in bytes_of(path)
    ledger_db.close()
