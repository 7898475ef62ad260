"""The embeddings of examples, kept so that a next run need not make them again.

They go with their examples. It makes none itself and searches nothing; numpy is loaded at the
first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.database import Database
from store.vectors import pack, unpack

if TYPE_CHECKING:
    from store.vectors import Matrix

BATCH = 5000
# What was forgotten while it was being embedded must not come back.
_ADD = """
INSERT OR REPLACE INTO example_vectors (example_id, model, vector)
SELECT :id, :model, :vector WHERE EXISTS (SELECT 1 FROM examples WHERE id = :id)
"""
_READ = """
SELECT example_id, vector FROM example_vectors
WHERE model = ? AND example_id IN (SELECT value FROM json_each(?))
"""


class ExampleVectors:
    """The vectors of the examples of one database, by any model."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, model: str, ids: Sequence[str], vectors: Matrix) -> None:
        """Keep one row of `vectors` (n, d; each of length one) an example, in one transaction."""
        rows = [
            {"id": each, "model": model, "vector": pack(vector)}
            for each, vector in zip(ids, vectors, strict=True)
        ]
        with self._db.transaction() as connection:
            connection.executemany(_ADD, rows)

    def read(self, model: str, ids: Sequence[str]) -> dict[str, Matrix]:
        """The vectors, each (d,), of those examples that have one by this model."""
        found: dict[str, Matrix] = {}
        for start in range(0, len(ids), BATCH):
            rows = self._db.read(_READ, (model, json.dumps(ids[start : start + BATCH])))
            if rows:
                found |= zip((row["example_id"] for row in rows), unpack(rows), strict=True)
        return found
