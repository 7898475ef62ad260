from __future__ import annotations

import math

import numpy as np
import pytest

from models.scores import FEATURES, TokenScores, features, quantile


def test_only_value_tokens_count() -> None:
    scores = TokenScores(
        logprobs=[-9.0, -0.1, -0.3, -9.0],
        margins=[0.1, 2.0, 1.0, 0.1],
        entropies=[5.0, 0.2, 0.4, 5.0],
        value=[False, True, True, False],
    )
    found = features(scores)
    assert tuple(found) == FEATURES
    assert found["mean_logprob"] == pytest.approx(-0.2)
    assert found["min_logprob"] == -0.3
    assert found["first_logprob"] == -0.1
    assert found["min_margin"] == 1.0
    assert found["mean_entropy"] == pytest.approx(0.3)
    assert found["max_entropy"] == 0.4
    assert found["n_tokens"] == 2


@pytest.mark.parametrize("value", [[], [False]])
def test_an_output_without_values_still_has_finite_features(value: list[bool]) -> None:
    numbers = [-0.5] * len(value)
    found = features(TokenScores(numbers, numbers, numbers, value))
    assert set(found) == set(FEATURES)
    assert all(map(math.isfinite, found.values()))
    assert found["n_tokens"] == 0


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_quantiles_are_numpys(n: int) -> None:
    values = np.random.default_rng(n).normal(size=n).tolist()
    for q in (0.1, 0.25, 0.9):
        assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)))
