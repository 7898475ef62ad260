"""Forgetting one call: its rows, whatever was derived from them, and the bytes they lay in.

It knows every table that can hold a call's text. It does not touch adapter files: an adapter
that learned from the call is marked, and what happens to it is decided elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from store.clock import now
from store.database import Database
from store.errors import UnknownCall
from store.ids import new_id
from store.memory_forgetting import forget_memory
from store.searching import purge_index

_DERIVED = """
SELECT id, replaced_by FROM examples WHERE call_id = :call
  OR attempt_id IN (SELECT id FROM attempts WHERE call_id = :call)
  OR feedback_id IN (SELECT id FROM feedback WHERE call_id = :call)
ORDER BY rowid
"""
_GONE = "(SELECT value FROM json_each(:examples))"
_TRAINED = f"""
SELECT DISTINCT adapter_id FROM adapter_examples WHERE example_id IN {_GONE} ORDER BY adapter_id
"""
_NO_CALL_OF_ITS_DOMAIN = """
domain <> '' AND NOT EXISTS (SELECT 1 FROM calls
  WHERE calls.boundary = entropy_thresholds.boundary AND calls.domain = entropy_thresholds.domain)
"""  # a domain's name is the person's own word


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What `forget` removed: rows by table, the examples, and the adapters it marked.

    `erased` is False when another process was reading, so that old pages stay in the
    write-ahead log until its next checkpoint.
    """

    call_id: str
    counts: dict[str, int]
    example_ids: tuple[str, ...]
    adapter_ids: tuple[str, ...]
    erased: bool


def forget(db: Database, call_id: str) -> Forgotten:
    """Remove the call and its words in one transaction, then their old pages from the log.

    Raises UnknownCall.
    """
    with db.transaction() as connection:
        successors = _derived(connection, call_id)
        examples = list(successors)
        adapters = _taint(connection, examples)
        paid = _cost(connection, call_id)
        remembered = forget_memory(connection, call_id)
        counts = _remove(connection, call_id, examples) | remembered
        _relink(connection, successors)
        _note(connection, counts, paid)
        purge_index(connection)
    return Forgotten(
        call_id=call_id,
        counts=counts,
        example_ids=tuple(examples),
        adapter_ids=tuple(adapters),
        erased=db.checkpoint(),
    )


def learnt_from(db: Database, call_ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """The examples made of these calls, and the adapters that were trained on any of them."""
    rows = [row for call in call_ids for row in db.read(_DERIVED, {"call": call})]
    examples = list(dict.fromkeys(row["id"] for row in rows))
    trained = db.read(_TRAINED, {"examples": json.dumps(examples)})
    return examples, [row["adapter_id"] for row in trained]


def _derived(connection: sqlite3.Connection, call_id: str) -> dict[str, str | None]:
    """The examples made of the call, oldest first, each with the one that replaced it."""
    rows = connection.execute(_DERIVED, {"call": call_id})
    return {row["id"]: row["replaced_by"] for row in rows}


def _relink(connection: sqlite3.Connection, successors: dict[str, str | None]) -> None:
    """An example of another call that a forgotten one had replaced stands again."""
    connection.executemany(
        "UPDATE examples SET replaced_by = ? WHERE replaced_by = ?",
        [(successor, gone) for gone, successor in successors.items()],
    )


def _cost(connection: sqlite3.Connection, call_id: str) -> tuple[float, str]:
    sql = "SELECT cost_usd, created_at FROM calls WHERE id = ?"
    row = connection.execute(sql, (call_id,)).fetchone()
    if row is None:
        raise UnknownCall(f"no call has the id {call_id!r}")
    return row["cost_usd"], row["created_at"]


def _taint(connection: sqlite3.Connection, examples: list[str]) -> list[str]:
    """Mark the adapters trained on any of the examples; the first reason stays."""
    marked = connection.execute(_TRAINED, {"examples": json.dumps(examples)})
    adapters = [row["adapter_id"] for row in marked]
    connection.executemany(
        "UPDATE adapters SET tainted_at = ?, taint_reason = ? WHERE id = ? AND tainted_at IS NULL",
        [(now(), "it was trained on a call that has been forgotten", each) for each in adapters],
    )
    return adapters


def _remove(connection: sqlite3.Connection, call_id: str, examples: list[str]) -> dict[str, int]:
    """Delete in the order that the references between the tables ask for."""
    chosen = {"call": call_id, "examples": json.dumps(examples)}
    deletions = {
        "evaluation_items": f"example_id IN {_GONE}",
        "verdicts": f"call_id = :call OR example_id IN {_GONE}",
        "examples": f"id IN {_GONE}",
        "feedback": "call_id = :call",
        "keywords": "call_id = :call",
        "attempts": "call_id = :call",
        "calls": "id = :call",
        "entropy_thresholds": _NO_CALL_OF_ITS_DOMAIN,
    }
    return {
        table: connection.execute(f"DELETE FROM {table} WHERE {where}", chosen).rowcount
        for table, where in deletions.items()
    }


def _note(connection: sqlite3.Connection, counts: dict[str, int], paid: tuple[float, str]) -> None:
    """An event without any text of the call; its cost stays on the budget."""
    cost_usd, called_at = paid
    detail = {"counts": counts, "cost_usd": cost_usd, "called_at": called_at}
    connection.execute(
        "INSERT INTO events (id, kind, detail, created_at) VALUES (?, 'forgotten', ?, ?)",
        (new_id(), json.dumps(detail), now()),
    )
