"""Vectors for what has none yet: new pieces, and all of them when another model is set.

Each batch is committed, so that it goes on where it was broken off. It does not decide when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from store.episodes import Episodes

if TYPE_CHECKING:
    from store.vectors import Matrix

BATCH = 256


class Embeds(Protocol):
    """What embeds: models.embedding.Embedder, or what stands in for it."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Matrix: ...


def embed_backlog(
    episodes: Episodes,
    embedder: Embeds,
    progress: Callable[[int, int], object] = lambda done, all_: None,
    most: int | None = None,
) -> int:
    """Embed up to `most` waiting pieces (all by default), the newest first; how many it were.

    When none is left, vectors of other models are removed. Raises EmbeddingModelMissing.
    """
    model, done = embedder.name, 0
    waiting = episodes.waiting(model)
    while most is None or done < most:
        batch = episodes.backlog(model, BATCH if most is None else min(BATCH, most - done))
        if not batch:
            episodes.vectors.keep_only("chunk", model)
            break
        vectors = embedder.embed([chunk.text for chunk in batch])
        episodes.vectors.add("chunk", model, [chunk.id for chunk in batch], vectors)
        done += len(batch)
        progress(done, max(waiting, done))
    return done
