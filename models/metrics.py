"""How good confidences are: calibration, ranking, and what may be served at which error.

Plain Python over (confidence, right or wrong) pairs, so that a status loads nothing for it. Knows
neither where a confidence comes from nor which one is enough to serve an answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_POINTS = 50


def ece(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error over bins of equal width, 0 to 1 (Naeini et al. 2015)."""
    sums = [[0.0, 0.0] for _ in range(bins)]
    for confidence, right in zip(confidences, correct, strict=True):
        cell = sums[min(int(confidence * bins), bins - 1)]
        cell[0] += confidence
        cell[1] += right
    return sum(abs(sure - right) for sure, right in sums) / len(confidences) if confidences else 0.0


def brier(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Mean squared distance between confidence and outcome, 0 to 1 (Brier 1950)."""
    pairs = list(zip(confidences, correct, strict=True))
    return sum((c - right) ** 2 for c, right in pairs) / len(pairs) if pairs else 0.0


def auroc(confidences: Sequence[float], correct: Sequence[bool]) -> float | None:
    """Chance that a right output has a higher confidence than a wrong one, ties as a half; None
    where all are right or all are wrong."""
    right = sum(correct)
    wrong = len(correct) - right
    if not right or not wrong:
        return None
    wins = 0.0
    below = 0  # wrong outputs that are less sure than the group
    for size, errors in reversed(_groups(confidences, correct)):
        wins += (size - errors) * (below + errors / 2)
        below += errors
    return wins / (right * wrong)


def risk_coverage(
    confidences: Sequence[float], correct: Sequence[bool]
) -> list[tuple[float, float]]:
    """(coverage, error) of serving the surest answers: shares from 0 to 1, coverage rising to 1.

    One point a distinct confidence, since equal ones are served together; thinned evenly to at
    most 50, the last always kept. Empty without answers.
    """
    points: list[tuple[float, float]] = []
    served = wrong = 0
    for size, errors in _groups(confidences, correct):
        served, wrong = served + size, wrong + errors
        points.append((served / len(correct), wrong / served))
    every = max(1, math.ceil(len(points) / MOST_POINTS))
    return points[::-1][::every][::-1]


def aurc(confidences: Sequence[float], correct: Sequence[bool]) -> float | None:
    """Area under the risk-coverage curve: the mean error over all numbers of answers served, 0 to
    1, less is better (Geifman & El-Yaniv 2017). Equal confidences count as if served in random
    order. None without answers."""
    total = 0.0
    served = wrong = 0
    for size, errors in _groups(confidences, correct):
        rate = errors / size
        total += sum((wrong + rate * more) / (served + more) for more in range(1, size + 1))
        served, wrong = served + size, wrong + errors
    return total / served if served else None


def _groups(confidences: Sequence[float], correct: Sequence[bool]) -> list[tuple[int, int]]:
    """(answers, wrong ones) of each distinct confidence, the surest first."""
    found: dict[float, tuple[int, int]] = {}
    for confidence, right in zip(confidences, correct, strict=True):
        size, errors = found.get(confidence, (0, 0))
        found[confidence] = (size + 1, errors + (not right))
    return [found[confidence] for confidence in sorted(found, reverse=True)]
