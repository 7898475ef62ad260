"""Which names most likely mean one thing: how alike they sound, and what both are linked with.

How much the links count is fitted on the pairs that were answered. Where the same is told again
under another name, two names of one thing share neighbours; where everything is told once they do
not, and links count nothing, or against. It orders questions; it answers none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.metrics import auroc
from store.candidates import Candidates
from store.graph import Entity, Graph
from store.vectors import Vectors
from valence.memory.naming import same_letters

WEIGHTS = (0.0, 0.1, -0.1, 0.2, -0.2, 0.4, -0.4, 0.8, -0.8, 1.6, -1.6)
"""What the links may count beside a cosine of names of weight 1, the least first."""
LEARNT_FROM = 300
"""Pairs of either verdict that the weight is fitted on, the newest."""
DOUBLINGS = 4

Pair = tuple[Entity, Entity]


@dataclass(frozen=True)
class Likeness:
    """Of two names: their cosine, -1 to 1, and the logarithm of the number of neighbours that they
    share (fifteen make 1); 0 where they are linked with each other."""

    names: float
    links: float

    def weighed(self, weight: float) -> float:
        return self.names + weight * self.links


class Likeliest:
    """Orders pairs of one graph; `model` made the vectors of the names."""

    def __init__(self, graph: Graph, model: str) -> None:
        self._candidates = Candidates(graph.db)
        self._vectors = Vectors(graph.db)
        self._model = model

    def __call__(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs, the likeliest first; equals in the order given."""
        weight = self.weight()
        scores = [likeness.weighed(weight) for likeness in self._likenesses(pairs)]
        order = sorted(range(len(pairs)), key=lambda number: -scores[number])
        return [pairs[number] for number in order]

    def weight(self) -> float:
        """What links count by the answers so far; names that differ in signs alone were never a
        question, and teach nothing."""
        answered = [
            each
            for each in self._candidates.answered(LEARNT_FROM)
            if not same_letters(each[0].name, each[1].name)
        ]
        likenesses = self._likenesses([(one, other) for one, other, _ in answered])
        return fit_weight(likenesses, [same for _, _, same in answered])

    def _likenesses(self, pairs: Sequence[Pair]) -> list[Likeness]:
        ids = list(dict.fromkeys(entity.id for pair in pairs for entity in pair))
        linked = self._candidates.linked(ids)
        rows = {
            id: row
            for found, matrix in self._vectors.read(self._model, ids)
            for id, row in zip(found, matrix, strict=True)
        }
        known = rows.keys()
        return [
            Likeness(
                float(rows[a.id] @ rows[b.id]) if {a.id, b.id} <= known else 0.0,
                _in_common(linked[a.id], linked[b.id], {a.id, b.id}),
            )
            for a, b in pairs
        ]


def fit_weight(likenesses: Sequence[Likeness], same: Sequence[bool]) -> float:
    """The least of WEIGHTS that orders the pairs not worse than the best one by more than a
    standard error of its AUROC (the rule of Breiman et al. 1984); 0 without both verdicts."""
    fewer = min(sum(same), len(same) - sum(same))
    if not fewer:
        return 0.0
    worths = [auroc([each.weighed(w) for each in likenesses], same) or 0.0 for w in WEIGHTS]
    best = max(worths)
    error = math.sqrt(best * (1 - best) / fewer)
    return next(w for w, worth in zip(WEIGHTS, worths, strict=True) if worth >= best - error)


def _in_common(ours: set[str], theirs: set[str], both: set[str]) -> float:
    if both & (ours | theirs):
        return 0.0
    return math.log2(1 + len(ours & theirs)) / DOUBLINGS
