"""Which form a scorer should have, for bench_gate.py: a straight line as it is, one with a sigmoid
fitted on out-of-fold scores (Platt), or boosted trees with the link that so many labels bear.

Some of the kept-back answers fit, the others judge, drawn anew each time; so do fresh answers of a
second kind, where a system has them. Knows no gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gate_answers import Answers, Labelled
from gate_draws import used_of

from models.metrics import auroc, brier, ece
from models.scorer import held_out_folds, linked_trees, straight_line

SIZES = (60, 100, 200, 300, 500, 750, 1000, 1300)
DRAWS = 10
SHARE = 3 / 4
"""At most so many of the answers fit, so that enough are left to judge."""

LINE, SIGMOID, TREES = "line", "line with a sigmoid", "trees"
TREES_FROM = 300
"""Labels from which trees are worth a try."""

REST = "the other answers"


@dataclass(frozen=True)
class Known:
    """Features of answers, (n, features), and whether they are right, (n,)."""

    rows: np.ndarray
    right: np.ndarray

    def at(self, places: np.ndarray) -> Known:
        return Known(self.rows[places], self.right[places])


@dataclass(frozen=True)
class Form:
    """Means over the draws of scorers of one form and so many labels."""

    system: str
    judged: str
    labels: int
    form: str
    auroc: float
    ece: float
    brier: float


def forms(answers: Answers) -> Iterator[Form]:
    """Each form at each number of labels that the system has enough answers for."""
    names = used_of([answers])
    known = _known([*answers.score, *answers.gate], names)
    others = {kind: _known(fresh, names) for kind, fresh in list(answers.fresh.items())[1:]}
    for labels in SIZES:
        if labels <= SHARE * len(known.right):
            for form in (LINE, SIGMOID, *([TREES] if labels >= TREES_FROM else [])):
                for judged, means in _means(form, labels, known, others).items():
                    yield Form(answers.name, judged, labels, form, *means)


def _means(
    form: str, labels: int, known: Known, others: dict[str, Known]
) -> dict[str, list[float]]:
    """(AUROC, ECE, Brier score) by what was judged."""
    found: dict[str, list[list[float]]] = {}
    for seed in range(DRAWS):
        order = np.random.default_rng(seed).permutation(len(known.right))
        model = _model(form, labels).fit(known.rows[order[:labels]], known.right[order[:labels]])
        for judged, asked in {REST: known.at(order[labels:]), **others}.items():
            found.setdefault(judged, []).append(_figures(model, asked))
    return {judged: np.mean(draws, axis=0).tolist() for judged, draws in found.items()}


def _model(form: str, labels: int) -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    if form == TREES:
        return linked_trees(labels)
    if form == LINE:
        return straight_line()
    return CalibratedClassifierCV(straight_line(), cv=held_out_folds(), ensemble=False)


def _figures(model: Any, asked: Known) -> list[float]:
    sure, right = model.predict_proba(asked.rows)[:, 1].tolist(), asked.right.tolist()
    return [auroc(sure, right) or 0.5, ece(sure, right), brier(sure, right)]


def _known(answers: Sequence[Labelled], names: Sequence[str]) -> Known:
    usable = [one for one in answers if one.features is not None]
    rows = [[(one.features or {})[name] for name in names] for one in usable]
    return Known(np.array(rows), np.array([one.right for one in usable]))
