"""The registry of adapters: states, lineage, and which one is active for a boundary.

The pointer moves in one transaction. It does not know what an adapter's files hold, nor why
one adapter is better than another.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from store.clock import now
from store.database import Database
from store.errors import IllegalTransition, UnknownAdapter
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql
from store.runs import StateChange, follow
from store.states import State, check_transition

_COLUMNS = (
    "id", "boundary", "base_model", "base_revision", "prompt_version", "folder",
    "weights_sha256", "unit_sha256", "parent_id", "run_id", "state", "reason", "calibration",
    "tainted_at", "taint_reason", "created_at",
)  # fmt: skip
_INSERT = insert_sql("adapters", _COLUMNS)
_INSERT_STATE = insert_sql("adapter_states", ("id", "adapter_id", "state", "reason", "created_at"))
_INSERT_PROMOTION = insert_sql(
    "promotions", ("id", "boundary", "adapter_id", "previous_id", "created_at")
)
_ACTIVE = """
SELECT adapters.* FROM active JOIN adapters ON adapters.id = active.adapter_id
WHERE active.boundary = ?
"""
_POINT = """
INSERT INTO active (boundary, adapter_id, since) VALUES (?, ?, ?)
ON CONFLICT (boundary) DO UPDATE SET adapter_id = excluded.adapter_id, since = excluded.since
"""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """LoRA weights with where they came from.

    `parent_id` is the adapter whose weights these went on from, None for the base's.
    `calibration` is what was fitted for exactly these weights; `unit_sha256` is the hash of
    weights and calibration together.
    """

    boundary: str
    base_model: str
    base_revision: str
    prompt_version: str
    folder: str
    weights_sha256: str
    unit_sha256: str | None = None
    parent_id: str | None = None
    run_id: str | None = None
    state: State = "candidate"
    reason: str = ""
    calibration: dict[str, Any] | None = None
    tainted_at: str | None = None
    taint_reason: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


class Adapters:
    """The adapters of all boundaries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def register(self, adapter: Adapter, example_ids: Iterable[str]) -> None:
        """Enter an adapter with every example it was trained on."""
        lineage = [(adapter.id, example_id) for example_id in example_ids]
        with self._db.transaction() as connection:
            connection.execute(_INSERT, _row(adapter))
            _note_state(connection, adapter.id, adapter.state, adapter.reason)
            connection.executemany("INSERT INTO adapter_examples VALUES (?, ?)", lineage)

    def get(self, id_or_prefix: str) -> Adapter:
        """The adapter. Raises UnknownAdapter or AmbiguousId."""
        return _read(find(self._db, "adapters", id_or_prefix, UnknownAdapter))

    def list(self, boundary: str | None = None) -> list[Adapter]:
        """Adapters, newest first."""
        sql = "SELECT * FROM adapters WHERE ?1 IS NULL OR boundary = ?1 ORDER BY id DESC"
        return [_read(row) for row in self._db.read(sql, (boundary,))]

    def active(self, boundary: str) -> Adapter | None:
        """The adapter that serves the boundary, None for the base."""
        rows = self._db.read(_ACTIVE, (boundary,))
        return _read(rows[0]) if rows else None

    def history(self, adapter_id: str) -> builtins.list[StateChange]:
        """The states of an adapter in their order."""
        sql = (
            "SELECT state, reason, created_at FROM adapter_states WHERE adapter_id = ? ORDER BY id"
        )
        return [StateChange(**dict(row)) for row in self._db.read(sql, (adapter_id,))]

    def lineage(self, adapter_id: str) -> builtins.list[str]:
        """The ids of the examples it was trained on, forgotten ones too."""
        sql = "SELECT example_id FROM adapter_examples WHERE adapter_id = ? ORDER BY example_id"
        return [row["example_id"] for row in self._db.read(sql, (adapter_id,))]

    def learnt_from(self, example_id: str) -> builtins.list[Adapter]:
        """The adapters that were trained on an example, newest first."""
        sql = """SELECT adapters.* FROM adapter_examples
                 JOIN adapters ON adapters.id = adapter_examples.adapter_id
                 WHERE example_id = ? ORDER BY adapters.id DESC"""
        return [_read(row) for row in self._db.read(sql, (example_id,))]

    def move(self, adapter_id: str, state: State, reason: str = "") -> Adapter:
        """Bring an adapter that does not serve into a state in which it does not serve either."""
        with self._db.transaction() as connection:
            adapter = self.get(adapter_id)
            if "active" in (adapter.state, state):
                raise IllegalTransition("only a promotion, a rollback or a rejection moves active")
            _move(connection, adapter, state, reason)
            return self.get(adapter_id)

    def promote(self, adapter_id: str, reason: str) -> Adapter:
        """Make the adapter the active one of its boundary; the old one retires."""
        with self._db.transaction() as connection:
            adapter = self.get(adapter_id)
            old = self.active(adapter.boundary)
            _move(connection, adapter, "active", reason)
            if old is not None:
                _move(connection, old, "retired", f"replaced by {adapter.id}")
            _point(connection, adapter)
            _note_promotion(connection, adapter, old)
            return self.get(adapter_id)

    def rollback(self, boundary: str, reason: str) -> Adapter | None:
        """Go back to the adapter that was active before, or to the base (None).

        One that has been rejected meanwhile is passed over. Raises IllegalTransition when
        nothing is active.
        """
        with self._db.transaction() as connection:
            adapter = self.active(boundary)
            if adapter is None:
                raise IllegalTransition(f"no adapter of {boundary} is active; nothing to roll back")
            return self._step_back(connection, adapter, "retired", reason)

    def reject(self, adapter_id: str, reason: str) -> Adapter:
        """Put an adapter in quarantine for good; an active one is rolled back at once."""
        with self._db.transaction() as connection:
            adapter = self.get(adapter_id)
            if adapter.state == "active":
                self._step_back(connection, adapter, "rejected", reason)
            else:
                _move(connection, adapter, "rejected", reason)
            return self.get(adapter_id)

    def calibrate(
        self, adapter_id: str, calibration: Mapping[str, Any], unit_sha256: str
    ) -> Adapter:
        """Set the calibration together with the hash of the unit that it makes."""
        sql = "UPDATE adapters SET calibration = ?, unit_sha256 = ? WHERE id = ?"
        with self._db.transaction() as connection:
            adapter = self.get(adapter_id)
            connection.execute(sql, (encode(dict(calibration)), unit_sha256, adapter.id))
            return self.get(adapter.id)

    def taint(self, adapter_id: str, reason: str) -> None:
        """Mark an adapter as trained on what should not be in it; the first mark stays."""
        sql = """UPDATE adapters SET tainted_at = ?, taint_reason = ?
                 WHERE id = ? AND tainted_at IS NULL"""
        with self._db.transaction() as connection:
            connection.execute(sql, (now(), reason, self.get(adapter_id).id))

    def _step_back(
        self, connection: sqlite3.Connection, adapter: Adapter, into: State, reason: str
    ) -> Adapter | None:
        _move(connection, adapter, into, reason)
        previous = self._undo_promotions(connection, adapter.boundary)
        if previous is None:
            connection.execute("DELETE FROM active WHERE boundary = ?", (adapter.boundary,))
            return None
        _move(connection, previous, "active", f"rolled back: {reason}")
        _point(connection, previous)
        return self.get(previous.id)

    def _undo_promotions(self, connection: sqlite3.Connection, boundary: str) -> Adapter | None:
        """Take back promotions, newest first, down to one that replaced a usable adapter."""
        while (promotion := _last_promotion(connection, boundary)) is not None:
            connection.execute(
                "UPDATE promotions SET undone_at = ? WHERE id = ?", (now(), promotion["id"])
            )
            previous = promotion["previous_id"] and self.get(promotion["previous_id"])
            if previous and previous.state == "retired":
                return previous
        return None


def _last_promotion(connection: sqlite3.Connection, boundary: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        """SELECT id, previous_id FROM promotions WHERE boundary = ? AND undone_at IS NULL
           ORDER BY id DESC LIMIT 1""",
        (boundary,),
    ).fetchone()
    return row


def _move(connection: sqlite3.Connection, adapter: Adapter, state: State, reason: str) -> None:
    check_transition(f"adapter {adapter.id}", adapter.state, state)
    sql = "UPDATE adapters SET state = ?, reason = ? WHERE id = ?"
    connection.execute(sql, (state, reason, adapter.id))
    _note_state(connection, adapter.id, state, reason)
    follow(connection, adapter.id, state, reason)


def _note_state(connection: sqlite3.Connection, adapter_id: str, state: State, reason: str) -> None:
    change = {"id": new_id(), "adapter_id": adapter_id, "state": state, "reason": reason}
    connection.execute(_INSERT_STATE, change | {"created_at": now()})


def _point(connection: sqlite3.Connection, adapter: Adapter) -> None:
    connection.execute(_POINT, (adapter.boundary, adapter.id, now()))


def _note_promotion(connection: sqlite3.Connection, new: Adapter, old: Adapter | None) -> None:
    promotion = {"id": new_id(), "boundary": new.boundary, "adapter_id": new.id}
    previous = {"previous_id": old and old.id, "created_at": now()}
    connection.execute(_INSERT_PROMOTION, promotion | previous)


def _row(adapter: Adapter) -> dict[str, Any]:
    row = {name: getattr(adapter, name) for name in _COLUMNS}
    return row | {"calibration": encode(adapter.calibration)}


def _read(row: sqlite3.Row) -> Adapter:
    values = {name: row[name] for name in _COLUMNS}
    return Adapter(**values | {"calibration": decode(row["calibration"])})
