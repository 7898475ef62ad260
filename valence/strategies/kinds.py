"""Kinds of problems: groups of those that mean alike, named by their own words.

A kind is told by the nearest centroid where the vectors are of the same model, else by the words
it has in common with the problem. Knows neither approaches nor outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from models.clusters import BY_WORDS
from valence.boundaries.text import fold

if TYPE_CHECKING:
    from models.embedding import Matrix

NAMED_BY = 3
OUTLYING = 0.05
"""The share of a kind's own problems that are its outlying ones."""
NEAR = 0.5
"""A problem is of a kind from this share of an outlying one's cosine on."""
LONGEST = 2000
"""Characters of a problem that are looked at; an embedding model reads about as many."""


class Space(Protocol):
    """Texts to vectors of length one: an embedding model, or hashed words."""

    @property
    def name(self) -> str:
        """Vectors of different names cannot be compared."""

    def embed(self, texts: Sequence[str]) -> Matrix: ...


class Remembering:
    """A space that embeds each text once."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._rows: dict[str, Any] = {}
        self.name = space.name

    def embed(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._space.embed(new), strict=True))
        rows: Matrix = np.stack([self._rows[text] for text in texts])
        return rows


@dataclass(frozen=True)
class Kind:
    """One kind: its words with their weights; its centroid and the least cosine to it, unless it
    came without vectors."""

    name: str
    words: Mapping[str, float]
    problems: int
    centroid: tuple[float, ...] | None = None
    radius: float = 0.0


@dataclass(frozen=True)
class Kinds:
    """The kinds of an agent's problems; `space` is the name of what made the vectors."""

    space: str
    kinds: tuple[Kind, ...]
    mean: tuple[float, ...] | None = None
    """Of all problems' vectors; centroids are of vectors less this one."""

    def of(self, problems: Sequence[str], space: Space | None) -> list[str | None]:
        """The name of each problem's kind; None where it is like none of them or has no word.

        By words where `space` is None, another one, or where the kinds have no vectors.
        """
        texts = [problem[:LONGEST] for problem in problems]
        if space is None or not self._knows(space):
            return [self._by_words(text) for text in texts]
        told = self._by_vectors(space.embed(texts))
        return [kind if fold(text) else None for kind, text in zip(told, texts, strict=True)]

    def told_by(self, space: Space) -> str:
        """Whether kinds are told by an embedding model's "vectors" in that space, or by "words"."""
        return "vectors" if self._knows(space) and space.name != BY_WORDS else "words"

    def _knows(self, space: Space) -> bool:
        return space.name == self.space and self.mean is not None

    def _by_vectors(self, rows: Matrix) -> list[str | None]:
        import numpy as np

        from models.clusters import cosines

        centroids = np.array([kind.centroid for kind in self.kinds], dtype=np.float32)
        near = cosines(rows, np.array(self.mean, dtype=np.float32), centroids)
        return [
            self.kinds[i].name if row[i] >= self.kinds[i].radius else None
            for row, i in zip(near, near.argmax(axis=1), strict=True)
        ]

    def _by_words(self, text: str) -> str | None:
        words = set(text.casefold().split())
        words |= {word.strip(".,;:!?\"'()") for word in words}
        shared = {
            kind.name: sum(weight for word, weight in kind.words.items() if word in words)
            for kind in self.kinds
        }
        best = max(shared, key=lambda name: shared[name], default=None)
        return best if best is not None and shared[best] > 0 else None

    def without_vectors(self) -> Kinds:
        """Told by words alone."""
        kinds = tuple(replace(kind, centroid=None, radius=0.0) for kind in self.kinds)
        return Kinds(self.space, kinds)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Kinds:
        """Raises KeyError, TypeError or ValueError when the data is none."""
        kinds = tuple(_kind(each) for each in data["kinds"])
        mean = _vector(data.get("mean"))
        sizes = {len(kind.centroid or ()) for kind in kinds} if mean is not None else set()
        if mean is not None and sizes != {len(mean)}:
            raise ValueError("its centroids are not all of one size")
        return cls(str(data["space"]), kinds, mean)


def find_kinds(problems: Sequence[str], space: Space) -> Kinds:
    """The kinds of these problems; the same text counts once. Needs at least one problem."""
    from models.clusters import cluster, key_words

    texts = list(dict.fromkeys(problem[:LONGEST] for problem in problems))
    rows = space.embed(texts)
    found = cluster(rows)
    words = key_words(texts, found.labels)
    names: set[str] = set()
    near = found.cosines(rows)
    kinds = []
    for label, centroid in enumerate(found.centroids):
        own = sorted(
            float(row[label]) for row, each in zip(near, found.labels, strict=True) if each == label
        )
        name = _new_name(words[label], names)
        radius = NEAR * max(0.0, own[int(OUTLYING * len(own))])
        kinds.append(Kind(name, words[label], len(own), _rounded(centroid), radius))
    return Kinds(space.name, tuple(kinds), _rounded(found.mean))


def _rounded(vector: Any) -> tuple[float, ...]:
    return tuple(round(float(x), 6) for x in vector)


def _new_name(words: Mapping[str, float], taken: set[str]) -> str:
    """The first words; more of them, then a number, where another kind has that name already."""
    all_words = list(words)
    names = [" · ".join(all_words[:count]) for count in range(NAMED_BY, len(words) + 1)]
    whole = " · ".join(all_words) or "problems"
    names += [whole, *(f"{whole} {number}" for number in range(2, len(taken) + 2))]
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def _kind(data: Mapping[str, Any]) -> Kind:
    return Kind(
        name=str(data["name"]),
        words={str(word): float(weight) for word, weight in data["words"].items()},
        problems=int(data["problems"]),
        centroid=_vector(data.get("centroid")),
        radius=float(data.get("radius", 0.0)),
    )


def _vector(data: Any) -> tuple[float, ...] | None:
    return None if data is None else tuple(float(x) for x in data)
