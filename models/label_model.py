"""Weak labels into one probability: each label function votes for, against or not at all.

A logistic model of the votes whose weights start at what each function is believed to be worth
and move to what known outcomes say (data programming, Ratner et al. 2016; MAP estimate with a
normal prior, so that functions that vote together are not counted twice). Knows numbers only: not
what a function looks at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Vote = Literal[-1, 0, 1]
Votes = Mapping[str, int]

PRIOR_SD = 1.0
"""How far, in log-odds, a weight may be from what is believed before known outcomes hold it."""
STEPS = 50
CLOSE = 1e-8


@dataclass(frozen=True)
class LabelModel:
    """Log-odds: a bias, and for each function the weight of its vote for and of its vote against.

    `known` is the number of true outcomes that it was fitted on.
    """

    bias: float
    weights: Mapping[str, tuple[float, float]]
    known: int = 0

    def __call__(self, votes: Votes) -> float:
        """P(success), strictly between 0 and 1; a function that is not known says nothing."""
        score = self.bias
        for name, vote in votes.items():
            if vote and name in self.weights:
                score += self.weights[name][vote < 0]
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))

    def to_json(self) -> dict[str, Any]:
        weights = {name: list(pair) for name, pair in self.weights.items()}
        return {"bias": self.bias, "weights": weights, "known": self.known}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LabelModel:
        """Raises KeyError, TypeError or ValueError when the data is none."""
        weights = {str(k): (float(v[0]), float(v[1])) for k, v in data["weights"].items()}
        return cls(float(data["bias"]), weights, int(data["known"]))


def believed(accuracies: Mapping[str, float]) -> LabelModel:
    """The model before any outcome is known: each function is right as often as believed."""
    log_odds = {name: math.log(a / (1 - a)) for name, a in accuracies.items()}
    return LabelModel(0.0, {name: (value, -value) for name, value in log_odds.items()})


def fit_label_model(
    votes: Sequence[Votes], outcomes: Sequence[bool], prior: LabelModel
) -> LabelModel:
    """The prior moved by known outcomes (one a row of votes); the prior itself without any."""
    import numpy as np

    names = list(prior.weights)
    if not votes:
        return prior
    rows = np.array([_indicators(row, names) for row in votes])
    start = np.array([prior.bias, *(w for name in names for w in prior.weights[name])])
    found = _newton(rows, np.array(outcomes, dtype=float), start)
    pairs = {
        name: (float(found[1 + 2 * i]), float(found[2 + 2 * i])) for i, name in enumerate(names)
    }
    return LabelModel(float(found[0]), pairs, len(votes))


def _indicators(votes: Votes, names: Sequence[str]) -> list[float]:
    cells = [1.0]
    for name in names:
        vote = votes.get(name, 0)
        cells += [float(vote > 0), float(vote < 0)]
    return cells


def _newton(rows: Any, outcomes: Any, start: Any) -> Any:
    """The maximum of the posterior; the prior makes it strictly concave."""
    import numpy as np

    found = start.copy()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (outcomes - p) - (found - start) / PRIOR_SD**2
        curve = (rows * (p * (1 - p))[:, None]).T @ rows + np.eye(len(found)) / PRIOR_SD**2
        step = np.linalg.solve(curve, slope)
        found = found + step
        if float(np.abs(step).max()) < CLOSE:
            break
    return found
