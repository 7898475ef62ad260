"""The ledger: every call with its attempts, and what people said of them.

A call is acknowledged when `record` returns: its rows are on the medium. The ledger does not
know which answers are right, nor what is learned from them.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from store.browsing import Filter, Place, browse
from store.calls import (
    INSERT_ATTEMPT,
    INSERT_CALL,
    INSERT_FEEDBACK,
    Attempt,
    Call,
    Feedback,
    attempt_row,
    call_row,
    read_attempt,
    read_call,
    read_feedback,
)
from store.database import Database
from store.errors import UnknownCall
from store.forgetting import Forgotten, forget
from store.rows import decode, find

__all__ = ["Attempt", "Call", "Feedback", "Forgotten", "Ledger"]

_UNCURATED = """
SELECT id FROM calls INDEXED BY calls_unjudged WHERE boundary = ? AND judged = 0
ORDER BY created_at, number LIMIT ?
"""
_UNJUDGED = "SELECT * FROM calls WHERE id = ? AND judged = 0"
_ATTEMPTS_OF = """
SELECT * FROM attempts WHERE call_id IN (SELECT value FROM json_each(?)) ORDER BY call_id, position
"""
_REOPEN = "DELETE FROM verdicts WHERE call_id = ? AND example_id IS NULL"
_SPENT = """
SELECT total(cost_usd) FROM (
  SELECT cost_usd FROM calls WHERE cost_usd > 0 AND created_at >= :since
  UNION ALL
  SELECT json_extract(detail, '$.cost_usd') FROM events
    WHERE kind = 'forgotten' AND json_extract(detail, '$.called_at') >= :since)
"""


class Ledger:
    """The record of all calls in one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, call: Call) -> None:
        """Write the call and its attempts in one transaction, in the order of the tuple."""
        rows = [attempt_row(attempt, call.id, i) for i, attempt in enumerate(call.attempts)]
        with self._db.transaction() as connection:
            connection.execute(INSERT_CALL, call_row(call))
            connection.executemany(INSERT_ATTEMPT, rows)

    def add_attempt(self, attempt: Attempt) -> None:
        """Append a later attempt (shadow, audit) to its call, and its cost to the call's cost.

        A frontier's late answer has the call curated anew, if it was without one until then.
        """
        with self._db.transaction() as connection:
            position = self._next_position(connection, attempt.call_id)
            row = attempt_row(attempt, attempt.call_id, position)
            connection.execute(INSERT_ATTEMPT, row)
            connection.execute(
                "UPDATE calls SET cost_usd = cost_usd + ? WHERE id = ?",
                (attempt.cost_usd, attempt.call_id),
            )
            if attempt.route == "frontier":
                connection.execute(_REOPEN, (attempt.call_id,))

    def get(self, id_or_prefix: str) -> Call:
        """The call with this id or unique beginning. Raises UnknownCall or AmbiguousId."""
        row = find(self._db, "calls", id_or_prefix, UnknownCall)
        return read_call(row, self._attempts([row["id"]])[row["id"]])

    def guidance(self, call_id: str) -> dict[str, Any] | None:
        """The approach that was proposed for a call; None without one, or without the call."""
        rows = self._db.read("SELECT guidance FROM calls WHERE id = ?", (call_id,))
        return decode(rows[0]["guidance"]) if rows else None

    def list(
        self,
        boundary: str | None = None,
        route: str | None = None,
        since: str | None = None,
        limit: int = 50,
    ) -> list[Call]:
        """Calls without their attempts, newest first."""
        chosen = Filter(boundary=boundary, route=route, since=since or "")
        return [*browse(self._db, chosen, limit=limit).calls]

    def search(
        self, query: str, boundary: str | None = None, limit: int = 50
    ) -> builtins.list[Call]:
        """Calls that hold all words of `query` in input, output or a correction, newest first."""
        found: builtins.list[Call] = []
        place: Place | None = Place()
        while place and query.strip() and len(found) < limit:
            page = browse(self._db, Filter(boundary=boundary), query, place, limit - len(found))
            found += page.calls
            place = page.older
        return found

    def correct(self, call_id: str, output: str) -> Feedback:
        """Keep a person's own output (JSON text); the call is curated anew."""
        feedback = Feedback(call_id=call_id, kind="correction", output=output)
        with self._db.transaction() as connection:
            self._add_feedback(connection, feedback)
            connection.execute("DELETE FROM verdicts WHERE call_id = ?", (call_id,))
        return feedback

    def rate(self, call_id: str, rating: int, note: str = "") -> Feedback:
        """Keep a person's rating of a call."""
        feedback = Feedback(call_id=call_id, kind="rating", rating=rating, note=note)
        with self._db.transaction() as connection:
            self._add_feedback(connection, feedback)
        return feedback

    def feedback(self, call_id: str) -> builtins.list[Feedback]:
        """All feedback on a call in the order in which it was given, whatever the clock said."""
        sql = "SELECT * FROM feedback WHERE call_id = ? ORDER BY rowid"
        return [read_feedback(row) for row in self._db.read(sql, (call_id,))]

    def spent_usd(self, since: str) -> float:
        """What calls made since then have cost; calls forgotten meanwhile count too."""
        return float(self._db.read(_SPENT, {"since": since})[0][0])

    def forget(self, call_id: str) -> Forgotten:
        """Remove a call and all that came of it; mark each adapter that learned from it."""
        return forget(self._db, call_id)

    def uncurated(self, boundary: str, limit: int) -> builtins.list[str]:
        """Ids of the calls that have no verdict yet, oldest first."""
        return [row["id"] for row in self._db.read(_UNCURATED, (boundary, limit))]

    @contextmanager
    def judging(self, call_id: str) -> Iterator[Call | None]:
        """The call as it is now, with nobody correcting or forgetting it within the block, which is
        one transaction; None where it has got its verdict meanwhile, or is gone."""
        with self._db.transaction():
            rows = self._db.read(_UNJUDGED, (call_id,))
            yield read_call(rows[0], self._attempts([call_id])[call_id]) if rows else None

    def _attempts(self, call_ids: builtins.list[str]) -> dict[str, builtins.list[Attempt]]:
        attempts: dict[str, builtins.list[Attempt]] = {call_id: [] for call_id in call_ids}
        for row in self._db.read(_ATTEMPTS_OF, (json.dumps(call_ids),)):
            attempts[row["call_id"]].append(read_attempt(row))
        return attempts

    def _next_position(self, connection: sqlite3.Connection, call_id: str) -> int:
        self._must_exist(connection, call_id)
        sql = "SELECT coalesce(max(position) + 1, 0) FROM attempts WHERE call_id = ?"
        return int(connection.execute(sql, (call_id,)).fetchone()[0])

    def _add_feedback(self, connection: sqlite3.Connection, feedback: Feedback) -> None:
        self._must_exist(connection, feedback.call_id)
        connection.execute(INSERT_FEEDBACK, asdict(feedback))

    def _must_exist(self, connection: sqlite3.Connection, call_id: str) -> None:
        if connection.execute("SELECT 1 FROM calls WHERE id = ?", (call_id,)).fetchone() is None:
            raise UnknownCall(f"no call has the id {call_id!r}")
