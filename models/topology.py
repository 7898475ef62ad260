"""Embeddings of entities from the shape of the graph alone, and how they join those of the names.

Spectral: random walks of the graph as a matrix, factorised (NetMF: Qiu et al., WSDM 2018). A new
graph has names only; later names and shape are blended, with a weight fitted on links held out;
an entity with many links is known by them alone. It knows arrays; it does not know what an entity
is. numpy and scipy are loaded at the first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]
    Links: TypeAlias = NDArray[np.int64]

DIMENSIONS = 128
WINDOW = 3
MOST_ENTRIES = 8_000_000
"""Longer walks are left out where they would fill a matrix beyond this."""
BLOCK = 64
HITS = 10
WEIGHTS = tuple(step / 20 for step in range(21))
DEGREES = (4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Blend:
    """What names and shape are worth, from links held out.

    `text` is the weight of the names, 0 to 1, for entities with fewer than `alone_from` links;
    the others are known by their links alone. None: no entity is.
    """

    text: float = 1.0
    alone_from: int | None = None

    def weights(self, degrees: Links) -> Matrix:
        """The weight of each entity's name; 1 for an entity without links."""
        import numpy as np

        weights = np.full(len(degrees), self.text, np.float32)
        if self.alone_from is not None:
            weights[degrees >= self.alone_from] = 0.0
        weights[degrees == 0] = 1.0
        return weights


def embed(links: Links, n: int, dimensions: int = DIMENSIONS, window: int = WINDOW) -> Matrix:
    """Vectors (n, d) of length one from links (m, 2) between entities 0 to n - 1.

    Entities without links get zeros. d is `dimensions`, or n - 2 in a smaller graph; a graph of
    fewer than four linked entities has no shape, and gets zeros of width one. The same links give
    the same vectors.
    """
    import numpy as np

    adjacency = _adjacency(links, n)
    linked = np.flatnonzero(_sums(adjacency))
    vectors = np.zeros((n, 1), np.float32)
    if len(linked) >= 4:
        inner = _factorised(adjacency[linked][:, linked], min(dimensions, len(linked) - 2), window)
        vectors = np.zeros((n, inner.shape[1]), np.float32)
        vectors[linked] = inner
    return vectors


def degrees(links: Links, n: int) -> Links:
    """How many links each entity has."""
    import numpy as np

    return np.bincount(np.asarray(links, np.int64).ravel(), minlength=n)


def blended(text: Matrix, shape: Matrix, weights: Matrix) -> Matrix:
    """One vector an entity (n, dt + ds), of length one where both parts are.

    The product of two of them is √(w₁w₂)·cos(names) + √((1 − w₁)(1 − w₂))·cos(shapes).
    """
    import numpy as np

    of_text, of_shape = np.sqrt(weights)[:, None], np.sqrt(1 - weights)[:, None]
    return np.hstack([text * of_text, shape * of_shape]).astype(np.float32)


def fit_blend(text: Matrix, shape: Matrix, known: Links, held_out: Links) -> Blend:
    """The blend that brings most held-out links among the first HITS (equals: the better mean
    reciprocal rank). `shape` must come from `known` alone. Without held-out links, names alone."""
    if not len(held_out):
        return Blend()
    weighed = [Blend(weight) for weight in reversed(WEIGHTS)]
    best = _best(weighed, _worths(text, shape, known, held_out, weighed))
    phased = [best, *(Blend(best.text, degree) for degree in reversed(DEGREES))]
    return _best(phased, _worths(text, shape, known, held_out, phased))


def ranks(vectors: Matrix, known: Links, held_out: Links) -> Links:
    """At which place (from 1) the one end of each held-out link stands when all entities are
    ordered by likeness to the other end; both directions, so (2m,).

    Known neighbours and the entity itself are left out of the order (the filtered setting of
    Bordes et al., 2013); equals count as half before.
    """
    import numpy as np

    places = [
        _places(vectors[asked.ends] @ vectors.T, asked)
        for asked in _questions(known, held_out, len(vectors))
    ]
    return np.concatenate(places) if places else np.zeros(0, np.int64)


def hits_at(k: int, places: Links) -> float:
    """Share of the places that are k or better; 0 for none."""
    return float((places <= k).mean()) if len(places) else 0.0


def mean_reciprocal_rank(places: Links) -> float:
    """Mean of 1 / place; 0 for none."""
    return float((1 / places).mean()) if len(places) else 0.0


def hold_out(links: Links, share: float, seed: int) -> tuple[Links, Links]:
    """The links in two parts, (kept, held out), each pair of entities once. Nothing is held out
    that would leave an entity without a link."""
    import numpy as np

    pairs = np.unique(np.sort(links, axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    order = np.random.default_rng(seed).permutation(len(pairs))
    left = np.bincount(pairs.ravel(), minlength=1)
    taken = _spare(pairs, order, left, int(share * len(pairs)))
    held = np.zeros(len(pairs), bool)
    held[taken] = True
    return pairs[~held], pairs[held]


def _spare(pairs: Links, order: Iterable[int], left: Links, wanted: int) -> list[int]:
    taken: list[int] = []
    for index in order:
        a, b = pairs[index]
        if len(taken) < wanted and left[a] > 1 and left[b] > 1:
            left[[a, b]] -= 1
            taken.append(int(index))
    return taken


def _adjacency(links: Links, n: int) -> Any:
    """Symmetric, one where two entities are linked, zero diagonal."""
    import numpy as np
    from scipy.sparse import coo_array

    links = np.asarray(links, np.int64).reshape(-1, 2)
    links = links[links[:, 0] != links[:, 1]]
    rows, columns = np.concatenate([links, links[:, ::-1]]).T
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n)).tocsr()
    matrix.data[:] = 1.0
    return matrix


def _sums(matrix: Any) -> Any:
    import numpy as np

    return np.asarray(matrix.sum(axis=1)).ravel()


def _factorised(adjacency: Any, dimensions: int, window: int) -> Matrix:
    """Truncated SVD of log max(1, vol/T · Σ Pʳ D⁻¹), rows scaled by √σ and to length one."""
    import numpy as np
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import svds

    sums = _sums(adjacency)
    inverse = diags_array(1 / sums)
    walks, length = _walks(inverse @ adjacency, window)
    matrix = (walks @ inverse * (sums.sum() / length)).tocsr()
    matrix.data = np.log(np.maximum(matrix.data, 1.0))
    matrix.eliminate_zeros()
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    left, values, _ = svds(matrix, k=dimensions, v0=start)
    vectors = left * np.sqrt(np.maximum(values, 0))
    return _unit(vectors)


def _walks(steps: Any, window: int) -> tuple[Any, int]:
    """The sum of the first powers of the matrix of steps, and how many they are."""
    import numpy as np

    power = total = steps
    filled = np.diff(steps.indptr)
    for length in range(1, window):
        if filled[power.indices].sum() > MOST_ENTRIES:
            return total, length
        power = (power @ steps).tocsr()
        total = total + power
    return total, window


def _unit(vectors: Any) -> Matrix:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


@dataclass(frozen=True)
class _Asked:
    """Some links asked for: known ends, wanted ends, and the entries (row, column) left out."""

    ends: Links
    wanted: Links
    hidden: tuple[Links, Links]


def _questions(known: Links, held_out: Links, n: int) -> Iterator[_Asked]:
    """Both directions of the held-out links, a block at a time."""
    import numpy as np

    neighbours: list[list[int]] = [[each] for each in range(n)]
    for a, b in known.tolist():
        neighbours[a].append(b)
        neighbours[b].append(a)
    both = np.concatenate([held_out, held_out[:, ::-1]])
    for start in range(0, len(both), BLOCK):
        ends, wanted = both[start : start + BLOCK].T
        left_out = [(row, each) for row, end in enumerate(ends) for each in neighbours[end]]
        rows, columns = np.array(left_out, np.int64).T
        yield _Asked(ends, wanted, (rows, columns))


def _places(scores: Matrix, asked: _Asked) -> Links:
    """The place of each wanted end among all of its row that is not left out."""
    import numpy as np

    every = np.arange(len(scores))
    wanted = scores[every, asked.wanted].copy()[:, None]
    scores[asked.hidden] = -np.inf
    scores[every, asked.wanted] = -np.inf
    places: Links = 1 + (scores > wanted).sum(axis=1) + (scores == wanted).sum(axis=1) // 2
    return places


def _worths(
    text: Matrix, shape: Matrix, known: Links, held_out: Links, blends: Sequence[Blend]
) -> list[tuple[int, float]]:
    """Of each blend the hits and the sum of reciprocal ranks; products of vectors are made once
    for all."""
    import numpy as np

    counts = degrees(known, len(text))
    hits, reciprocal = [0] * len(blends), [0.0] * len(blends)
    for asked in _questions(known, held_out, len(text)):
        of_text, of_shape = text[asked.ends] @ text.T, shape[asked.ends] @ shape.T
        for number, blend in enumerate(blends):
            one, other = np.sqrt(blend.weights(counts)), np.sqrt(1 - blend.weights(counts))
            scores = np.outer(one[asked.ends], one) * of_text
            scores += np.outer(other[asked.ends], other) * of_shape
            places = _places(scores, asked)
            hits[number] += int((places <= HITS).sum())
            reciprocal[number] += float((1 / places).sum())
    return list(zip(hits, reciprocal, strict=True))


def _best(blends: Sequence[Blend], worths: Sequence[tuple[int, float]]) -> Blend:
    """The first of the best."""
    return blends[max(range(len(blends)), key=lambda number: worths[number])]
