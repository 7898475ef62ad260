"""Training runs: their state with its history, and their metric series.

It does not know what a run does in a state, nor who may run: that is a lease's affair.
"""

from __future__ import annotations

import builtins
import math
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from store.clock import now
from store.database import Database
from store.errors import UnknownRun
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql
from store.states import FINISHED, State, check_transition

Trigger = Literal["manual", "automatic"]

_COLUMNS = (
    "id", "boundary", "state", "reason", "trigger", "pid", "settings", "examples", "adapter_id",
    "result", "created_at", "updated_at",
)  # fmt: skip
_JSON = frozenset({"settings", "result"})
_SETTABLE = frozenset({"pid", "settings", "examples", "adapter_id", "result"})
_INSERT = insert_sql("runs", _COLUMNS)
_INSERT_STATE = insert_sql("run_states", ("id", "run_id", "state", "reason", "created_at"))
_INSERT_METRIC = insert_sql("run_metrics", ("run_id", "step", "name", "value", "created_at"))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. `pid` is the process that works on it, `examples` how many it trains on."""

    boundary: str
    trigger: Trigger
    settings: dict[str, Any]
    state: State = "pending"
    reason: str = ""
    pid: int | None = None
    examples: int | None = None
    adapter_id: str | None = None
    result: dict[str, Any] | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """A state that a run or an adapter came into, when and why."""

    state: State
    reason: str
    created_at: str


class Runs:
    """The runs of all boundaries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def start(self, boundary: str, trigger: Trigger, settings: Mapping[str, Any]) -> Run:
        """A new run of this process, pending."""
        run = Run(boundary=boundary, trigger=trigger, settings=dict(settings), pid=os.getpid())
        row = asdict(run) | {"settings": encode(run.settings)}
        with self._db.transaction() as connection:
            connection.execute(_INSERT, row)
            _note_state(connection, run.id, run.state, "")
        return run

    def move(self, run_id: str, state: State, reason: str = "", **columns: Any) -> Run:
        """Bring a run into a state and set columns (pid, settings, examples, adapter_id, result).

        Raises UnknownRun, IllegalTransition, and TypeError for another column.
        """
        if not columns.keys() <= _SETTABLE:
            raise TypeError(f"not columns to set: {sorted(columns.keys() - _SETTABLE)}")
        with self._db.transaction() as connection:
            run = self.get(run_id)
            check_transition(f"run {run.id}", run.state, state)
            _update(connection, run.id, columns | {"state": state, "reason": reason})
            _note_state(connection, run.id, state, reason)
            return self.get(run.id)

    def get(self, id_or_prefix: str) -> Run:
        """The run. Raises UnknownRun or AmbiguousId."""
        return _read(find(self._db, "runs", id_or_prefix, UnknownRun))

    def list(self, boundary: str | None = None, limit: int = 50) -> list[Run]:
        """Runs, newest first."""
        sql = "SELECT * FROM runs WHERE ?1 IS NULL OR boundary = ?1 ORDER BY id DESC LIMIT ?2"
        return [_read(row) for row in self._db.read(sql, (boundary, limit))]

    def history(self, run_id: str) -> builtins.list[StateChange]:
        """The states of a run in their order."""
        sql = "SELECT state, reason, created_at FROM run_states WHERE run_id = ? ORDER BY id"
        return [StateChange(**dict(row)) for row in self._db.read(sql, (run_id,))]

    def metric(self, run_id: str, step: int, values: Mapping[str, float]) -> None:
        """Add one point to each of the named series."""
        points = [
            {"run_id": run_id, "step": step, "name": name, "value": value, "created_at": now()}
            for name, value in values.items()
        ]
        with self._db.transaction() as connection:
            connection.executemany(_INSERT_METRIC, points)

    def metrics(self, run_id: str, name: str) -> builtins.list[tuple[int, float]]:
        """A series as (step, value), in the order of the steps; SQLite keeps NaN as NULL."""
        sql = "SELECT step, value FROM run_metrics WHERE run_id = ? AND name = ? ORDER BY step"
        points = self._db.read(sql, (run_id, name))
        return [(step, math.nan if value is None else value) for step, value in points]

    def unfinished(self) -> builtins.list[Run]:
        """Runs that have not come to an end, oldest first."""
        sql = """SELECT * FROM runs WHERE state NOT IN (SELECT value FROM json_each(?))
                 ORDER BY id"""
        return [_read(row) for row in self._db.read(sql, (encode(sorted(FINISHED)),))]


def follow(connection: sqlite3.Connection, adapter_id: str, state: State, reason: str) -> None:
    """Bring the run that made an adapter along: once it served, a run is in its adapter's state."""
    sql = "SELECT id FROM runs WHERE adapter_id = ? AND state IN ('active', 'retired')"
    for row in connection.execute(sql, (adapter_id,)).fetchall():
        _update(connection, row["id"], {"state": state, "reason": reason})
        _note_state(connection, row["id"], state, reason)


def _update(connection: sqlite3.Connection, run_id: str, columns: Mapping[str, Any]) -> None:
    values = {name: encode(v) if name in _JSON else v for name, v in columns.items()}
    values["updated_at"] = now()
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"UPDATE runs SET {assignments} WHERE id = :id", values | {"id": run_id})


def _note_state(connection: sqlite3.Connection, run_id: str, state: State, reason: str) -> None:
    change = {"id": new_id(), "run_id": run_id, "state": state, "reason": reason}
    connection.execute(_INSERT_STATE, change | {"created_at": now()})


def _read(row: sqlite3.Row) -> Run:
    return Run(**{name: decode(row[name]) if name in _JSON else row[name] for name in _COLUMNS})
