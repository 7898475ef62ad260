"""Where remembered things come from: notes, documents, turns, imports.

It knows a source's place and what became of reading it. It does not read files, nor say what a
source is worth.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from store.clock import now
from store.database import Database
from store.errors import UnknownSource
from store.ids import new_id
from store.rows import find, insert_sql

SourceKind: TypeAlias = Literal["note", "document", "turn", "import"]
SourceState: TypeAlias = Literal["read", "skipped", "gone"]

FORGOTTEN = "forgotten"
"""The reason of a source that a person has taken away; `state` is then gone."""

Holdings: TypeAlias = tuple[int, int]
"""How many pieces of text a source has, and how many facts it states."""

_COLUMNS = (
    "id", "kind", "place", "title", "state", "reason", "sha256", "bytes", "modified_at",
    "recorded_at", "trusted",
)  # fmt: skip
_INSERT = insert_sql("sources", _COLUMNS)
_UPDATE = """
UPDATE sources SET place = :place, title = :title, state = :state, reason = :reason,
  sha256 = :sha256, bytes = :bytes, modified_at = :modified_at, recorded_at = :recorded_at
WHERE id = :id
"""
_LIST = """
SELECT * FROM sources WHERE (:kind IS NULL OR kind = :kind) AND (:state IS NULL OR state = :state)
ORDER BY recorded_at DESC, id DESC LIMIT :limit
"""

_HOLDINGS = """
SELECT asked.value AS id,
  (SELECT count(*) FROM chunks WHERE source_id = asked.value) AS pieces,
  (SELECT count(*) FROM (SELECT id FROM facts WHERE source_id = asked.value
    UNION SELECT fact_id FROM witnesses WHERE source_id = asked.value)) AS facts
FROM json_each(?) AS asked
"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something that was told or read.

    `place` is a document's path, "" for what has none. `reason` says why a source was skipped.
    What comes from a source that is not `trusted` can be quoted and cited; it never instructs,
    and nothing of it becomes a training example.
    """

    kind: SourceKind
    place: str = ""
    title: str = ""
    state: SourceState = "read"
    reason: str = ""
    sha256: str | None = None
    bytes: int | None = None
    modified_at: str | None = None
    recorded_at: str = field(default_factory=now)
    trusted: bool = True
    id: str = field(default_factory=new_id)


class Sources:
    """The sources of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source: Source) -> Source:
        """Keep a new source."""
        with self._db.transaction() as connection:
            connection.execute(_INSERT, _row(source))
        return source

    def update(self, source: Source) -> Source:
        """What is known of a source now; its kind and its trust stay what they were."""
        with self._db.transaction() as connection:
            connection.execute(_UPDATE, _row(source))
        return source

    def get(self, id_or_prefix: str) -> Source:
        """The source with this id or unique beginning. Raises UnknownSource or AmbiguousId."""
        return _read(find(self._db, "sources", id_or_prefix, UnknownSource))

    def by_ids(self, ids: Iterable[str]) -> builtins.list[Source]:
        """The sources of these ids; unknown ones are left out."""
        sql = "SELECT * FROM sources WHERE id IN (SELECT value FROM json_each(?))"
        return [_read(row) for row in self._db.read(sql, (json.dumps(list(ids)),))]

    def list(
        self, kind: SourceKind | None = None, state: SourceState | None = None, limit: int = 1000
    ) -> list[Source]:
        """Sources, the latest read first."""
        chosen = {"kind": kind, "state": state, "limit": limit}
        return [_read(row) for row in self._db.read(_LIST, chosen)]

    def holdings(self, ids: Iterable[str]) -> dict[str, Holdings]:
        """What the memory holds of each of these sources."""
        rows = self._db.read(_HOLDINGS, (json.dumps(list(ids)),))
        return {row["id"]: (row["pieces"], row["facts"]) for row in rows}

    def documents(self) -> dict[str, Source]:
        """Every document by its place, those that are gone too."""
        rows = self._db.read("SELECT * FROM sources WHERE kind = 'document'")
        return {row["place"]: _read(row) for row in rows}


def _row(source: Source) -> dict[str, Any]:
    return {column: getattr(source, column) for column in _COLUMNS}


def _read(row: sqlite3.Row) -> Source:
    return Source(**dict(row) | {"trusted": bool(row["trusted"])})
