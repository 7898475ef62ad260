"""What the place is worth where a gate's sequence starts, for bench_gate.py: the same test with the
same guarantee from a tenth, a fifth and half of the traffic on, beside the product's own gate,
which begins at half and with labels enough at a second place too; simulated and on real answers.

A start is fixed beforehand: choosing it by what the labels say would break the promise. Knows
confidences and labels only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from valence.fixed_sequence import level_of, p_value
from valence.gate import fit_gate

STARTS = (0.1, 0.2, 0.5)
STEP = 0.025
LEVEL = 0.95
GATES = 200
TRAFFIC = 500
"""As many test examples as the product takes thresholds from."""

AUROC = 0.9
SHIFT = float(math.sqrt(2) * norm.ppf(AUROC))
"""How much higher right answers lie, in standard deviations of a binormal score."""
SIMULATED = [(right, labels) for right in (0.4, 0.6, 0.8) for labels in (300, 750, 1000)]
"""The product takes 1,500 calibration answers at most: two thirds of them, or half."""


@dataclass(frozen=True)
class Simulated:
    """Gates of one kind of model; `opened`, `coverage` and `broken` are shares, one a start and the
    product's own last."""

    right: float
    labels: int
    max_error: float
    opened: list[float]
    coverage: list[float]
    broken: list[float]


@dataclass(frozen=True)
class Started:
    """One system's gate with one start, and what it then serves of fresh answers."""

    system: str
    kind: str
    max_error: float
    start: float | None
    """None for the product's own gate."""
    certified_coverage: float
    served: int
    wrong: int


def certified(
    sure: np.ndarray, right: np.ndarray, traffic: np.ndarray, max_error: float, start: float | None
) -> tuple[float, float]:
    """(certified coverage, threshold) of a sequence from `start` on, None for the product's own
    gate; (0, inf) if it stays closed.

    `sure` and `right` are of the labelled answers, `traffic` the confidences of others; what can
    never be served has the confidence 0.
    """
    if start is None:
        gate = fit_gate(sure.tolist(), right.tolist(), traffic.tolist(), max_error, LEVEL, look=0)
        return gate.certified_coverage, math.inf if gate.threshold is None else gate.threshold
    surest = np.sort(traffic)[::-1]
    found = 0.0, math.inf
    for coverage in np.arange(start, 1 + 1e-9, STEP):
        threshold = surest[math.ceil(coverage * len(surest) - 1e-9) - 1]
        accepted = sure >= threshold
        wrong = int((accepted & ~right).sum())
        p = p_value(wrong, int(accepted.sum()), max_error)
        if threshold <= 0 or p > 1 - level_of(0, LEVEL):
            break
        found = round(float(coverage), 3), float(threshold)
    return found


def started(
    system: str,
    labels: tuple[Sequence[float], Sequence[bool]],
    traffic: Sequence[float],
    fresh: dict[str, tuple[Sequence[float], Sequence[bool]]],
    promises: Sequence[float],
) -> Iterator[Started]:
    """The gates of one system; all are (confidences, right) but the traffic's confidences."""
    arrays = np.array(labels[0]), np.array(labels[1]), np.array(traffic)
    for max_error in promises:
        for start in (*STARTS, None):
            coverage, threshold = certified(*arrays, max_error, start)
            for kind, answers in fresh.items():
                served = np.array(answers[1])[np.array(answers[0]) >= threshold]
                wrong = int((~served).sum())
                yield Started(system, kind, max_error, start, coverage, len(served), wrong)


def simulated(max_error: float) -> Iterator[Simulated]:
    """Each kind of model over GATES seeded gates."""
    for right, labels in SIMULATED:
        chance = np.random.default_rng(0)
        threshold_error = _true_error(right)
        gates = [_gates(chance, right, labels, max_error) for _ in range(GATES)]
        coverage = np.array([[covered for covered, _ in gate] for gate in gates])
        errors = np.array([[threshold_error(at) for _, at in gate] for gate in gates])
        yield Simulated(
            right=right,
            labels=labels,
            max_error=max_error,
            opened=(coverage > 0).mean(axis=0).tolist(),
            coverage=coverage.mean(axis=0).tolist(),
            broken=(errors > max_error).mean(axis=0).tolist(),
        )


def _gates(
    chance: np.random.Generator, right: float, labels: int, max_error: float
) -> list[tuple[float, float]]:
    """One draw of labels and traffic, certified from each start."""
    answers = _binormal(chance, labels, right)
    traffic, _ = _binormal(chance, TRAFFIC, right)
    return [certified(*answers, traffic, max_error, start) for start in (*STARTS, None)]


def _binormal(
    chance: np.random.Generator, count: int, right: float
) -> tuple[np.ndarray, np.ndarray]:
    """(confidences, right): a binormal score of AUROC."""
    good = chance.random(count) < right
    return norm.cdf(chance.normal(size=count) + good * SHIFT), good


def _true_error(right: float) -> Callable[[float], float]:
    """Threshold → the error of what it accepts, exactly."""

    def error(threshold: float) -> float:
        at = norm.ppf(threshold) if threshold < 1 else math.inf
        wrong = (1 - right) * norm.sf(at)
        accepted = wrong + right * norm.sf(at - SHIFT)
        return float(wrong / accepted) if accepted else 0.0

    return error
