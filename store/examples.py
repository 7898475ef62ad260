"""Curated examples: at most one live example an input, each in one split for ever.

It does not know how a quality verdict is reached or how a split is drawn; both are handed in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from store.clock import now
from store.database import Database
from store.errors import UnknownExample
from store.ids import new_id
from store.rows import encode, find, insert_sql

Origin = Literal["frontier", "correction", "upload", "curriculum", "base"]
Split = Literal["train", "calibration", "test"]
Added = Literal["new", "replaced", "duplicate"]

RANKS: dict[Origin, int] = {
    "base": 0,
    "frontier": 1,
    "curriculum": 2,
    "upload": 3,
    "correction": 4,
}

_COLUMNS = (
    "id", "boundary", "input", "output", "origin", "rank", "split", "group_key", "fold_key",
    "call_id", "attempt_id", "feedback_id", "created_at", "replaced_by",
)  # fmt: skip
_INSERT = insert_sql("examples", _COLUMNS)
_INSERT_VERDICT = insert_sql(
    "verdicts", ("id", "boundary", "call_id", "example_id", "verdict", "reason", "created_at")
)
_OF = """
SELECT * FROM examples WHERE boundary = :boundary AND split = :split AND replaced_by IS NULL
  AND (:origins IS NULL OR origin IN (SELECT value FROM json_each(:origins)))
ORDER BY created_at, id LIMIT :limit
"""
_UNTRAINED = """
SELECT count(*) FROM examples WHERE boundary = ? AND taught = 0 AND split = 'train'
  AND replaced_by IS NULL AND origin <> 'base'
"""
_TAUGHT = "UPDATE examples SET taught = 1 WHERE id IN (SELECT value FROM json_each(?))"
_CURATED = """
SELECT reason, count(*) FROM verdicts
WHERE boundary = :boundary AND created_at > coalesce((
    SELECT max(began) FROM (
      SELECT min(run_states.created_at) AS began
      FROM run_states JOIN runs ON runs.id = run_states.run_id
      WHERE runs.boundary = :boundary AND run_states.state = 'training'
      GROUP BY runs.id)), '')
GROUP BY reason ORDER BY 2 DESC, 1
"""
_GUIDED_SINCE = """
WITH live AS (SELECT created_at, call_id FROM examples
              WHERE boundary = :boundary AND split = :split AND replaced_by IS NULL),
     began AS (SELECT min(live.created_at) AS since FROM live JOIN calls ON calls.id = live.call_id
               WHERE calls.guidance IS NOT NULL)
SELECT since, (SELECT count(*) FROM live WHERE created_at >= since) AS n FROM began
"""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One pair to learn from, with where it came from.

    `group_key` names the document or episode that decided the split; `fold_key` is equal for
    inputs that are nearly the same. `replaced_by` is None while the example is live.
    """

    boundary: str
    input: str
    output: str
    origin: Origin
    rank: int
    split: Split
    group_key: str
    fold_key: str
    call_id: str | None = None
    attempt_id: str | None = None
    feedback_id: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    replaced_by: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What curation made of a call; `example_id` is the live example, where there is one."""

    verdict: Literal["kept", "dropped"]
    reason: str
    example_id: str | None
    created_at: str


class Examples:
    """The examples of all boundaries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, example: Example) -> Added:
        """Keep the example unless a live one of the same input ranks as high.

        One of higher rank replaces the live one and takes over its split. A later correction
        replaces an earlier one, and so does a later upload that says something else.
        """
        with self._db.transaction() as connection:
            return _add(connection, example)[0]

    def add_all(self, examples: Iterable[Example]) -> list[Added]:
        """`add` of each in its order, all of them or none."""
        with self._db.transaction() as connection:
            return [_add(connection, example)[0] for example in examples]

    def verdict(
        self, boundary: str, call_id: str | None, example_id: str | None, reason: str = ""
    ) -> None:
        """Note what curation made of a call: kept, or dropped when there is a reason."""
        with self._db.transaction() as connection:
            _give_verdict(connection, boundary, call_id, example_id, reason)

    def keep(self, example: Example, call_id: str) -> Added:
        """`add` and the verdict on its call, in one transaction.

        A duplicate is a call dropped for that reason, pointing at the live example.
        """
        with self._db.transaction() as connection:
            added, live_id = _add(connection, example)
            reason = "duplicate" if added == "duplicate" else ""
            _give_verdict(connection, example.boundary, call_id, live_id, reason)
        return added

    def of(
        self,
        boundary: str,
        split: Split,
        limit: int | None = None,
        origins: Iterable[Origin] | None = None,
    ) -> list[Example]:
        """Live examples of a split, oldest first."""
        chosen = {
            "boundary": boundary,
            "split": split,
            "limit": -1 if limit is None else limit,
            "origins": None if origins is None else encode(list(origins)),
        }
        return [_read(row) for row in self._db.read(_OF, chosen)]

    def get(self, id_or_prefix: str) -> Example:
        """The example, live or replaced. Raises UnknownExample or AmbiguousId."""
        return _read(find(self._db, "examples", id_or_prefix, UnknownExample))

    def of_call(self, call_id: str) -> list[Example]:
        """The examples made of a call, live or replaced, oldest first."""
        sql = "SELECT * FROM examples WHERE call_id = ? ORDER BY id"
        return [_read(row) for row in self._db.read(sql, (call_id,))]

    def verdict_on(self, call_id: str) -> Verdict | None:
        """What curation made of a call; None where it has not looked at it yet."""
        sql = "SELECT verdict, reason, example_id, created_at FROM verdicts WHERE call_id = ?"
        rows = self._db.read(sql, (call_id,))
        return Verdict(**dict(rows[0])) if rows else None

    def counts(self, boundary: str) -> dict[str, int]:
        """Live examples by split; every split is there."""
        sql = """SELECT split, count(*) FROM examples
                 WHERE boundary = ? AND replaced_by IS NULL GROUP BY split"""
        found = {row[0]: row[1] for row in self._db.read(sql, (boundary,))}
        return {"train": 0, "calibration": 0, "test": 0} | found

    def origins(self, boundary: str) -> dict[str, int]:
        """Live examples by origin, those of the highest rank first."""
        sql = """SELECT origin, count(*) FROM examples WHERE boundary = ? AND replaced_by IS NULL
                 GROUP BY origin ORDER BY rank DESC"""
        return {row[0]: row[1] for row in self._db.read(sql, (boundary,))}

    def untrained(self, boundary: str) -> int:
        """How many live train examples no run of the boundary has begun to learn from."""
        return int(self._db.read(_UNTRAINED, (boundary,))[0][0])

    def teach(self, example_ids: Iterable[str]) -> None:
        """Note that a run begins to learn from these."""
        with self._db.transaction() as connection:
            connection.execute(_TAUGHT, (encode(list(example_ids)),))

    def curated(self, boundary: str) -> dict[str, int]:
        """How many calls have been dropped for each reason since the last run of the boundary
        began training, the most frequent first; kept ones under the reason ""."""
        return {row[0]: row[1] for row in self._db.read(_CURATED, {"boundary": boundary})}

    def first_at(self, boundary: str) -> str:
        """When the oldest example of the boundary was made; "" without any."""
        sql = "SELECT coalesce(min(created_at), '') FROM examples WHERE boundary = ?"
        return str(self._db.read(sql, (boundary,))[0][0])

    def guided_since(self, boundary: str, split: Split, least: int) -> str | None:
        """When the first live example of the split was made for whose call an approach had been
        proposed; None where fewer than `least` are as new."""
        found = self._db.read(_GUIDED_SINCE, {"boundary": boundary, "split": split})[0]
        return found["since"] if found["n"] >= least else None

    def labels(self, boundary: str, heads: Sequence[str]) -> dict[str, list[str]]:
        """The labels that live examples of a classifier have, by head, the most frequent first."""
        return {head: [label for label, _ in self.label_counts(boundary, head)] for head in heads}

    def label_counts(self, boundary: str, head: str) -> list[tuple[str, int]]:
        """The labels of one head with how many live examples have each, the most frequent first."""
        sql = """SELECT output -> '$.labels' ->> :head AS label, count(*) AS n FROM examples
                 WHERE boundary = :boundary AND replaced_by IS NULL AND label IS NOT NULL
                 GROUP BY label ORDER BY n DESC, label"""
        rows = self._db.read(sql, {"boundary": boundary, "head": head})
        return [(row["label"], row["n"]) for row in rows]

    def drop_reasons(self, boundary: str) -> dict[str, int]:
        """How many calls were dropped for each reason, the most frequent first."""
        sql = """SELECT reason, count(*) FROM verdicts WHERE boundary = ? AND verdict = 'dropped'
                 GROUP BY reason ORDER BY 2 DESC, 1"""
        return {row[0]: row[1] for row in self._db.read(sql, (boundary,))}


def _add(connection: sqlite3.Connection, example: Example) -> tuple[Added, str]:
    """What became of the example, and the id of the one that is live now."""
    live = connection.execute(
        "SELECT * FROM examples WHERE boundary = ? AND fold_key = ? AND replaced_by IS NULL",
        (example.boundary, example.fold_key),
    ).fetchone()
    if live is None:
        connection.execute(_INSERT, _row(example))
        return "new", example.id
    if not _outranks(example, _read(live)):
        return "duplicate", live["id"]
    connection.execute("UPDATE examples SET replaced_by = ? WHERE id = ?", (example.id, live["id"]))
    connection.execute(_INSERT, _row(replace(example, split=live["split"])))
    return "replaced", example.id


def _outranks(example: Example, live: Example) -> bool:
    if example.rank != live.rank:
        return example.rank > live.rank
    if example.origin == "upload":
        return example.output != live.output
    return example.origin == "correction" and example.feedback_id != live.feedback_id


def _give_verdict(
    connection: sqlite3.Connection,
    boundary: str,
    call_id: str | None,
    example_id: str | None,
    reason: str,
) -> None:
    connection.execute("DELETE FROM verdicts WHERE call_id = ?", (call_id,))
    verdict = {
        "id": new_id(),
        "boundary": boundary,
        "call_id": call_id,
        "example_id": example_id,
        "verdict": "dropped" if reason else "kept",
        "reason": reason,
        "created_at": now(),
    }
    connection.execute(_INSERT_VERDICT, verdict)


def _row(example: Example) -> dict[str, object]:
    return {name: getattr(example, name) for name in _COLUMNS}


def _read(row: sqlite3.Row) -> Example:
    return Example(**{name: row[name] for name in _COLUMNS})
