"""Strategy sets: what was learned from an agent's trajectories, version by version.

At most one version of an agent is active; each knows which one it took the place of, so that the
way back is known. It does not know what a set holds.
"""

from __future__ import annotations

import builtins
import sqlite3
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from store.clock import now
from store.database import Database
from store.errors import IllegalTransition, UnknownStrategySet
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql

SetState = Literal["active", "retired", "rejected", "withdrawn"]
Origin = Literal["trained", "imported"]

_INSERT = insert_sql(
    "strategies",
    (
        "id", "agent", "state", "reason", "origin", "body", "metrics", "through", "previous_id",
        "created_at",
    ),
)  # fmt: skip
_STATE = "UPDATE strategies SET state = ? WHERE id = ?"
_LIST = "SELECT * FROM strategies WHERE ?1 IS NULL OR agent = ?1 ORDER BY id DESC LIMIT ?2"


@dataclass(frozen=True, kw_only=True)
class StrategySet:
    """One version. `body` and `metrics` are JSON-able; `through` is the number of the newest
    trajectory that there was."""

    agent: str
    state: SetState
    reason: str
    body: dict[str, Any]
    metrics: dict[str, Any]
    through: int
    origin: Origin = "trained"
    previous_id: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


class StrategySets:
    """The strategy sets of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, made: StrategySet) -> StrategySet:
        """Keep a version; an active one takes the place of the one before, in one transaction."""
        with self._db.transaction() as connection:
            if made.state == "active":
                before = self.active(made.agent)
                made = replace(made, previous_id=before.id if before else None)
                if before:
                    connection.execute(_STATE, ("retired", before.id))
            row = asdict(made) | {"body": encode(made.body), "metrics": encode(made.metrics)}
            connection.execute(_INSERT, row)
        return made

    def active(self, agent: str) -> StrategySet | None:
        """The version that proposes now."""
        sql = "SELECT * FROM strategies WHERE agent = ? AND state = 'active'"
        rows = self._db.read(sql, (agent,))
        return _read(rows[0]) if rows else None

    def get(self, id_or_prefix: str) -> StrategySet:
        """The one with this id or unique beginning. Raises UnknownStrategySet, AmbiguousId."""
        return _read(find(self._db, "strategies", id_or_prefix, UnknownStrategySet))

    def list(self, agent: str | None = None, limit: int = 50) -> builtins.list[StrategySet]:
        """The newest first, of one agent or of all."""
        return [_read(row) for row in self._db.read(_LIST, (agent, limit))]

    def through(self, agent: str) -> int:
        """The newest trajectory's number when the agent's strategies were last learned."""
        sql = "SELECT coalesce(max(through), 0) FROM strategies WHERE agent = ?"
        return int(self._db.read(sql, (agent,))[0][0])

    def roll_back(self, agent: str) -> StrategySet | None:
        """Back to the version before, or to none where there was none; raises IllegalTransition
        where none is active."""
        with self._db.transaction() as connection:
            standing = self.active(agent)
            if standing is None:
                raise IllegalTransition(f"{agent} has no active strategies to go back from")
            connection.execute(_STATE, ("withdrawn", standing.id))
            if standing.previous_id is not None:
                connection.execute(_STATE, ("active", standing.previous_id))
        return self.active(agent)


def _read(row: sqlite3.Row) -> StrategySet:
    decoded = {"body": decode(row["body"]), "metrics": decode(row["metrics"])}
    return StrategySet(**dict(row) | decoded)
