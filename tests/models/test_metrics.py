"""Figures of confidences, against scikit-learn's and against what they are defined as."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, precision_recall_curve, roc_auc_score

from models.metrics import aurc, auroc, brier, ece, risk_coverage


def judged(seed: int, count: int = 700, steps: int = 0) -> tuple[list[float], list[bool]]:
    """Confidences with their outcomes; rounded to as many steps, so that there are ties."""
    chance = np.random.default_rng(seed)
    confidences = chance.beta(4, 2, count)
    if steps:
        confidences = np.round(confidences * steps) / steps
    return confidences.tolist(), (chance.random(count) < confidences**2).tolist()


@pytest.mark.parametrize("steps", [0, 7])
def test_the_figures_are_those_of_scikit_learn(steps: int) -> None:
    confidences, correct = judged(1, steps=steps)
    assert auroc(confidences, correct) == pytest.approx(roc_auc_score(correct, confidences))
    assert brier(confidences, correct) == pytest.approx(brier_score_loss(correct, confidences))
    precision, _, thresholds = precision_recall_curve(correct, confidences)
    errors = {error for _, error in risk_coverage(confidences, correct)}
    assert len(errors) > 5
    for error in errors:
        assert np.isclose(1 - precision[: len(thresholds)], error).any()


def test_ece_weighs_the_gaps_of_the_reliability_curve() -> None:
    confidences, correct = judged(2)
    right, sure = calibration_curve(correct, confidences, n_bins=10)
    sizes, _ = np.histogram(confidences, bins=10, range=(0, 1))
    gaps = np.abs(right - sure) * sizes[sizes > 0]
    assert ece(confidences, correct) == pytest.approx(gaps.sum() / len(correct))


def test_ece_and_brier_of_known_answers() -> None:
    assert ece([0.95] * 10, [True] * 10) == pytest.approx(0.05)
    assert ece([1.0, 0.0], [True, False]) == 0.0
    assert brier([1.0, 0.0], [False, True]) == 1.0
    assert brier([], []) == ece([], []) == 0.0


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), max_size=30)
)
def test_auroc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    right = [c for c, label in pairs if label]
    wrong = [c for c, label in pairs if not label]
    found = auroc([c for c, _ in pairs], [label for _, label in pairs])
    if not right or not wrong:
        assert found is None
        return
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    assert found == pytest.approx(wins / (len(right) * len(wrong)))


def test_the_curve_tells_what_serving_the_surest_costs() -> None:
    assert risk_coverage([0.2, 0.9, 0.6, 0.4], [False, True, True, False]) == [
        (0.25, 0.0),
        (0.5, 0.0),
        (0.75, pytest.approx(1 / 3)),
        (1.0, 0.5),
    ]


def test_equal_confidences_are_served_together() -> None:
    assert risk_coverage([0.9, 0.9, 0.9, 0.1], [True, False, True, True]) == [
        (0.75, pytest.approx(1 / 3)),
        (1.0, 0.25),
    ]


@pytest.mark.parametrize("count", [1, 49, 50, 51, 99, 700, 5000])
def test_the_curve_is_short_and_ends_with_everything_served(count: int) -> None:
    confidences, correct = judged(3, count)
    points = risk_coverage(confidences, correct)
    assert min(count, 25) <= len(points) <= 50
    assert points[-1] == (1.0, pytest.approx(correct.count(False) / count))
    assert points == sorted(points)


@pytest.mark.parametrize("steps", [0, 7])
def test_aurc_is_the_mean_error_over_all_coverages(steps: int) -> None:
    confidences, correct = judged(4, 200, steps)
    chance = np.random.default_rng(0)
    found = []
    for _ in range(300 if steps else 1):  # equal confidences in random order
        order = np.lexsort((chance.random(200), -np.array(confidences)))
        wrong = np.cumsum(~np.array(correct)[order])
        found.append((wrong / np.arange(1, 201)).mean())
    assert aurc(confidences, correct) == pytest.approx(np.mean(found), abs=0.003 if steps else 1e-9)


def test_the_better_the_order_the_smaller_the_area() -> None:
    correct = [True] * 8 + [False] * 2
    surest_right = [1 - place / 10 for place in range(10)]
    best = aurc(surest_right, correct) or 0.0
    worst = aurc(surest_right[::-1], correct) or 0.0
    assert aurc([0.5] * 10, correct) == pytest.approx(0.2)
    assert best < 0.2 < worst
    assert best == pytest.approx((1 / 9 + 2 / 10) / 10)


def test_without_answers_there_is_nothing_to_say() -> None:
    assert risk_coverage([], []) == []
    assert aurc([], []) is None
    assert auroc([], []) is None
