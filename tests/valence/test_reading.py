"""What a completion of the local model says: output, features by fixed names, parts one by one."""

from __future__ import annotations

from typing import Any

import pytest

from models.generation import Completion, Finished
from models.prompting import LINES
from models.scores import TokenScores, features
from tests.valence.test_familiarity import example
from valence.boundaries import get
from valence.familiarity import Familiar
from valence.predictors import LocalPredictor
from valence.reading import generation, read_completion, read_parts

decompose, recompose = get("decompose"), get("recompose")
TEXT = "Ada was born in London and led the crew."
RAW = "Ada | birthPlace | London\nAda | leader | crew"
FAMILIAR = Familiar.of(decompose, [example("birthPlace")])  # of Ada and London


def certain(logprob: float) -> TokenScores:
    """Of one token."""
    return TokenScores([logprob], [1.0], [0.5], 1)


class Runtime:
    """A runtime that always writes the same."""

    markers = LINES

    def __init__(self, text: str = RAW, parts: int = 2, finished: Finished = "eos") -> None:
        self.completion = Completion(
            text=text,
            tokens=(1,),
            scores=certain(-0.5),
            finished=finished,
            input_tokens=1,
            cached_tokens=0,
            output_tokens=1,
            latency_ms=1.0,
            tokens_per_s=1.0,
            parts=tuple(features(certain(-0.1 * place)) for place in range(parts)),
            uncertain=(("crew", 1.5), ("leader", 0.5)),
        )

    def generate(self, _: object) -> Completion:
        return self.completion


def read(runtime: Any, familiar: Familiar | None = None) -> tuple[Any, dict[str, float], str]:
    return read_completion(decompose, TEXT, runtime, runtime.completion, familiar)


def parts(runtime: Any, familiar: Familiar | None = None) -> tuple[dict[str, float], ...]:
    output = decompose.read(runtime.completion.text, LINES)
    return read_parts(decompose, TEXT, output, runtime, runtime.completion, familiar)


def test_features_have_the_same_names_with_and_without_a_familiar_one() -> None:
    _, bare, _ = read(Runtime())
    output, known, veto = read(Runtime(), FAMILIAR)
    assert (len(output), veto) == (2, "")
    assert bare.keys() == known.keys() > {"mean_logprob", "literal_share", "fact_known"}
    assert (bare["fact_known"], known["fact_known"]) == (0.0, 0.5)


def test_the_facts_of_a_text_are_those_it_was_asked_to_state() -> None:
    runtime: Any = Runtime("Ada was born in London.")
    facts = decompose.from_json([["Ada", "birthPlace", "London"]])
    _, features, _ = read_completion(recompose, facts, runtime, runtime.completion, FAMILIAR)
    assert features["fact_known"] == 1.0
    assert read_parts(recompose, facts, "text", runtime, runtime.completion, FAMILIAR) == ()


def test_each_part_has_the_names_of_the_whole_and_its_own_figures() -> None:
    found = parts(Runtime(), FAMILIAR)
    assert [part["fact_known"] for part in found] == [1.0, 0.0]
    assert [part["mean_logprob"] for part in found] == [0.0, -0.1]
    assert all(part.keys() == read(Runtime())[1].keys() for part in found)
    assert [part["fact_known"] for part in parts(Runtime())] == [0.0, 0.0]


@pytest.mark.parametrize(
    "runtime",
    [Runtime(parts=0), Runtime(parts=1), Runtime(parts=3), Runtime(f"{RAW}\n{RAW}", parts=4)],
)
def test_parts_that_do_not_fit_the_output_are_none(runtime: Runtime) -> None:
    assert parts(runtime) == ()


def test_the_ledger_gets_the_least_certain_words() -> None:
    runtime: Any = Runtime()
    made = LocalPredictor(lambda: runtime, "tiny", "r1").attempt(decompose, TEXT, None)
    assert made.attempt.uncertain == (("crew", 1.5), ("leader", 0.5))
    assert made.parts == ()  # nothing scores them


def test_an_unfinished_answer_has_no_parts() -> None:
    runtime: Any = Runtime(finished="length")
    made = LocalPredictor(lambda: runtime, "tiny", "r1").attempt(decompose, TEXT, None)
    assert (made.output, made.parts) == (None, ())


def test_the_model_is_asked_with_the_separator_of_its_form() -> None:
    runtime: Any = Runtime()
    assert generation(decompose, TEXT, runtime, None).separator == "\n"
    assert generation(decompose, TEXT, runtime, None).hidden is False
    facts = decompose.read(RAW, LINES)
    assert generation(recompose, facts, runtime, None).separator == ""
