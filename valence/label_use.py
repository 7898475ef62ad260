"""The labels of a classifier as they are used: how often, and which may mean the same.

Nearness only proposes: that two labels are one is for a person to say. Knows nothing of files or
heads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from valence.app import Valence
from valence.boundaries.classifier import Classifier
from valence.boundaries.labels import standing
from valence.learners.heads import HeadsLearner

if TYPE_CHECKING:
    from models.embedding import Matrix
    from store.examples import Example
    from valence.learners.base import Report

ALIKE = 0.6
"""Mean cosine, of the names and of the messages, from which two labels are proposed as one."""
MOST_PROPOSED = 20
MOST_MESSAGES = 50
"""Messages of a label that tell what it means."""


@dataclass(frozen=True)
class Alike:
    """Two labels of one head that may mean the same, with the mean cosine of their names and
    messages; the rarer one first."""

    head: str
    first: str
    second: str
    cosine: float


def counts(app: Valence, classifier: Classifier, head: str) -> dict[str, int]:
    """How many live examples each label has; labels that never occurred have none."""
    aliases = {each.name: each.aliases for each in classifier.declared.heads}
    found = Counter(dict.fromkeys(classifier.labels(head), 0))
    for label, count in app.stores.examples.label_counts(classifier.name, head):
        found[standing(head, label, aliases)] += count
    return dict(found.most_common())


def alike(app: Valence, classifier: Classifier, head: str, report: Report) -> list[Alike]:
    """The pairs of labels nearest in meaning, the nearest first, but for those that a person said
    are two.

    Raises EmbeddingModelMissing.
    """
    used = {label: count for label, count in counts(app, classifier, head).items() if count}
    if len(used) < 2:
        return []
    rarest_first = sorted(used, key=lambda label: used[label])
    cosines = _cosines(app, classifier, head, rarest_first, report)
    pairs = [
        Alike(head, one, other, float(cosines[i, j]))
        for (i, one), (j, other) in combinations(enumerate(rarest_first), 2)
    ]
    apart = classifier.apart(head)
    near = [p for p in pairs if p.cosine >= ALIKE and frozenset((p.first, p.second)) not in apart]
    return sorted(near, key=lambda pair: -pair.cosine)[:MOST_PROPOSED]


def _cosines(
    app: Valence, classifier: Classifier, head: str, labels: list[str], report: Report
) -> Any:
    """(n, n): the mean of two cosines, of the labels' names and of their messages' means."""
    import numpy as np

    some = _examples(app, classifier, head, labels)
    every = [example for own in some for example in own]
    rows = HeadsLearner(app).embedded(app.embedder, every, report)
    ends = np.cumsum([len(own) for own in some])[:-1]
    messages = np.stack([_mean(own) for own in np.split(rows, ends)])
    names = app.embedder.embed([label.replace("_", " ") for label in labels])
    return (names @ names.T + messages @ messages.T) / 2


def _mean(rows: Matrix) -> Matrix:
    import numpy as np

    mean: Matrix = rows.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _examples(
    app: Valence, classifier: Classifier, head: str, labels: list[str]
) -> list[list[Example]]:
    """Some examples of each label."""
    found: dict[str, list[Example]] = {label: [] for label in labels}
    for split in ("train", "calibration", "test"):
        for example in app.stores.examples.of(classifier.name, split):
            label = classifier.told(example.output).get(head)
            if label in found and len(found[label]) < MOST_MESSAGES:
                found[label].append(example)
    return [found[label] for label in labels]
