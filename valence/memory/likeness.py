"""Names that are alike, compared only once the embedding model is loaded for something else.

A single remembered name is not worth the seconds of loading; such names are embedded later
(`AlikeNames.catch_up`). It does not decide which names mean one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from store.graph import Entity
from valence.memory.alike import AlikeNames


class WhenReady:
    """`AlikeNames` as soon as `ready` says so; until then nothing is like anything."""

    def __init__(self, names: AlikeNames, ready: Callable[[], bool]) -> None:
        self._names = names
        self._ready = ready

    def near(self, names: Sequence[str], limit: int) -> list[list[tuple[str, float]]]:
        """For each name, the entities whose names are nearest, with their cosine."""
        return self._names.near(names, limit) if self._ready() else [[] for _ in names]

    def add(self, entities: Sequence[Entity]) -> None:
        """Names that can be found from now on."""
        if self._ready():
            self._names.add(entities)
