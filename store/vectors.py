"""Embeddings as SQLite keeps them: the truth behind every vector index.

It knows whose they are and which model made them. It does not search, and makes none itself.
numpy is loaded at the first use.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Literal, TypeAlias

from store.database import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

Owner: TypeAlias = Literal["chunk", "entity", "fact"]

BATCH = 5000
_TABLES: dict[Owner, str] = {"chunk": "chunks", "entity": "entities", "fact": "facts"}
# What was forgotten while it was being embedded must not come back.
_ADD = """
INSERT OR REPLACE INTO vectors (owner_id, owner, model, vector)
SELECT :id, :owner, :model, :vector WHERE EXISTS (SELECT 1 FROM {table} WHERE id = :id)
"""
_MARK = """
SELECT count(*) AS count, coalesce(max(number), :after) AS last FROM vectors
WHERE owner = :owner AND model = :model AND number > :after
"""
_SINCE = """
SELECT owner_id FROM vectors WHERE owner = ? AND model = ? AND number > ? ORDER BY number
"""
_READ = """
SELECT owner_id, number, vector FROM vectors
WHERE owner_id IN (SELECT value FROM json_each(?)) AND model = ? ORDER BY number
"""
_OTHERS = "DELETE FROM vectors WHERE owner = ? AND model <> ?"


@dataclass(frozen=True)
class Mark:
    """How far an index has read: the vectors it holds, and the number of the newest."""

    count: int = 0
    last: int = 0


@dataclass(frozen=True)
class Change:
    """What an index lacks, and what it holds that is gone."""

    added: list[str]
    gone: set[str]
    mark: Mark


class Vectors:
    """The vectors of one database, of any owner and any model."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._marks: dict[tuple[int, str, str, int], tuple[object, Mark]] = {}

    def add(self, owner: Owner, model: str, ids: Sequence[str], vectors: Matrix) -> None:
        """Keep one row of `vectors` (n, d; each of length one) an id, in one transaction.

        An owner that is not there any more is left out; one that has a vector gets the new one.
        """
        rows = [
            {"id": each, "owner": owner, "model": model, "vector": pack(vector)}
            for each, vector in zip(ids, vectors, strict=True)
        ]
        with self._db.transaction() as connection:
            connection.executemany(_ADD.format(table=_TABLES[owner]), rows)

    def mark(self, owner: Owner, model: str, after: int = 0) -> Mark:
        """How many there are with a number above `after`, and the number of the newest. No number
        is used twice. Counted again only after something was written to the database."""
        asked, written = (get_ident(), owner, model, after), self._written()
        known = self._marks.get(asked)
        if written is not None and known is not None and known[0] == written:
            return known[1]
        row = self._db.read(_MARK, {"owner": owner, "model": model, "after": after})[0]
        mark = Mark(row["count"], row["last"])
        self._marks[asked] = (written, mark)
        return mark

    def ids(self, owner: Owner, model: str, after: int = 0) -> list[str]:
        """Whose vectors have a number above `after`, in the order of their making."""
        return [row["owner_id"] for row in self._db.read(_SINCE, (owner, model, after))]

    def changes(
        self, owner: Owner, model: str, seen: Mark, held: Iterable[str], after: int = 0
    ) -> Change | None:
        """What has changed since an index that holds `held` was at `seen`; None if nothing has.

        `after` is where the index begins: it holds no vector with a number up to that.
        """
        mark = self.mark(owner, model, after)
        if mark == seen:
            return None
        added = self.ids(owner, model, seen.last)
        if seen.count + len(added) == mark.count:
            return Change(added, set(), mark)
        there, known, fresh = self.ids(owner, model, after), set(held), set(added)
        lacking = [each for each in there if each not in known or each in fresh]
        return Change(lacking, known.difference(there) | (fresh & known), mark)

    def read(self, model: str, ids: Sequence[str]) -> Iterator[tuple[list[str], Matrix]]:
        """The vectors of these owners, in batches of ids and rows; those without are left out."""
        for found, _, rows in self.numbered(model, ids):
            yield found, rows

    def numbered(
        self, model: str, ids: Sequence[str]
    ) -> Iterator[tuple[list[str], list[int], Matrix]]:
        """As `read`, with each vector's number, in their order within a batch."""
        for start in range(0, len(ids), BATCH):
            rows = self._db.read(_READ, (json.dumps(ids[start : start + BATCH]), model))
            if rows:
                numbers = [row["number"] for row in rows]
                yield [row["owner_id"] for row in rows], numbers, unpack(rows)

    def models(self, owner: Owner) -> dict[str, int]:
        """Which models made the vectors of an owner, and how many each."""
        sql = "SELECT model, count(*) AS n FROM vectors WHERE owner = ? GROUP BY model"
        return {row["model"]: row["n"] for row in self._db.read(sql, (owner,))}

    def keep_only(self, owner: Owner, model: str) -> int:
        """Remove the vectors of all other models; how many they were."""
        with self._db.transaction() as connection:
            return connection.execute(_OTHERS, (owner, model)).rowcount

    def _written(self) -> object:
        """What differs after any write, here or elsewhere; None while one may yet be undone."""
        connection = self._db.connection
        if connection.in_transaction:
            return None
        elsewhere = self._db.read("PRAGMA data_version")[0][0]
        return connection, connection.total_changes, elsewhere


def pack(vector: Matrix) -> bytes:
    """A vector as its column holds it: float32, little-endian."""
    import numpy as np

    return np.asarray(vector, dtype="<f4").tobytes()


def unpack(rows: Sequence[sqlite3.Row]) -> Matrix:
    """The column `vector` of rows of one model, as a matrix (n, d)."""
    import numpy as np

    joined = b"".join(row["vector"] for row in rows)
    return np.frombuffer(joined, dtype="<f4").reshape(len(rows), -1).astype(np.float32, copy=False)
