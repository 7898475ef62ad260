"""Texts by their meaning: the embedding model and the index of what it made, as one.

It compares; what is compared, and what follows from it, is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.database import Database

if TYPE_CHECKING:
    from models.embedding import Embedder
    from store.lance import VectorIndex
    from store.vectors import Matrix


class Meaning:
    """What one embedding model makes of the texts of one memory."""

    def __init__(self, db: Database, folder: Path, embedder: Embedder) -> None:
        """`folder` is the vector index's."""
        self._db = db
        self._folder = folder
        self._embedder = embedder
        self._kept: dict[str, Any] = {}
        self.is_loaded = False

    @property
    def name(self) -> str:
        """The model with its revision."""
        return self._embedder.name

    @cached_property
    def index(self) -> VectorIndex:
        """The nearest texts by their vectors."""
        from store.lance import VectorIndex

        return VectorIndex(self._db, self._folder, self._embedder.name)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text, of length one; loads the model at the first use."""
        rows = self._embedder.embed(texts)
        self.is_loaded = True
        return rows

    def near(self, text: str, limit: int) -> list[tuple[str, float]]:
        """The ids of the chunks nearest in meaning to a text, with their cosines."""
        return self.index.search(self.embed([text])[0], limit)

    def similar(self, text: str, others: Sequence[str]) -> list[float]:
        """Cosines with other texts, which are few and come again: relations."""
        new = [other for other in others if other not in self._kept]
        rows = self.embed([text, *new])
        self._kept.update(zip(new, rows[1:], strict=True))
        return [float(rows[0] @ self._kept[other]) for other in others]
