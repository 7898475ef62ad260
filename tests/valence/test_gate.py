"""The gate's promise: whatever the score is worth, the accepted are rarely wrong."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from valence.gate import Gate, fit_gate, labels_needed, p_value


def answers(
    chance: np.random.Generator, count: int, error: float, auroc: float
) -> tuple[np.ndarray, np.ndarray]:
    """(confidences, correct) of a binormal score: right answers lie higher by √2·Φ⁻¹(AUROC)."""
    correct = chance.random(count) >= error
    shift = math.sqrt(2) * norm.ppf(auroc)
    score = chance.normal(size=count) + np.where(correct, shift, 0.0)
    return 1 / (1 + np.exp(-score)), correct


def true_error(threshold: float, error: float, auroc: float) -> float:
    shift = math.sqrt(2) * norm.ppf(auroc)
    score = math.log(threshold / (1 - threshold))
    wrong = error * norm.sf(score)
    return float(wrong / (wrong + (1 - error) * norm.sf(score - shift)))


@pytest.mark.parametrize(("error", "auroc"), [(0.08, 0.85), (0.12, 0.9), (0.2, 0.9), (0.06, 0.6)])
def test_few_gates_break_the_promise_in_a_simulation(error: float, auroc: float) -> None:
    chance = np.random.default_rng(7)
    broken = opened = 0
    for _ in range(150):
        confidences, correct = answers(chance, 400, error, auroc)
        traffic, _ = answers(chance, 400, error, auroc)
        gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)
        if gate.threshold is not None:
            opened += 1
            broken += true_error(gate.threshold, error, auroc) > 0.05
    # 5% of 150 is 7.5; 13 is its 98th percentile.
    assert broken <= 13
    assert opened > 0 or auroc < 0.7


def test_a_good_score_serves_most_of_the_traffic() -> None:
    chance = np.random.default_rng(3)
    confidences, correct = answers(chance, 2000, 0.06, 0.95)
    traffic, _ = answers(chance, 2000, 0.06, 0.95)
    gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)
    assert gate.state == "open"
    assert gate.certified_coverage >= 0.9
    assert gate.accepts(gate.threshold)
    assert not gate.accepts(math.nextafter(gate.threshold or 0.0, 0.0))


@pytest.mark.filterwarnings("ignore::UserWarning")  # it warns of risks that are not monotonic
@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_mapie(seed: int) -> None:
    from mapie import risk_control as risk

    chance = np.random.default_rng(seed)
    confidences, correct = answers(chance, 800, 0.07, 0.9)
    traffic, _ = answers(chance, 800, 0.07, 0.9)
    gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)

    surest = np.sort(traffic)[::-1]
    shares = np.arange(0.5, 1.0001, 0.025)
    thresholds = surest[np.ceil(shares * len(surest) - 1e-9).astype(int) - 1]
    controller = risk.BinaryClassificationController(
        lambda x: np.c_[1 - x, x],
        "precision",
        target_level=0.95,
        confidence_level=0.95,
        list_predict_params=thresholds,
        fwer_method="fixed_sequence",
    )
    controller.calibrate(confidences, correct.astype(int))
    best = min(controller.valid_predict_params, default=None)
    assert gate.threshold == (None if best is None else pytest.approx(best, abs=0))


@pytest.mark.parametrize(
    ("accepted", "wrong", "passes"),
    [
        (58, 0, False),
        (59, 0, True),
        (180, 4, False),
        (181, 4, True),
        (500, 16, True),
        (500, 17, False),
    ],
)
def test_the_known_counts_certify(accepted: int, wrong: int, passes: bool) -> None:
    confidences = [0.9] * accepted
    correct = [False] * wrong + [True] * (accepted - wrong)
    gate = fit_gate(confidences, correct, [0.9] * 20, 0.05, 0.95)
    assert (gate.state == "open") is passes
    assert (p_value(wrong, accepted, 0.05) <= 0.05) is passes


def test_the_sequence_stops_at_the_first_failure() -> None:
    # The surest half has errors; the rest has none and would certify if it were looked at.
    confidences = [0.9] * 60 + [0.5] * 600
    correct = [False] * 10 + [True] * 650
    gate = fit_gate(confidences, correct, [0.9] * 50 + [0.5] * 50, 0.05, 0.95)
    assert gate.state == "closed"
    assert len(gate.evidence["steps"]) == 1
    assert "the model must get better" in gate.sentence


def test_a_closed_gate_says_how_many_labels_are_missing() -> None:
    confidences = [0.9] * 30 + [0.1] * 30
    gate = fit_gate(confidences, [True] * 60, [0.9] * 50 + [0.1] * 50, 0.05, 0.95)
    assert gate.state == "closed"
    assert "about 58 more checked answers are missing" in gate.sentence  # 59 · 60 / 30 − 60


@pytest.mark.parametrize(
    ("confidences", "correct", "traffic"),
    [
        ([], [], [0.5]),
        ([0.5] * 100, [True] * 100, []),
        ([0.5] * 100, [False] * 100, [0.5] * 100),
        ([math.nan] * 100, [True] * 100, [0.5] * 100),
        ([0.5] * 100, [True] * 100, [math.nan] * 100),
        ([-math.inf] * 100, [False] * 100, [-math.inf] * 100),
        ([0.0] * 100, [True] * 100, [0.0] * 100),
        ([0.1] * 100, [True] * 100, [0.9] * 100),
    ],
)
def test_bad_evidence_keeps_it_closed(
    confidences: list[float], correct: list[bool], traffic: list[float]
) -> None:
    gate = fit_gate(confidences, correct, traffic, 0.05, 0.95)
    assert gate.state == "closed"
    assert gate.threshold is None
    assert gate.sentence.startswith("Closed: ")
    assert not gate.accepts(1.0)


@pytest.mark.parametrize("never", [0.0, -math.inf, math.nan])
def test_answers_that_can_never_be_served_lower_the_coverage(never: float) -> None:
    traffic = [0.9] * 70 + [never] * 30
    gate = fit_gate([0.9] * 100, [True] * 100, traffic, 0.05, 0.95)
    assert gate.state == "open"
    assert gate.certified_coverage == pytest.approx(0.7)


def test_nothing_that_is_no_number_is_accepted() -> None:
    gate = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95)
    assert gate.accepts(0.95)
    assert not gate.accepts(math.nan)
    assert not gate.accepts(None)
    assert not Gate.never_fitted().accepts(1.0)


def test_json_keeps_the_whole_gate() -> None:
    gate = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95)
    assert Gate.from_json(json.loads(json.dumps(gate.to_json()))) == gate


@pytest.mark.parametrize(("max_error", "level"), [(0.0, 0.95), (1.0, 0.95), (0.05, 1.0)])
def test_rates_outside_0_to_1_are_refused(max_error: float, level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_gate([0.5], [True], [0.5], max_error, level)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 confidences but 2 labels"):
        fit_gate([0.5], [True, False], [0.5], 0.05, 0.95)


def test_labels_needed_are_those_of_the_binomial() -> None:
    assert labels_needed(0.0, 0.05, 0.95) == 59
    assert labels_needed(0.0, 0.10, 0.95) == 29
    assert labels_needed(0.05, 0.05, 0.95) is None
    assert labels_needed(0.0499, 0.05, 0.95) is None
