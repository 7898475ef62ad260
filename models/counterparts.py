"""Pairs that may be one thing under two names, by their place in a graph: most alike of all, linked
with the same others, and not with each other.

It knows arrays; whether a pair is one thing it cannot tell. numpy is loaded at the first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.topology import Links, Matrix

NEAREST = 3
SHARED = 2
"""Neighbours in common from which on a pair is worth a question."""
MOST_ASKED = 2000
BLOCK = 256


def counterparts(vectors: Matrix, links: Links) -> list[tuple[int, int]]:
    """Pairs (lower place first, in order) of the places 0 to n - 1 of `vectors` (n, d): one is
    among the NEAREST to the other, they share at least SHARED neighbours by `links` (m, 2) and are
    not linked. Only the last MOST_ASKED places with so many neighbours are compared with all."""
    import numpy as np

    beside: list[set[int]] = [set() for _ in vectors]
    for a, b in links.tolist():
        beside[a].add(b)
        beside[b].add(a)
    asked = [place for place, others in enumerate(beside) if len(others) >= SHARED][-MOST_ASKED:]
    found = set()
    for start in range(0, len(asked), BLOCK):
        block = asked[start : start + BLOCK]
        cosines = vectors[block] @ vectors.T
        cosines[np.arange(len(block)), block] = -np.inf
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
        found |= {
            (min(a, b), max(a, b))
            for a, others in zip(block, nearest.tolist(), strict=True)
            for b in others
            if b not in beside[a] and len(beside[a] & beside[b]) >= SHARED
        }
    return sorted(found)
