"""From score features to a confidence: the calibrated probability that an output is right.

Logistic regression on standardised features, which is Platt scaling (Platt 1999) of a linear
score that is fitted along with it. Fitting takes scikit-learn; using it is plain Python, fast
enough for each call. Knows arrays only: not what an output is, nor what a confidence is for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import ModelError


class CalibrationError(ModelError):
    """Features that do not fit the calibrator, or nothing to fit one on."""


@dataclass(frozen=True)
class Calibrator:
    """sigmoid(bias + Σ weight · (feature − mean) / scale); five tuples of one length."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def __call__(self, features: Mapping[str, float]) -> float:
        """The confidence, 0 to 1; 0 where a feature is not finite, so that it is never accepted.
        Raises CalibrationError when a feature is missing."""
        try:
            values = [features[name] for name in self.features]
        except KeyError as error:
            raise CalibrationError(f"the calibrator needs the feature {error}") from error
        if not all(math.isfinite(value) for value in values):
            return 0.0
        parts = zip(values, self.mean, self.scale, self.weights, strict=True)
        return _sigmoid(self.bias + sum(w * (v - m) / s for v, m, s, w in parts))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibrator:
        """Raises CalibrationError when the data is no calibrator."""
        try:
            made = cls(
                features=tuple(map(str, data["features"])),
                mean=tuple(map(float, data["mean"])),
                scale=tuple(map(float, data["scale"])),
                weights=tuple(map(float, data["weights"])),
                bias=float(data["bias"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(f"this is no calibrator: {error!r}") from error
        made._check()
        return made

    def _check(self) -> None:
        lengths = {len(self.features), len(self.mean), len(self.scale), len(self.weights)}
        numbers = (*self.mean, *self.scale, *self.weights, self.bias)
        if len(lengths) > 1 or not all(map(math.isfinite, numbers)) or 0.0 in self.scale:
            raise CalibrationError("this is no calibrator: its lists do not fit one another")


def fit_calibrator(features: Sequence[Mapping[str, float]], correct: Sequence[bool]) -> Calibrator:
    """The calibrator of n outputs; each mapping has the same finite-or-not features.

    Rows with a feature that is not finite are left out: such outputs are never accepted anyway.
    Labels of one kind only give a constant, the rate smoothed by one success and one failure
    (Laplace). Raises CalibrationError when no row is left or the names differ between rows.
    """
    names = _names(features)
    kept = [
        ([row[name] for name in names], right)
        for row, right in zip(features, correct, strict=True)
        if all(math.isfinite(row[name]) for name in names)
    ]
    if not kept:
        raise CalibrationError("there is no output with finite features to fit a calibrator on")
    rows, labels = [row for row, _ in kept], [right for _, right in kept]
    if len(set(labels)) == 1:
        return _constant(names, labels)
    return _fit(names, rows, labels)


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
    pairs = sorted(zip(confidences, correct, strict=True))
    right = sum(label for _, label in pairs)
    wrong = len(pairs) - right
    if not right or not wrong:
        return None
    ranks = _ranks([confidence for confidence, _ in pairs])
    total = sum(rank for rank, (_, label) in zip(ranks, pairs, strict=True) if label)
    return (total - right * (right + 1) / 2) / (right * wrong)


def _names(features: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    names = tuple(sorted(features[0])) if features else ()
    if any(tuple(sorted(row)) != names for row in features):
        raise CalibrationError("the outputs do not all have the same features")
    return names


def _constant(names: tuple[str, ...], labels: list[bool]) -> Calibrator:
    right, count = sum(labels), len(labels)
    rate = (right + 1) / (count + 2)
    zeros = (0.0,) * len(names)
    return Calibrator(names, zeros, (1.0,) * len(names), zeros, math.log(rate / (1 - rate)))


def _fit(names: tuple[str, ...], rows: list[list[float]], labels: list[bool]) -> Calibrator:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(rows), labels)
    return Calibrator(
        features=names,
        mean=tuple(scaler.mean_.tolist()),
        scale=tuple(scaler.scale_.tolist()),
        weights=tuple(model.coef_[0].tolist()),
        bias=float(model.intercept_[0]),
    )


def _ranks(ordered: list[float]) -> list[float]:
    """Ranks from 1 of sorted values, the mean rank for ties."""
    ranks: list[float] = []
    start = 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end] == ordered[start]:
            end += 1
        ranks += [(start + 1 + end) / 2] * (end - start)
        start = end
    return ranks


def _sigmoid(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    return math.exp(value) / (1 + math.exp(value))
