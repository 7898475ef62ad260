"""Metrics by hand-computed cases, and tests of difference against their definitions."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from valence.boundaries import get
from valence.evaluation import Trial, compare, evaluate, mcnemar, percentile, share

decompose = get("decompose")
recompose = get("recompose")

A, B, C = ("Ada", "born", "London"), ("Ada", "field", "maths"), ("Ada", "knew", "Charles")


def test_metrics_of_triples() -> None:
    trials = [
        Trial("one", (A, B), (B, A), 10.0),
        Trial("two", (A, B), (A, C), 20.0),
        Trial("three", (A,), None, 30.0),
    ]
    found = evaluate(decompose, "base#1", trials)
    metrics = found.metrics
    assert found.variant == "base#1"
    assert found.correct == (True, False, False)
    assert found.scores == pytest.approx((1.0, 0.5, 0.0))
    assert metrics.items == 3
    assert metrics.exact.value == pytest.approx(1 / 3)
    assert metrics.score == pytest.approx(0.5)
    assert metrics.parse_rate == pytest.approx(2 / 3)
    assert (metrics.precision, metrics.recall) == (3 / 4, 3 / 5)
    assert metrics.f1 == pytest.approx(2 * 3 / 9)
    assert metrics.chrf is None
    assert (metrics.latency_p50_ms, metrics.latency_p95_ms) == (20.0, 30.0)
    json.dumps(metrics.to_json())


def test_metrics_of_text() -> None:
    text = "Ada was born in London."
    trials = [Trial((A,), text, text), Trial((A,), text, None)]
    metrics = evaluate(recompose, "base#1", trials).metrics
    assert metrics.f1 is None
    assert 0 < (metrics.chrf or 0) < 100
    assert evaluate(recompose, "b", trials[:1]).metrics.chrf == pytest.approx(100)
    assert metrics.exact.value == 0.5


@pytest.mark.parametrize("trials", [1, 2, 19, 100, 2000])
def test_a_share_has_the_exact_interval(trials: int) -> None:
    for successes in sorted({0, 1, trials // 20, trials // 2, trials - 1, trials}):
        found, exact = share(successes, trials), binomtest(successes, trials).proportion_ci()
        assert found.value == successes / trials
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_nothing_to_evaluate_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate(decompose, "base", [])


def test_few_pairs_are_compared_exactly() -> None:
    ours, theirs = [0.9, 0.8, 0.7, 0.6, 0.9, 0.1], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    differences = np.array(ours) - np.array(theirs)
    flips = np.array(list(itertools.product([1, -1], repeat=6)))
    expected = np.mean((flips * differences).mean(axis=1) >= differences.mean() - 1e-12)
    found = compare(ours, theirs)
    assert found.p_value == pytest.approx(expected)
    assert found.difference == pytest.approx(differences.mean())
    assert (found.wins, found.losses, found.ties) == (5, 1, 0)


def test_many_pairs_are_compared_alike_each_time() -> None:
    chance = np.random.default_rng(0)
    theirs = chance.random(200)
    ours = theirs + chance.normal(0.02, 0.1, 200)
    found = compare(ours.tolist(), theirs.tolist(), seed=1)
    assert found == compare(ours.tolist(), theirs.tolist(), seed=1)
    z = (ours - theirs).mean() / ((ours - theirs).std() / math.sqrt(200))
    assert found.p_value == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)), abs=0.01)


def test_chance_is_called_better_as_often_as_it_may() -> None:
    chance = np.random.default_rng(5)
    hits = sum(
        compare(chance.random(12).tolist(), chance.random(12).tolist()).p_value <= 0.05
        for _ in range(200)
    )
    assert hits <= 19  # of 200 at 5%: 98th percentile


def test_equal_scores_are_no_difference() -> None:
    found = compare([0.5] * 30, [0.5] * 30)
    assert (found.difference, found.p_value, found.ties) == (0.0, 1.0, 30)
    assert compare([], []).p_value == 1.0


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare([1.0], [])


def test_mcnemar_is_the_binomial_of_the_discordant() -> None:
    ours = [True] * 9 + [False] * 1 + [True] * 50
    theirs = [False] * 9 + [True] * 1 + [True] * 50
    assert mcnemar(ours, theirs) == pytest.approx(11 / 1024)
    assert mcnemar(ours, ours) == 1.0


def test_share_has_the_exact_interval() -> None:
    found = share(0, 59)
    assert found.low == 0.0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 59))
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)


def test_percentile_is_a_value_that_was_there() -> None:
    values = [3.0, 1.0, 2.0, 4.0]
    assert [percentile(values, q) for q in (0.0, 0.5, 0.95, 1.0)] == [1.0, 2.0, 4.0, 4.0]
    assert percentile([], 0.5) == 0.0
