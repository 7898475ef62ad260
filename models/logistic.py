"""Probabilities from named yes-no features, by a logistic model whose weights are held near what
was believed of them before.

The maximum of the posterior under a normal prior: with few outcomes the prior stands, with many it
is forgotten, and features that go together share what they explain. Intervals are Laplace's
(MacKay 1992). Kept as JSON and evaluated without numpy. Knows names and numbers only.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist, fmean, stdev
from typing import Any

BIAS_SD = 2.0
"""Standard deviation of the bias's prior, in log-odds: any overall rate is about as likely."""
STEPS = 50
CLOSE = 1e-8
MOST = 30.0


Features = Collection[str]


@dataclass(frozen=True)
class Logistic:
    """Log-odds: a bias, and a weight for each feature that is there; others say nothing."""

    bias: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, features: Features) -> float:
        """A probability strictly between 0 and 1."""
        score = self.bias + math.fsum(self.weights.get(name, 0.0) for name in features)
        return 1 / (1 + math.exp(-max(-MOST, min(MOST, score))))

    def to_json(self) -> dict[str, Any]:
        return {"bias": self.bias, "weights": dict(self.weights)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Logistic:
        """Raises LookupError, TypeError or ValueError when the data is none."""
        weights = {str(name): float(weight) for name, weight in data["weights"].items()}
        made = cls(float(data["bias"]), weights)
        if not all(map(math.isfinite, (made.bias, *weights.values()))):
            raise ValueError("its weights are not all finite")
        return made


@dataclass(frozen=True)
class Prior:
    """What is believed of the weights, and the standard deviation, in log-odds, of the belief."""

    model: Logistic = field(default_factory=Logistic)
    sd: float = 1.0


PRIORS = tuple(Prior(sd=sd) for sd in (0.1, 0.25, 0.5, 1.0))
"""That no feature says anything, believed more and less firmly."""


@dataclass(frozen=True)
class Fitted:
    """A model with how sure its weights are: `covariance` (d + 1, d + 1), the bias first."""

    model: Logistic
    covariance: Any

    def interval(self, features: Features, level: float) -> tuple[float, float]:
        """The credible interval of the probability, of equal tails."""
        import numpy as np

        names = list(self.model.weights)
        row = np.array([1.0, *(float(name in features) for name in names)])
        spread = math.sqrt(max(0.0, float(row @ self.covariance @ row)))
        wide = NormalDist().inv_cdf((1 + level) / 2) * spread
        score = self.model.bias + math.fsum(self.model.weights.get(name, 0.0) for name in features)
        low, high = (Logistic(score + offset)(()) for offset in (-wide, wide))
        return low, high


def fit_logistic(
    rows: Sequence[Features],
    outcomes: Sequence[float],
    prior: Prior,
) -> Fitted:
    """The model of n rows with outcomes from 0 to 1; without rows the prior as it is."""
    import numpy as np

    believed = prior.model
    names = list(
        dict.fromkeys([*believed.weights, *(name for row in rows for name in sorted(row))])
    )
    table, trials, successes = _table(rows, outcomes, names)
    start = np.array([believed.bias, *(believed.weights.get(name, 0.0) for name in names)])
    held = np.array([BIAS_SD**-2, *[prior.sd**-2] * len(names)])
    found, curve = _newton(table, trials, successes, start, held)
    weights = dict(zip(names, map(float, found[1:]), strict=True))
    return Fitted(Logistic(float(found[0]), weights), np.linalg.inv(curve))


def best_prior(
    rows: Sequence[Features],
    outcomes: Sequence[float],
    folds: Sequence[int],
    priors: Sequence[Prior] = PRIORS,
) -> Prior:
    """The first of the priors with which rows of each fold are predicted from the others not worse
    than with the best one by more than a standard error over folds (Breiman et al. 1984). The
    first of all where there are fewer than three folds."""
    if len(set(folds)) < 3:
        return priors[0]
    scores = [_fold_scores(rows, outcomes, folds, prior) for prior in priors]
    best = max(scores, key=math.fsum)
    return next(p for p, own in zip(priors, scores, strict=True) if _as_good(own, best))


def out_of_fold(
    rows: Sequence[Features], outcomes: Sequence[float], folds: Sequence[int], prior: Prior
) -> list[float]:
    """The probability of each row, by a model fitted on the rows of all other folds."""
    models = {}
    for fold in set(folds):
        others = [i for i, each in enumerate(folds) if each != fold]
        models[fold] = fit_logistic(
            [rows[i] for i in others], [outcomes[i] for i in others], prior
        ).model
    return [models[fold](row) for row, fold in zip(rows, folds, strict=True)]


def log_score(p: float, outcome: float) -> float:
    """Log-likelihood of an outcome from 0 to 1 under a prediction strictly between them."""
    return outcome * math.log(p) + (1 - outcome) * math.log1p(-p)


def _fold_scores(
    rows: Sequence[Features], outcomes: Sequence[float], folds: Sequence[int], prior: Prior
) -> list[float]:
    """Log-likelihood of each fold, predicted from the others."""
    sums = dict.fromkeys(sorted(set(folds)), 0.0)
    predicted = out_of_fold(rows, outcomes, folds, prior)
    for p, outcome, fold in zip(predicted, outcomes, folds, strict=True):
        sums[fold] += log_score(p, outcome)
    return list(sums.values())


def _as_good(scores: Sequence[float], best: Sequence[float]) -> bool:
    """Whether the mean shortfall is no more than its standard error."""
    short = [theirs - ours for ours, theirs in zip(scores, best, strict=True)]
    return fmean(short) <= stdev(short) / math.sqrt(len(short))


def _table(
    rows: Sequence[Features], outcomes: Sequence[float], names: Sequence[str]
) -> tuple[Any, Any, Any]:
    """Rows with the same features as one, with how many they are and the sum of their outcomes."""
    import numpy as np

    cells: dict[frozenset[str], list[float]] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        cell = cells.setdefault(frozenset(row), [0.0, 0.0])
        cell[0] += 1
        cell[1] += outcome
    table = np.array([[1.0, *(float(n in row) for n in names)] for row in cells])
    counts = np.array(list(cells.values())).reshape(-1, 2)
    return table.reshape(-1, len(names) + 1), counts[:, 0], counts[:, 1]


def _newton(table: Any, trials: Any, successes: Any, start: Any, held: Any) -> tuple[Any, Any]:
    """The maximum of the posterior and the curvature there; the prior makes it strictly concave.

    No step is longer than 2 in any weight, so that none leads astray."""
    import numpy as np

    found = start
    for _ in range(STEPS):
        slope, curve = _derivatives(table, trials, successes, found, start, held)
        step = np.linalg.solve(curve, slope)
        found = found + min(1.0, 2.0 / float(np.abs(step).max() + CLOSE)) * step
        if float(np.abs(step).max()) < CLOSE:
            break
    return found, _derivatives(table, trials, successes, found, start, held)[1]


def _derivatives(
    table: Any, trials: Any, successes: Any, found: Any, start: Any, held: Any
) -> tuple[Any, Any]:
    """Of the log-posterior: the first, and minus the second."""
    import numpy as np

    p = 1 / (1 + np.exp(-np.clip(table @ found, -MOST, MOST)))
    slope = table.T @ (successes - trials * p) - held * (found - start)
    weights = trials * p * (1 - p)
    return slope, (table * weights[:, None]).T @ table + np.diag(held)
