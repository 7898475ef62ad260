"""Between dataclasses and rows: statements, JSON columns and ids cut short.

It knows tables by name only; what their columns mean is with the modules that own them.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from store.database import Database
from store.errors import AmbiguousId, UnknownId


def insert_sql(table: str, columns: tuple[str, ...]) -> str:
    """An INSERT with one named parameter a column."""
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"


def encode(value: Any) -> str | None:
    """JSON text of a column; None stays NULL."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decode(text: str | None) -> Any:
    """The value of a JSON column; NULL stays None."""
    return None if text is None else json.loads(text)


def find(db: Database, table: str, id_or_prefix: str, unknown: type[UnknownId]) -> sqlite3.Row:
    """The one row whose id is this, or alone begins so.

    Raises `unknown` when there is none and AmbiguousId when there are several.
    """
    rows = db.read(f"SELECT * FROM {table} WHERE id = ?", (id_or_prefix,))
    return rows[0] if rows else _find_by_prefix(db, table, id_or_prefix, unknown)


def _find_by_prefix(db: Database, table: str, prefix: str, unknown: type[UnknownId]) -> sqlite3.Row:
    below, above = prefix, prefix + "\U0010ffff"
    rows = db.read(
        f"SELECT * FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT 2", (below, above)
    )
    if not prefix or not rows:
        raise unknown(f"no entry in {table} has the id {prefix!r}")
    if len(rows) > 1:
        raise AmbiguousId(f"more than one entry in {table} has an id that begins with {prefix!r}")
    return rows[0]
