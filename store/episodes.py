"""Episodic memory: what was said and what was read, in pieces, with their words and their vectors.

SQLite is the truth; every vector index can be made from it again (store/lance.py). It does not
know what a piece means, how texts are cut, or which model makes a vector.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from store.clock import now
from store.database import Database
from store.errors import UnknownChunk
from store.ids import new_id
from store.rows import find, insert_sql
from store.vectors import Vectors
from store.wording import Wanted, matching

if TYPE_CHECKING:
    from store.vectors import Matrix

ChunkKind: TypeAlias = Literal["chunk", "episode"]

_COLUMNS = (
    "id", "source_id", "kind", "text", "position", "span_start", "span_end", "episode", "call_id",
    "occurred_at", "recorded_at",
)  # fmt: skip
_INSERT = insert_sql("chunks", _COLUMNS)
_SELECT = "SELECT " + ", ".join(f"chunks.{column}" for column in _COLUMNS) + " FROM chunks"
_BACKLOG = f"""
{_SELECT} WHERE NOT EXISTS
  (SELECT 1 FROM vectors WHERE owner_id = chunks.id AND model = :model)
ORDER BY number DESC LIMIT :limit
"""
_MOVE = "UPDATE chunks SET position = ?, span_start = ?, span_end = ? WHERE id = ?"
_UNREAD = f"""
{_SELECT} JOIN sources ON sources.id = chunks.source_id
WHERE sources.kind = 'document' AND chunks.call_id IS NULL ORDER BY chunks.number LIMIT ?
"""
_THESE = "(SELECT value FROM json_each(?))"
_THERE = "NOT EXISTS (SELECT 1 FROM sources WHERE id = chunks.source_id AND state = 'gone')"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece of a source (`chunk`), or something that was said (`episode`).

    `text` is the source's own, from character `span_start` to before `span_end`. `episode` is the
    conversation or job it belongs to, `call_id` the call that read it, `occurred_at` when it
    happened where that is known; `time` is the best of both times.
    """

    text: str
    kind: ChunkKind = "chunk"
    source_id: str | None = None
    position: int = 0
    span_start: int | None = None
    span_end: int | None = None
    episode: str | None = None
    call_id: str | None = None
    occurred_at: str | None = None
    recorded_at: str = field(default_factory=now)
    id: str = field(default_factory=new_id)

    @property
    def time(self) -> str:
        """When it happened, or else when it was recorded."""
        return self.occurred_at or self.recorded_at


class Episodes:
    """The chunks and episodes of one database; `vectors` holds their embeddings."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.vectors = Vectors(db)

    def add(self, chunks: Sequence[Chunk], vectors: Matrix | None = None, model: str = "") -> None:
        """Keep pieces, with the vectors (n, d) that `model` made of them, in one transaction.

        Without vectors they wait in `backlog`. Their sources and calls must be there.
        """
        with self._db.transaction() as connection:
            connection.executemany(_INSERT, [asdict(chunk) for chunk in chunks])
            if vectors is not None:
                self.vectors.add("chunk", model, [chunk.id for chunk in chunks], vectors)

    def move(self, chunks: Sequence[Chunk]) -> None:
        """Pieces whose place in their source has changed, and nothing else of them."""
        rows = [(each.position, each.span_start, each.span_end, each.id) for each in chunks]
        with self._db.transaction() as connection:
            connection.executemany(_MOVE, rows)

    def get(self, id_or_prefix: str) -> Chunk:
        """The piece with this id or unique beginning. Raises UnknownChunk or AmbiguousId."""
        return _read(find(self._db, "chunks", id_or_prefix, UnknownChunk))

    def by_ids(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """The pieces of these ids; those that are gone, or whose source is, are left out."""
        sql = f"{_SELECT} WHERE id IN {_THESE} AND {_THERE}"
        rows = self._db.read(sql, (json.dumps(list(ids)),))
        return {row["id"]: _read(row) for row in rows}

    def of_source(self, source_id: str) -> list[Chunk]:
        """The pieces of a source, in their order."""
        sql = f"{_SELECT} WHERE source_id = ? ORDER BY position, number"
        return [_read(row) for row in self._db.read(sql, (source_id,))]

    def of_episode(self, episode: str) -> list[Chunk]:
        """The pieces of an episode, in the order they were recorded."""
        sql = f"{_SELECT} WHERE episode = ? ORDER BY number"
        return [_read(row) for row in self._db.read(sql, (episode,))]

    def count(self) -> int:
        """How many pieces there are."""
        return int(self._db.read("SELECT count(*) FROM chunks")[0][0])

    def search(
        self,
        query: str,
        limit: int = 20,
        *,
        kind: ChunkKind | None = None,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> list[tuple[Chunk, float]]:
        """Pieces that hold words of the query, best first, with BM25 turned so that more is better.

        Words that are everywhere are looked at only where there are no others; a query of such
        words alone finds the newest pieces that hold them all. `since` and `until` bound the
        piece's `time`; `source` is a source's id.
        """
        wanted = Wanted(query, kind, since, until, source)
        rows = matching(self._db, wanted, limit)
        chunks = self.by_ids(chunk_id for chunk_id, _ in rows)
        return [(chunks[chunk_id], score) for chunk_id, score in rows if chunk_id in chunks]

    def unread(self, limit: int = 100) -> list[Chunk]:
        """Pieces of documents that no call has decomposed yet, oldest first."""
        return [_read(row) for row in self._db.read(_UNREAD, (limit,))]

    def read_by(self, chunk_id: str, call_id: str) -> None:
        """A call has decomposed a piece; forgetting that call forgets the piece."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE chunks SET call_id = ? WHERE id = ?", (call_id, chunk_id))

    def backlog(self, model: str, limit: int = 256) -> list[Chunk]:
        """Pieces that have no vector of this model yet, newest first."""
        if not self.waiting(model):
            return []
        return [_read(row) for row in self._db.read(_BACKLOG, {"model": model, "limit": limit})]

    def waiting(self, model: str) -> int:
        """How many pieces have no vector of this model yet."""
        return self.count() - self.vectors.mark("chunk", model).count

    def remove(self, ids: Iterable[str]) -> int:
        """Remove pieces with their words and vectors; how many there were.

        What was learnt from them is the graph's: have it forget that first.
        """
        with self._db.transaction() as connection:
            sql = f"DELETE FROM chunks WHERE id IN {_THESE}"
            return connection.execute(sql, (json.dumps(list(ids)),)).rowcount


def _read(row: sqlite3.Row) -> Chunk:
    return Chunk(**{column: row[column] for column in _COLUMNS})
