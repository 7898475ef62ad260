from __future__ import annotations

import pytest

from store.database import Database
from store.errors import StoreError, UnknownEvaluation
from store.evaluations import Evaluation, Evaluations, Item


def evaluation(variant: str = "base") -> Evaluation:
    return Evaluation(boundary="decompose", variant=variant, split="test", metrics={"f1": 0.5})


def item(example_id: str, score: float = 1.0) -> Item:
    return Item(
        example_id=example_id, output="{}", score=score, correct=score == 1.0, features={"m": -1.0}
    )


def test_an_evaluation_comes_back_with_its_items(db: Database) -> None:
    evaluations, first, second = Evaluations(db), evaluation(), evaluation("candidate")
    evaluations.record(first, [item("b"), item("a", 0.25)])
    evaluations.record(second, [])
    assert evaluations.list("decompose") == [second, first]
    assert evaluations.get(first.id) == first
    assert evaluations.items(first.id) == [item("a", 0.25), item("b")]
    assert evaluations.items(second.id) == []
    with pytest.raises(UnknownEvaluation):
        evaluations.get("none")


def test_an_evaluation_is_kept_whole_or_not_at_all(db: Database) -> None:
    with pytest.raises(StoreError, match="UNIQUE"):
        Evaluations(db).record(evaluation(), [item("a"), item("a")])
    assert Evaluations(db).list("decompose") == []


def test_the_latest_items_of_the_same_variant_are_used_again(db: Database) -> None:
    evaluations = Evaluations(db)
    evaluations.record(evaluation(), [item("a", 0.0), item("b")])
    evaluations.record(evaluation(), [item("a", 0.5)])
    evaluations.record(evaluation("other"), [item("c")])
    assert evaluations.items_of("base", "decompose", ["a", "b", "c", "d"]) == {
        "a": item("a", 0.5),
        "b": item("b"),
    }
    assert evaluations.items_of("base", "recompose", ["a"]) == {}
