"""Trajectories: how an agent went about a problem, step by step, and what followed.

A trajectory keeps its place when it comes again. It does not know what an approach is or whether
one was good.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from store.clock import now
from store.database import Database
from store.errors import UnknownTrajectory
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql

StepKind = Literal["person", "message", "reasoning", "tool"]
Source = Literal["turn", "jsonl", "otel"]
Added = Literal["new", "changed", "known"]

_COLUMNS = (
    "id", "agent", "source", "key", "task_id", "problem", "steps", "success", "feedback",
    "guided", "latency_ms", "cost_usd", "created_at",
)  # fmt: skip
_KEPT = ("id", "agent", "source", "key", "created_at")
"""What a trajectory that comes again does not change."""
_CHANGED = tuple(column for column in _COLUMNS if column not in _KEPT)
_KNOWN = "SELECT * FROM trajectories WHERE agent = :agent AND key = :key"
_INSERT = insert_sql("trajectories", _COLUMNS)
_UPDATE = f"""
UPDATE trajectories SET {", ".join(f"{column} = :{column}" for column in _CHANGED)}
WHERE agent = :agent AND key = :key
"""
_LIST = """
SELECT * FROM trajectories WHERE ?1 IS NULL OR agent = ?1 ORDER BY number DESC LIMIT ?2
"""
_AGENTS = """
SELECT agent, count(*) AS trajectories FROM trajectories GROUP BY agent ORDER BY agent
"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: what the person said, what the agent said or thought, or a tool that it used.

    `result` and `failed` are of a tool; `text` is of the others.
    """

    kind: StepKind
    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    result: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """One problem and how it was gone about.

    `task_id` groups trajectories of one task, `key` names this one within its agent. `success` is
    the true outcome where it is known, `feedback` what followed by name, `guided` whether a
    proposed approach was shown (None: none was proposed). Times in milliseconds.
    """

    agent: str
    source: Source
    key: str
    task_id: str
    problem: str
    steps: tuple[Step, ...] = ()
    success: bool | None = None
    feedback: dict[str, Any] = field(default_factory=dict)
    guided: bool | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


class Trajectories:
    """The trajectories of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, trajectories: Iterable[Trajectory]) -> Counter[Added]:
        """Keep them all, or none where one cannot be kept; returns how many were what."""
        counts: Counter[Added] = Counter()
        with self._db.transaction() as connection:
            for trajectory in trajectories:
                counts[_add(connection, _row(trajectory))] += 1
        return counts

    def get(self, id_or_prefix: str) -> Trajectory:
        """The one with this id or unique beginning. Raises UnknownTrajectory, AmbiguousId."""
        return _read(find(self._db, "trajectories", id_or_prefix, UnknownTrajectory))

    def forget(self, trajectory_id: str) -> None:
        """Remove one."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM trajectories WHERE id = ?", (trajectory_id,))

    def list(self, agent: str | None = None, limit: int = 50) -> list[Trajectory]:
        """The newest first, of one agent or of all."""
        return [_read(row) for row in self._db.read(_LIST, (agent, limit))]

    def of(self, agent: str, after: int = 0) -> builtins.list[Trajectory]:
        """All of an agent whose number is higher, oldest first."""
        sql = "SELECT * FROM trajectories WHERE agent = ? AND number > ? ORDER BY number"
        return [_read(row) for row in self._db.read(sql, (agent, after))]

    def agents(self) -> dict[str, int]:
        """How many there are of each agent."""
        return {row["agent"]: row["trajectories"] for row in self._db.read(_AGENTS)}

    def newest(self, agent: str) -> int:
        """The number of the agent's newest trajectory; 0 without one."""
        sql = "SELECT coalesce(max(number), 0) FROM trajectories WHERE agent = ?"
        return int(self._db.read(sql, (agent,))[0][0])

    def since(self, agent: str, number: int) -> int:
        """How many are newer than that number."""
        sql = "SELECT count(*) FROM trajectories WHERE agent = ? AND number > ?"
        return int(self._db.read(sql, (agent, number))[0][0])


def _add(connection: sqlite3.Connection, row: dict[str, Any]) -> Added:
    known = connection.execute(_KNOWN, row).fetchone()
    if known is None:
        connection.execute(_INSERT, row)
        return "new"
    if all(known[column] == row[column] for column in _CHANGED):
        return "known"
    connection.execute(_UPDATE, row)
    return "changed"


def _row(trajectory: Trajectory) -> dict[str, Any]:
    row = {name: getattr(trajectory, name) for name in _COLUMNS}
    return row | {
        "steps": encode([vars(step) for step in trajectory.steps]),
        "feedback": encode(trajectory.feedback),
    }


def _read(row: sqlite3.Row) -> Trajectory:
    values = {name: row[name] for name in _COLUMNS}
    return Trajectory(
        **values
        | {
            "steps": tuple(Step(**step) for step in decode(row["steps"])),
            "feedback": decode(row["feedback"]),
            "success": _flag(row["success"]),
            "guided": _flag(row["guided"]),
        }
    )


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)
