"""Events: things worth telling a person later, with their details. It does not interpret them."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass, field
from typing import Any

from store.clock import now
from store.database import Database
from store.ids import new_id
from store.rows import decode, encode, insert_sql

_INSERT = insert_sql("events", ("id", "kind", "boundary", "detail", "created_at"))


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. `detail` is JSON-able and holds no text of a call."""

    kind: str
    boundary: str | None
    detail: dict[str, Any]
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


class Events:
    """The events of all boundaries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, kind: str, boundary: str | None = None, **detail: Any) -> Event:
        """Write an event down."""
        event = Event(kind=kind, boundary=boundary, detail=detail)
        with self._db.transaction() as connection:
            connection.execute(_INSERT, asdict(event) | {"detail": encode(detail)})
        return event

    def list(self, limit: int, kind: str | None = None) -> list[Event]:
        """Events, newest first."""
        sql = "SELECT * FROM events WHERE ?1 IS NULL OR kind = ?1 ORDER BY id DESC LIMIT ?2"
        return [_read(row) for row in self._db.read(sql, (kind, limit))]

    def latest(self, kind: str, boundary: str) -> Event | None:
        """The newest event of this kind at this boundary."""
        sql = """SELECT * FROM events INDEXED BY events_by_kind WHERE kind = ? AND boundary = ?
                 ORDER BY rowid DESC LIMIT 1"""
        rows = self._db.read(sql, (kind, boundary))
        return _read(rows[0]) if rows else None


def _read(row: sqlite3.Row) -> Event:
    return Event(**dict(row) | {"detail": decode(row["detail"])})
