from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from store.database import Database
from store.errors import StoreError, UnknownExample
from store.examples import Examples
from store.ledger import Ledger
from store.runs import Runs

Make = Callable[..., Any]


@pytest.fixture
def examples(db: Database) -> Examples:
    return Examples(db)


def test_a_correction_replaces_and_stays_in_the_split(
    examples: Examples, make_example: Make
) -> None:
    first = make_example(split="test")
    better = make_example(split="train", origin="correction", output='{"better":1}')
    assert examples.add(first) == "new"
    assert examples.add(better) == "replaced"
    assert examples.get(first.id).replaced_by == better.id
    assert examples.of("decompose", "test") == [replace(better, split="test")]
    assert examples.counts("decompose") == {"train": 0, "calibration": 0, "test": 1}


def test_an_equal_or_lower_rank_changes_nothing(examples: Examples, make_example: Make) -> None:
    live = make_example(origin="upload")
    examples.add(live)
    assert examples.add(make_example(origin="upload")) == "duplicate"
    assert examples.add(make_example(origin="frontier")) == "duplicate"
    assert examples.of("decompose", "train") == [live]


def test_a_later_correction_replaces_an_earlier_one(
    examples: Examples, ledger: Ledger, make_call: Make, make_example: Make
) -> None:
    call = make_call()
    ledger.record(call)
    said = [ledger.correct(call.id, output) for output in ("1", "2")]
    first, second = (
        make_example(origin="correction", output=f.output, feedback_id=f.id) for f in said
    )
    assert [examples.add(e) for e in (first, second, second)] == ["new", "replaced", "duplicate"]
    assert [e.output for e in examples.of("decompose", "train")] == ["2"]


def test_a_file_that_was_set_right_takes_the_place_of_what_it_said_before(
    examples: Examples, make_example: Make
) -> None:
    wrong, right = (make_example(origin="upload", output=output) for output in ("1", "2"))
    assert [examples.add(e) for e in (wrong, right, right)] == ["new", "replaced", "duplicate"]
    assert [e.output for e in examples.of("decompose", "train")] == ["2"]


def test_the_same_input_may_live_in_two_boundaries(examples: Examples, make_example: Make) -> None:
    assert examples.add(make_example()) == "new"
    assert examples.add(make_example(boundary="recompose")) == "new"


def test_of_chooses_split_origin_and_number_oldest_first(
    examples: Examples, make_example: Make
) -> None:
    made = [make_example(str(i), origin=o) for i, o in enumerate(("base", "upload", "frontier"))]
    for example in made:
        examples.add(example)
    examples.add(make_example("held out", split="test"))
    assert examples.of("decompose", "train") == made
    assert examples.of("decompose", "train", limit=1) == made[:1]
    assert examples.of("decompose", "train", origins=["base", "frontier"]) == [made[0], made[2]]
    assert examples.of("decompose", "calibration") == []


def test_keep_adds_and_judges_in_one_step(
    examples: Examples, ledger: Ledger, make_call: Make, make_example: Make
) -> None:
    calls = [make_call(str(i)) for i in range(3)]
    for call in calls:
        ledger.record(call)
    assert examples.keep(make_example(call_id=calls[0].id), calls[0].id) == "new"
    assert examples.keep(make_example(call_id=calls[1].id), calls[1].id) == "duplicate"
    examples.verdict("decompose", calls[2].id, None, "echo")
    examples.verdict("decompose", calls[2].id, None, "refusal")
    assert examples.drop_reasons("decompose") == {"duplicate": 1, "refusal": 1}
    assert ledger.uncurated("decompose", 10) == []


def test_keep_leaves_nothing_when_its_verdict_cannot_stand(
    examples: Examples, make_example: Make
) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        examples.keep(make_example(), "no such call")
    assert examples.counts("decompose")["train"] == 0


def test_untrained_is_what_no_run_has_begun_to_learn_from_whatever_the_clock_says(
    examples: Examples, make_example: Make
) -> None:
    first = make_example("a", created_at="2030-01-01T00:00:00.000000Z")
    examples.add(first)
    examples.add(make_example("seed", origin="base"))
    assert examples.untrained("decompose") == 1
    examples.teach([first.id])
    assert examples.untrained("decompose") == 0
    examples.add(make_example("b", created_at="2020-01-01T00:00:00.000000Z"))
    examples.add(make_example("c", split="calibration"))
    assert examples.untrained("decompose") == 1
    assert examples.untrained("recompose") == 0


def test_what_was_curated_counts_from_the_last_training_on(
    db: Database, examples: Examples, ledger: Ledger, make_call: Make
) -> None:
    def judge(*reasons: str) -> None:
        for reason in reasons:
            call = make_call()
            ledger.record(call)
            examples.verdict("decompose", call.id, None, reason)

    judge("refusal", "echo", "", "echo")
    assert examples.curated("decompose") == {"echo": 2, "": 1, "refusal": 1}
    assert examples.curated("recompose") == {}
    runs = Runs(db)
    run = runs.start("decompose", "manual", {})
    runs.move(run.id, "curating")
    assert examples.curated("decompose")["echo"] == 2
    runs.move(run.id, "training")
    judge("echo")
    assert examples.curated("decompose") == {"echo": 1}


def test_get_names_what_it_lacks(examples: Examples, make_example: Make) -> None:
    example = make_example()
    examples.add(example)
    assert examples.get(example.id[:20]) == example
    with pytest.raises(UnknownExample, match="nothing"):
        examples.get("nothing")
