"""From calls to examples, on a real store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.examples import Examples
from store.ledger import Attempt, Call, Ledger
from valence.boundaries import get
from valence.curation import as_example, curate, fold, quality, split_of

decompose = get("decompose")
recompose = get("recompose")

TEXT = "Ada Lovelace was born in London."
FACTS = (("Ada Lovelace", "bornIn", "London"),)
OTHER = (("Ada Lovelace", "birthPlace", "London"),)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "valence.db")
    yield database
    database.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def examples(database: Database) -> Examples:
    return Examples(database)


def attempt(output: Any = FACTS, **columns: Any) -> Attempt:
    found = {
        "role": "answer",
        "route": "frontier",
        "decision": "accepted",
        "output": None if output is None else decompose.output_text(output),
    }
    return Attempt(**found | columns)


def call(*attempts: Attempt, text: str = TEXT, **columns: Any) -> Call:
    found = {
        "boundary": "decompose",
        "input": text,
        "output": attempts[-1].output if attempts else None,
        "route": attempts[-1].route if attempts else "builtin",
        "attempts": attempts,
    }
    return Call(**found | columns)


def live(examples: Examples) -> list[Any]:
    splits = ("train", "calibration", "test")
    return [example for split in splits for example in examples.of("decompose", split)]


def only_reason(ledger: Ledger, examples: Examples, *calls: Call, **given: Any) -> str:
    for made in calls:
        ledger.record(made)
    found = curate(ledger, examples, decompose, **given)
    assert found.kept + sum(found.dropped.values()) == len(calls)
    return next(iter(found.dropped), "")


# -- what is learned from --------------------------------------------------------------------------


def test_a_frontier_answer_becomes_an_example(ledger: Ledger, examples: Examples) -> None:
    answer = attempt()
    made = call(attempt(route="local", decision="rejected", output=OTHER), answer)
    assert only_reason(ledger, examples, made) == ""
    (example,) = live(examples)
    assert (example.input, example.origin, example.rank) == (TEXT, "frontier", 1)
    assert (example.call_id, example.attempt_id) == (made.id, answer.id)
    assert decompose.output_from_text(example.output) == FACTS
    assert example.split == split_of(example.group_key)
    assert curate(ledger, examples, decompose).kept == 0


@pytest.mark.parametrize("role", ["audit", "shadow"])
def test_an_unseen_frontier_answer_counts(ledger: Ledger, examples: Examples, role: Any) -> None:
    served = attempt(route="local", output=OTHER)
    unseen = attempt(role=role, decision="unseen")
    only_reason(ledger, examples, call(served, unseen))
    assert [decompose.output_from_text(e.output) for e in live(examples)] == [FACTS]


@pytest.mark.parametrize(
    ("attempts", "columns", "reason"),
    [
        ([attempt(route="local")], {"reason": "confident"}, "no demonstration"),
        ([attempt(route="builtin")], {"reason": "unverified"}, "unverified"),
        ([attempt(None, decision="failed")], {"reason": "unverified"}, "unverified"),
        ([attempt(decision="rejected")], {}, "no demonstration"),
        ([attempt()], {"learn": False}, "no consent"),
        ([], {}, "no demonstration"),
        ([attempt(())], {}, "empty output"),
        ([attempt(output=None)], {"output": "{}"}, "no demonstration"),
    ],
)
def test_nothing_else_is_learned_from(
    ledger: Ledger, examples: Examples, attempts: list[Attempt], columns: Any, reason: str
) -> None:
    assert only_reason(ledger, examples, call(*attempts, **columns)) == reason
    assert live(examples) == []
    assert examples.drop_reasons("decompose") == {reason: 1}


def test_an_answer_that_does_not_parse_is_dropped(ledger: Ledger, examples: Examples) -> None:
    broken = Attempt(role="answer", route="frontier", decision="accepted", output='{"triples": 3}')
    assert only_reason(ledger, examples, call(broken)) == "does not parse"


def test_a_correction_outranks_the_frontier(ledger: Ledger, examples: Examples) -> None:
    made = call(attempt())
    only_reason(ledger, examples, made)
    before = live(examples)[0]
    feedback = ledger.correct(made.id, decompose.output_text(OTHER))
    assert curate(ledger, examples, decompose).kept == 1
    (after,) = live(examples)
    assert (after.origin, after.feedback_id, after.split) == (
        "correction", feedback.id, before.split,
    )  # fmt: skip
    assert decompose.output_from_text(after.output) == OTHER


def test_the_newest_correction_counts(ledger: Ledger, examples: Examples) -> None:
    made = call(attempt(route="builtin"), reason="unverified")
    ledger.record(made)
    ledger.correct(made.id, decompose.output_text(FACTS))
    ledger.rate(made.id, 1)
    ledger.correct(made.id, decompose.output_text(OTHER))
    curate(ledger, examples, decompose)
    assert [decompose.output_from_text(e.output) for e in live(examples)] == [OTHER]


def test_a_correction_needs_consent_of_its_own(ledger: Ledger, examples: Examples) -> None:
    made = call(attempt(), learn=False)
    ledger.record(made)
    ledger.correct(made.id, decompose.output_text(OTHER))
    assert curate(ledger, examples, decompose, corrections=False).dropped == {"no consent": 1}
    ledger.correct(made.id, decompose.output_text(OTHER))
    assert curate(ledger, examples, decompose).kept == 1


def test_near_duplicates_are_one_example(ledger: Ledger, examples: Examples) -> None:
    calls = [call(attempt(), text=text) for text in (TEXT, TEXT.upper(), f"  {TEXT[:-1]}!")]
    assert only_reason(ledger, examples, *calls) == "duplicate"
    assert len(live(examples)) == 1


def test_calls_of_one_episode_share_a_split(ledger: Ledger, examples: Examples) -> None:
    texts = [f"Person {number} was born in London." for number in range(12)]
    calls = [call(attempt(), text=text, episode="turn-1") for text in texts]
    assert only_reason(ledger, examples, *calls) == ""
    assert {example.split for example in live(examples)} == {split_of("turn-1")}


def test_secrets_are_masked_on_both_sides(ledger: Ledger, examples: Examples) -> None:
    secret = "4111 1111 1111 1111"
    text = f"The card of Ada Lovelace is {secret} and she keeps it."
    facts = (("Ada Lovelace", "card", secret),)
    only_reason(ledger, examples, call(attempt(facts), text=text))
    (example,) = live(examples)
    assert secret not in example.input + example.output
    assert "[masked:card]" in example.input
    assert "[masked:card]" in example.output


def test_more_calls_than_a_batch_are_all_judged(ledger: Ledger, examples: Examples) -> None:
    for number in range(1, 511):
        ledger.record(call(attempt(), text=f"Person {number} was born in London."))
    assert curate(ledger, examples, decompose).kept == 510


def test_the_other_boundary_is_left_alone(ledger: Ledger, examples: Examples) -> None:
    ledger.record(call(attempt()))
    assert curate(ledger, examples, recompose).kept == 0
    assert curate(ledger, examples, decompose).kept == 1


# -- quality ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "facts", "reason"),
    [
        (TEXT, FACTS, None),
        ("东京是日本的首都，人口众多。", (("东京", "首都", "日本"),), None),
        (TEXT, (), "empty output"),
        ("Ada!", FACTS, "shorter than 10 characters"),
        ("Ada Lovelace", FACTS, "fewer than 3 words"),
        ("word " * 1000, FACTS, "too long"),
        ("12345 67890 12345", FACTS, "no words"),
        ("a 1234567890 b 1234567890 c", FACTS, "not language"),
        (TEXT, (("I", "am", "sorry, as an AI model I cannot"),), "refusal"),
        (TEXT, (("Ada", "is", "x" * 201),), "value too long"),
        (TEXT, (("Ada", "says", TEXT),), "echo"),
        (TEXT, tuple((f"Ada {n}", "is", "here") for n in range(21)), "hard check"),
    ],
)
def test_quality_of_triples(text: str, facts: Any, reason: str | None) -> None:
    assert quality(decompose, text, facts) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT, None),
        ("I'm sorry, I can't help with Ada Lovelace bornIn London.", "refusal"),
        ("I cannot assist with Ada Lovelace in London.", "refusal"),
        ("As an AI language model, Ada Lovelace and London mean nothing to me.", "refusal"),
        (json.dumps({"triples": FACTS}), "echo"),
        ("She was born in London, of all places.", "hard check"),
        ("London", "shorter than 10 characters"),
    ],
)
def test_quality_of_text(text: str, reason: str | None) -> None:
    assert quality(recompose, FACTS, text) == reason


def test_a_person_may_say_sorry() -> None:
    text = "I'm sorry, I can't help my brother in Leeds."
    assert quality(decompose, text, (("I", "has", "brother"),)) is None


# -- keys and splits -------------------------------------------------------------------------------


def test_fold_keeps_words_and_digits() -> None:
    assert fold("  Ａda’s  FIRST—program, 1843! ") == "ada s first program 1843"
    assert fold("straße") == fold("STRASSE")
    assert fold("v1.5") != fold("v15")


def test_splits_are_stable_and_in_proportion() -> None:
    counts = Counter(split_of(f"group {number}") for number in range(4000))
    assert counts["train"] / 4000 == pytest.approx(0.7, abs=0.03)
    assert counts["calibration"] / 4000 == pytest.approx(0.2, abs=0.03)
    assert split_of("ada lovelace was born in london") == "train"


def test_an_upload_keeps_its_document() -> None:
    example = as_example(decompose, TEXT, FACTS, "upload", group_key="book-1")
    assert (example.group_key, example.split) == ("book-1", split_of("book-1"))
    assert example.fold_key == fold(TEXT)


# -- while it is at it -----------------------------------------------------------------------------


class Meddling(type(decompose)):  # type: ignore[misc]
    """The boundary, with somebody who does something while the first call is judged."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deeds = [deed]

    def unfit(self, input: str, origin: str) -> str | None:
        if self.deeds:
            self.deeds.pop()()
        return None


def test_what_comes_to_a_call_while_others_are_judged_is_not_lost(
    ledger: Ledger, examples: Examples
) -> None:
    first, corrected, audited = (
        call(attempt(None, route="local", decision="rejected"), text=f"{TEXT} Part {n}.")
        for n in range(3)
    )
    ledger.record(replace(first, attempts=(attempt(),)))
    ledger.record(corrected)
    ledger.record(audited)

    def meddle() -> None:
        ledger.correct(corrected.id, decompose.output_text(OTHER))
        ledger.add_attempt(attempt(role="audit", decision="unseen", call_id=audited.id))

    found = curate(ledger, examples, Meddling(meddle))
    assert (found.kept, found.dropped) == (3, {})
    assert {example.call_id for example in live(examples)} == {first.id, corrected.id, audited.id}


def test_a_call_that_is_forgotten_while_others_are_judged_is_passed_over(
    ledger: Ledger, examples: Examples
) -> None:
    first, gone = call(attempt()), call(attempt(), text=f"{TEXT} Gone.")
    ledger.record(first)
    ledger.record(gone)
    found = curate(ledger, examples, Meddling(lambda: ledger.forget(gone.id)))
    assert found.kept == 1


def test_a_call_that_another_process_has_judged_meanwhile_keeps_its_verdict(
    ledger: Ledger, examples: Examples
) -> None:
    first, other = call(attempt()), call(attempt(), text=f"{TEXT} Other.")
    ledger.record(first)
    ledger.record(other)
    curate(ledger, examples, Meddling(lambda: curate(ledger, examples, decompose)))
    verdict = examples.verdict_on(other.id)
    assert verdict is not None
    assert (verdict.verdict, verdict.reason) == ("kept", "")
