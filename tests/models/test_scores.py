from __future__ import annotations

import math

import numpy as np
import pytest

from models.scores import FEATURES, TokenScores, features, quantile


def test_each_feature_is_what_its_name_says() -> None:
    found = features(TokenScores([-0.1, -0.3], [2.0, 1.0], [0.2, 0.4], 2))
    assert tuple(found) == FEATURES
    assert found["mean_logprob"] == pytest.approx(-0.2)
    assert found["q10_logprob"] == pytest.approx(-0.28)
    assert found["min_margin"] == 1.0
    assert found["max_entropy"] == 0.4
    assert found["n_tokens"] == 2


@pytest.mark.parametrize("numbers", [[], [-0.5]])
def test_an_output_without_values_still_has_finite_features(numbers: list[float]) -> None:
    found = features(TokenScores(numbers, numbers, numbers, 0))
    assert set(found) == set(FEATURES)
    assert all(map(math.isfinite, found.values()))
    assert found["n_tokens"] == 0


def test_scores_are_picked_by_position() -> None:
    stats = {2: [-0.1, 2.0, 0.2], 5: [-0.3, 1.0, 0.4], 7: [-9.0, 0.0, 3.0]}
    assert features(TokenScores.of(stats, [2, 5], 2)) == features(
        TokenScores([-0.1, -0.3], [2.0, 1.0], [0.2, 0.4], 2)
    )
    assert features(TokenScores.of(stats, [], 0))["n_tokens"] == 0


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_quantiles_are_numpys(n: int) -> None:
    values = np.random.default_rng(n).normal(size=n).tolist()
    for q in (0.1, 0.25, 0.9):
        assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)))
