"""Answers of models that no scorer of ours has fitted: confidences, and whether they are right."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
"""Chance, count → (confidences, correct)."""


def answers(
    chance: np.random.Generator, count: int, error: float, auroc: float
) -> tuple[np.ndarray, np.ndarray]:
    """(confidences, correct) of a binormal score: right answers lie higher by √2·Φ⁻¹(AUROC)."""
    correct = chance.random(count) >= error
    shift = math.sqrt(2) * norm.ppf(auroc)
    score = chance.normal(size=count) + np.where(correct, shift, 0.0)
    return 1 / (1 + np.exp(-score)), correct


def binormal(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    return answers(chance, count, 0.12, 0.85)


def calibrated(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that are true chances, most of them high."""
    confidences = chance.beta(8, 0.8, count)
    return confidences, chance.random(count) < confidences


def overconfident(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What says 0.99 is right in 95 of 100 cases at best."""
    confidences = chance.beta(20, 1, count)
    return confidences, chance.random(count) < 0.96 * confidences**2


def heavy_tailed(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Some wrong answers are surer than nearly all right ones."""
    correct = chance.random(count) >= 0.07
    score = chance.standard_t(1.5, count) + np.where(correct, 2.0, 0.0)
    return 1 / (1 + np.exp(-np.clip(score, -30, 30))), correct


def of_few_values(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Four confidences only, so that thresholds tie; nothing at all is known of the lowest."""
    kind = chance.choice(4, count, p=[0.1, 0.2, 0.3, 0.4])
    right = np.array([0.5, 0.88, 0.94, 0.955])[kind]
    return np.array([0.0, 0.5, 0.7, 0.9])[kind], chance.random(count) < right


def of_no_worth(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A score that says nothing, of a model that is a little worse than promised."""
    return chance.random(count), chance.random(count) >= 0.055


MODELS: list[Draw] = [
    binormal, calibrated, overconfident, heavy_tailed, of_few_values, of_no_worth,
]  # fmt: skip


def true_errors(draw: Draw) -> Callable[[float], float]:
    """Threshold → the error of what it accepts, from a sample so large that it counts as exact."""
    confidences, correct = draw(np.random.default_rng(99), 400_000)
    order = np.argsort(-confidences)
    sure, wrong = -confidences[order], np.cumsum(~correct[order])

    def error(threshold: float) -> float:
        accepted = int(np.searchsorted(sure, -threshold, side="right"))
        return float(wrong[accepted - 1] / accepted) if accepted else 0.0

    return error
