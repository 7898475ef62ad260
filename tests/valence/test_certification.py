"""What a candidate earns with its answers: a scorer of its own, and a gate that keeps its word."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from models.scorer import Scorer
from store.evaluations import Item
from valence.certification import Certified, certify, for_score
from valence.config import GateSettings
from valence.gate import Gate

SETTINGS = GateSettings(max_error=0.1)


def answers(count: int, seed: int = 0, right: float = 0.95) -> list[Item]:
    """Answers of which this share is right, and the right ones look so."""
    chance = np.random.default_rng(seed)
    correct = chance.random(count) < right
    sure = chance.normal(size=count) + np.where(correct, 2.0, 0.0)
    return [
        item(f"{seed}-{place}", bool(c), {"sure": float(s)})
        for place, (c, s) in enumerate(zip(correct, sure, strict=True))
    ]


def item(name: str, correct: bool, features: dict[str, float] | None) -> Item:
    score = float(correct)
    return Item(example_id=name, output="x", score=score, correct=correct, features=features)


def certified(calibration: list[Item], traffic: list[Item] | None = None) -> Certified:
    traffic = answers(200, 1) if traffic is None else traffic
    return certify(calibration, traffic, "ab12", SETTINGS)


def test_good_answers_open_the_gate() -> None:
    made = certified(answers(450))
    assert made.gate.state == "open"
    assert made.gate.certified_coverage > 0.8
    assert made.gate.max_error == SETTINGS.max_error
    assert made.scorer is not None
    assert made.scorer.weights_sha256 == "ab12"
    assert made.gate.accepts(made.scorer({"sure": 4.0}))
    assert not made.gate.accepts(made.scorer({"sure": -4.0}))


def test_what_a_gate_has_turned_away_fits_the_scorer_and_opens_no_gate() -> None:
    easy, hard = answers(450), answers(450, seed=2, right=0.3)
    gated = frozenset(one.example_id for one in hard)
    fair = certify(easy + hard, answers(200, 1), "ab12", SETTINGS, gated=gated)
    unfair = certify(easy + hard, answers(200, 1), "ab12", SETTINGS)
    labels = sum(not for_score(one.example_id) for one in easy)
    assert fair.gate.evidence["labels"] == labels < unfair.gate.evidence["labels"]
    assert (fair.scorer, fair.gate.state) == (unfair.scorer, "open")
    assert certify(easy, hard, "ab12", SETTINGS, gated=gated).gate.evidence["traffic"] == 450


def test_what_fits_the_scorer_does_not_open_the_gate() -> None:
    items = answers(450)
    fitting = [one for one in items if for_score(one.example_id)]
    assert len(fitting) == pytest.approx(50, abs=15)
    assert certified(items).gate.evidence["labels"] == 450 - len(fitting)
    assert certified(fitting).gate.state == "closed"


def test_answers_to_test_examples_fit_the_scorer_too() -> None:
    few, tested = answers(60), answers(300, 1)
    fitting = [*(one for one in few if for_score(one.example_id)), *tested]
    assert certified(few, tested).scorer == certified([], fitting).scorer
    assert certified(few, tested).scorer != certified(few, []).scorer


def test_the_labels_of_the_traffic_have_no_say_in_the_gate() -> None:
    right = answers(200, 1, right=1.0)
    wrong = [item(one.example_id, False, one.features) for one in right]
    own = certified(answers(450)).scorer
    gates = [
        certify(answers(450), traffic, "ab12", SETTINGS, scorer=own).gate
        for traffic in (right, wrong)
    ]
    assert gates[0] == gates[1]


def test_json_keeps_both_parts() -> None:
    made = certified(answers(450))
    data = json.loads(json.dumps(made.to_json()))
    assert Certified(Scorer.from_json(data["scorer"]), Gate.from_json(data["gate"])) == made


def test_vetoed_answers_are_never_covered() -> None:
    traffic = answers(100, 1, right=1.0) + [item(f"v{i}", False, None) for i in range(60)]
    made = certified(answers(450), traffic)
    assert made.gate.state == "open"
    assert made.gate.certified_coverage <= 100 / 160


@pytest.mark.parametrize(
    "calibration",
    [
        [],
        [item(str(i), True, None) for i in range(300)],
        [item(str(i), True, {"sure": math.nan}) for i in range(300)],
        [item(str(i), True, {str(i): 1.0}) for i in range(300)],
    ],
)
def test_where_nothing_can_be_scored_the_gate_says_so(calibration: list[Item]) -> None:
    made = certified(calibration, [])
    assert made.scorer is None
    assert made.to_json().keys() == {"gate"}
    assert (made.gate.state, made.gate.threshold) == ("closed", None)
    assert made.gate.sentence.startswith("Closed: the")
    assert not made.gate.accepts(1.0)


@pytest.mark.parametrize(
    "calibration",
    [
        [],
        [item(str(i), True, {"sure": math.nan}) for i in range(300)],
        answers(300, right=0.0),
        answers(20, right=1.0),
        [item(str(i), i % 3 > 0, {"sure": 1.0}) for i in range(300)],
    ],
    ids=["none", "no numbers", "all wrong", "few, all right", "constant score"],
)
def test_poor_evidence_keeps_it_closed(calibration: list[Item]) -> None:
    made = certified(calibration)
    assert made.scorer is not None
    assert made.gate.state == "closed"
    assert not made.gate.accepts(1.0)


def in_parts(count: int, seed: int = 0) -> list[Item]:
    """Answers of two parts: one in five of them is wrong as a whole, and looks so in one part."""
    chance = np.random.default_rng(seed)
    made = []
    for place, one in enumerate(answers(count, seed, right=0.8)):
        spoilt = None if one.correct else int(chance.integers(2))
        parts = tuple(
            ({"sure": float(chance.normal() + (0 if part == spoilt else 5))}, part != spoilt)
            for part in (0, 1)
        )
        made.append(replace(one, example_id=f"{seed}-{place}", parts=parts))
    return made


def test_answers_with_parts_get_a_scorer_and_a_gate_of_parts_too() -> None:
    made = certified(in_parts(600), in_parts(300, 1))
    assert made.partial is not None
    assert made.partial.scorer is not None
    assert made.partial.gate.state == "open"
    assert made.partial.gate.certified_coverage > made.gate.certified_coverage
    assert json.loads(json.dumps(made.to_json()))["partial"]["gate"]["state"] == "open"


def test_answers_without_parts_get_none() -> None:
    assert certified(answers(450)).partial is None
    assert "partial" not in certified(answers(450)).to_json()
