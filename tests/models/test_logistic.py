"""A logistic model with a prior: what it believes before, how outcomes move it, how sure it is."""

from __future__ import annotations

import json
import random

import pytest

from models.logistic import (
    PRIORS,
    Logistic,
    Prior,
    best_prior,
    fit_logistic,
    log_score,
    out_of_fold,
)


def draws(count: int, seed: int = 0) -> tuple[list[set[str]], list[float]]:
    """Rows whose feature `good` makes success likely, and `noise` that says nothing."""
    rng = random.Random(seed)
    rows, outcomes = [], []
    for _ in range(count):
        row = {name for name in ("good", "noise") if rng.random() < 0.5}
        outcomes.append(float(rng.random() < (0.85 if "good" in row else 0.3)))
        rows.append(row)
    return rows, outcomes


def test_without_outcomes_the_prior_stands() -> None:
    prior = Logistic(0.0, {"a": 1.0, "b": -2.0})
    fitted = fit_logistic([], [], Prior(prior))
    assert fitted.model.weights == pytest.approx(prior.weights)
    assert fitted.model(["a"]) == pytest.approx(0.731, abs=1e-3)
    assert fitted.model(["unknown"]) == 0.5


def test_outcomes_outweigh_a_wrong_belief() -> None:
    rows, outcomes = draws(2000)
    model = fit_logistic(rows, outcomes, Prior(Logistic(0.0, {"good": -2.0}))).model
    assert model({"good"}) == pytest.approx(0.85, abs=0.04)
    assert model(()) == pytest.approx(0.3, abs=0.04)
    assert model({"noise"}) == pytest.approx(model(()), abs=0.04)


def test_it_is_the_maximum_of_the_posterior() -> None:
    from sklearn.linear_model import LogisticRegression

    rows, outcomes = draws(300)
    ours = fit_logistic(rows, outcomes, Prior(sd=0.5)).model
    table = [["good" in row, "noise" in row] for row in rows]
    # the bias has a prior of its own, so wide that 300 rows drown it
    theirs = LogisticRegression(C=0.25, tol=1e-10).fit(table, outcomes)
    assert ours.weights["good"] == pytest.approx(theirs.coef_[0][0], abs=0.02)
    assert ours.bias == pytest.approx(theirs.intercept_[0], abs=0.02)


def test_an_interval_narrows_with_outcomes_and_holds_the_truth() -> None:
    widths = []
    for count in (20, 200, 2000):
        fitted = fit_logistic(*draws(count), Prior())
        low, high = fitted.interval({"good"}, 0.9)
        assert 0 < low < fitted.model({"good"}) < high < 1
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    held = 0
    for seed in range(60):
        low, high = fit_logistic(*draws(400, seed), Prior(sd=2.0)).interval({"good"}, 0.9)
        held += low <= 0.85 <= high
    assert held >= 48


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_outcomes_of_one_kind_leave_every_weight_finite(outcome: float) -> None:
    rows, _ = draws(10_000)
    model = fit_logistic(rows, [outcome] * len(rows), Prior()).model
    assert 0 < model({"good", "noise"}) < 1
    assert (model({"good"}) > 0.9) == bool(outcome)


def test_the_width_of_the_prior_is_chosen_by_what_was_left_out() -> None:
    rows, outcomes = draws(600)
    folds = [place % 5 for place in range(len(rows))]
    assert best_prior(rows, outcomes, folds).sd >= 0.5
    rng = random.Random(1)
    names = [f"says nothing {number}" for number in range(30)]
    idle = [{name for name in names if rng.random() < 0.5} for _ in range(100)]
    chance = [float(rng.random() < 0.5) for _ in idle]
    assert best_prior(idle, chance, folds[:100]) == PRIORS[0]
    predicted = out_of_fold(rows, outcomes, folds, Prior())
    assert sum(map(log_score, predicted, outcomes)) > len(rows) * log_score(0.5, 1.0)
    assert best_prior(rows, outcomes, [0] * len(rows)) == PRIORS[0]


def test_a_model_comes_back_from_json_and_nonsense_does_not() -> None:
    model = fit_logistic(*draws(50), Prior()).model
    assert Logistic.from_json(json.loads(json.dumps(model.to_json()))) == model
    for nonsense in ({}, {"bias": "x", "weights": {}}, {"bias": float("nan"), "weights": {}}):
        with pytest.raises((LookupError, TypeError, ValueError)):
            Logistic.from_json(nonsense)
