"""Confidences by scorers of many draws of labels, for bench_gate.py: which of the kept-back answers
fit the scorer is chance, and another draw gives another scorer.

A system is the answers of one adapter, or of several that share their data as folds; each has
scorers of its own, and their fresh answers are judged together. Knows no gate.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from gate_answers import CANDIDATE, Answers, Labelled

from models.scorer import Scorer, fit_scorer, straight_line

DRAWS = 60
"""One draw's ECE has a standard deviation of .007: the mean of so many is good to .001."""

FEWER_DRAWS = 20
"""Where many scorers are compared, each with itself."""

System: TypeAlias = Sequence[Answers]


def scorers_of(system: System) -> list[list[Scorer]]:
    """The product's scorers, one a draw of each fold."""
    used = used_of(system)
    return [[fitted(labels, used) for labels in drawn(fold)] for fold in system]


def sure_of(system: System, kind: str, scorers: list[list[Scorer]]) -> np.ndarray:
    """Confidences of the fresh answers of a kind, (draws, n), in the order of `right_of`."""
    return np.concatenate(
        [
            [confidences(scorer, fold.fresh[kind]) for scorer in own]
            for fold, own in zip(system, scorers, strict=True)
        ],
        axis=1,
    )


def sure_by_lines(system: System, kind: str, names: Sequence[str]) -> np.ndarray:
    """The same by straight lines of these features, however many the labels are."""
    return np.concatenate(
        [
            [by_line(labels, fold.fresh[kind], names) for labels in drawn(fold)[:FEWER_DRAWS]]
            for fold in system
        ],
        axis=1,
    )


def right_of(system: System, kind: str) -> np.ndarray:
    return np.array([answer.right for fold in system for answer in fold.fresh[kind]])


def drawn(fold: Answers) -> list[list[Labelled]]:
    """As many labels as the product's scorer has, drawn from all that were kept back."""
    chance, pool = random.Random(0), [*fold.score, *fold.gate]
    return [chance.sample(pool, len(fold.score)) for _ in range(DRAWS)]


def fitted(labels: Sequence[Labelled], names: Sequence[str]) -> Scorer:
    """The product's scorer of these labels and features."""
    usable = [(one.features, one.right) for one in labels if one.features is not None]
    rows = [{name: features[name] for name in names} for features, _ in usable]
    return fit_scorer(rows, [right for _, right in usable])


def confidences(scorer: Scorer, answers: Sequence[Labelled]) -> list[float]:
    """One an answer; 0 where it can never be served."""
    return [scorer(one.features) if one.features is not None else 0.0 for one in answers]


def served_from(answers: Sequence[Sequence[tuple[float, bool]]], threshold: float) -> list[bool]:
    """Of each answer that is served, whether all is right that is served of it; answers have
    (confidence, right) of each part."""
    kept = [[right for sure, right in one if sure >= threshold] for one in answers]
    return [all(one) for one in kept if one]


def used_of(system: System) -> list[str]:
    """The features that the product scores by."""
    return [name for name in names_of(system) if not name.startswith(CANDIDATE)]


def names_of(system: System) -> list[str]:
    """All features of the answers, candidates too."""
    return sorted(next(one.features for one in system[0].score if one.features is not None))


def by_line(
    labels: Sequence[Labelled], answers: Sequence[Labelled], names: Sequence[str]
) -> np.ndarray:
    """Confidences of answers by a straight line of these features, (n,)."""
    usable = [one for one in labels if one.features is not None]
    line = straight_line().fit(_rows(usable, names), [one.right for one in usable])
    there = [place for place, one in enumerate(answers) if one.features is not None]
    found = np.zeros(len(answers))
    rows = _rows([answers[place] for place in there], names)
    found[there] = line.predict_proba(rows)[:, 1]
    return found


def _rows(answers: Sequence[Labelled], names: Sequence[str]) -> np.ndarray:
    return np.array([[(one.features or {})[name] for name in names] for one in answers])
