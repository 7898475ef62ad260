"""Whether a straight line needs a link, for bench_gate.py: confidences of the line as it is, and
with a sigmoid fitted on out-of-fold scores (Platt).

On the calibration answers alone: some of them fit, the others judge, drawn anew each time. Knows
no gate, and no fresh answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gate_ablation import only, used_of
from gate_answers import Answers

from models.metrics import brier, ece
from models.scorer import FOLDS, TREES_FROM, fit_scorer

SIZES = (60, 100, 200, 300, TREES_FROM - 1)
DRAWS = 10
SHARE = 2 / 3
"""At most so many of the answers fit, so that enough are left to judge."""


@dataclass(frozen=True)
class Link:
    """Means over the draws for scorers of so many labels: as the line is, and with the sigmoid."""

    system: str
    labels: int
    judged: int
    line_ece: float
    sigmoid_ece: float
    line_brier: float
    sigmoid_brier: float


def links(system: Answers) -> Iterator[Link]:
    """Each number of labels that the system has enough answers for."""
    known = [
        (only(answer, used_of(system)).features, answer.right)
        for answer in [*system.score, *system.gate]
        if answer.features is not None
    ]
    rows = np.array([list((features or {}).values()) for features, _ in known])
    right = np.array([is_right for _, is_right in known])
    for labels in SIZES:
        if labels <= SHARE * len(rows):
            found = [_figures(rows, right, labels, seed) for seed in range(DRAWS)]
            means = np.mean(found, axis=0).tolist()
            yield Link(system.name, labels, len(rows) - labels, *means)


def _figures(rows: np.ndarray, right: np.ndarray, labels: int, seed: int) -> list[float]:
    """(ECE, ECE with the sigmoid, Brier, Brier with the sigmoid) of one draw."""
    order = np.random.default_rng(seed).permutation(len(rows))
    fitting, judging = order[:labels], order[labels:]
    truth = right[judging].tolist()
    both = [fit(rows[fitting], right[fitting], rows[judging]) for fit in (_line, _with_sigmoid)]
    return [measure(sure, truth) for measure in (ece, brier) for sure in both]


def _line(rows: np.ndarray, right: np.ndarray, asked: np.ndarray) -> list[float]:
    scorer = fit_scorer([_named(row) for row in rows], right.tolist())
    return [scorer(_named(row)) for row in asked]


def _with_sigmoid(rows: np.ndarray, right: np.ndarray, asked: np.ndarray) -> list[float]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    line: Any = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    rarer = int(min(right.sum(), (~right).sum()))
    folds = StratifiedKFold(min(FOLDS, rarer), shuffle=True, random_state=0)
    model = CalibratedClassifierCV(line, method="sigmoid", cv=folds, ensemble=False)
    chances: list[float] = model.fit(rows, right).predict_proba(asked)[:, 1].tolist()
    return chances


def _named(row: Sequence[float]) -> dict[str, float]:
    return {f"{place:02}": float(value) for place, value in enumerate(row)}
