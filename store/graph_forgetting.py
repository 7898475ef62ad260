"""Taking facts out of the graph for good: what one call, source or chunk alone stated, and every
name that nothing else mentions. It works inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Literal

from store.entities import NOT_NAMES
from store.facts import read_witness, together

By = Literal["call_id", "source_id", "chunk_id"]

_TOUCHED = """
SELECT id FROM facts WHERE {by} = :id UNION SELECT fact_id FROM witnesses WHERE {by} = :id
"""
_RESTATE = """
UPDATE facts SET confidence = :sure, origin = :origin, call_id = :call_id, source_id = :source_id,
  chunk_id = :chunk_id, span_start = :span_start, span_end = :span_end WHERE id = :id
"""
_GIVEN = "(SELECT value FROM json_each(:ids))"
_MEMBERS = "SELECT id FROM entities WHERE id = ?1 OR merged_into = ?1"
_NAMING = f"""
SELECT id FROM facts WHERE subject_id IN {_GIVEN} UNION
SELECT id FROM facts WHERE object_id IN {_GIVEN}
"""
_UNNAMED = f"""
SELECT id FROM entities WHERE id IN {_GIVEN}
  AND NOT EXISTS (SELECT 1 FROM facts WHERE subject_id = entities.id)
  AND NOT EXISTS (SELECT 1 FROM facts WHERE object_id = entities.id)
"""
_HEIR = "SELECT min(id) FROM entities WHERE merged_into = :gone"
_HAND_OVER = """
UPDATE entities SET merged_into = CASE WHEN id = :heir THEN NULL ELSE :heir END
WHERE merged_into = :gone
"""
_DROP_CANDIDATES = f"""
DELETE FROM aliases WHERE origin IN {NOT_NAMES}
  AND folded IN (SELECT folded FROM entities WHERE id = :gone)
"""


def remove(connection: sqlite3.Connection, by: By, id: str) -> int:
    """Remove the statements of one call, source or chunk, and the facts that nobody else stated;
    how many facts that were."""
    sql = _TOUCHED.format(by=by)
    touched = [row["id"] for row in connection.execute(sql, {"id": id})]
    connection.execute(f"DELETE FROM witnesses WHERE {by} = ?", (id,))
    gone = [fact_id for fact_id in touched if not _has_others(connection, fact_id)]
    remove_facts(connection, gone)
    return len(gone)


def remove_facts(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Remove facts and all statements of them; a fact that one of them had superseded is believed
    again, or is superseded by what had superseded that one."""
    chosen = {"ids": json.dumps(list(ids))}
    sql = f"SELECT subject_id, object_id FROM facts WHERE id IN {_GIVEN}"
    named = {entity for row in connection.execute(sql, chosen) for entity in row}
    for fact_id in ids:
        _relink(connection, fact_id)
    connection.execute(f"DELETE FROM facts WHERE id IN {_GIVEN}", chosen)
    _remove_unnamed(connection, named)


def remove_entity(connection: sqlite3.Connection, entity_id: str) -> list[str]:
    """Remove all facts of an entity and of those it stands for, and the names; the facts' ids."""
    members = [row["id"] for row in connection.execute(_MEMBERS, (entity_id,))]
    rows = connection.execute(_NAMING, {"ids": json.dumps(members)})
    facts = [row["id"] for row in rows]
    remove_facts(connection, facts)
    _remove_unnamed(connection, set(members))
    return facts


def restate(connection: sqlite3.Connection, fact_id: str, but: str | None = None) -> int:
    """Lets the fact stand on its oldest statement that is not of the source `but`; how many such
    statements it has. Without any it stays as it is."""
    sql = "SELECT * FROM witnesses WHERE fact_id = ? ORDER BY id"
    rows = connection.execute(sql, (fact_id,)).fetchall()
    left = [read_witness(row) for row in rows if but is None or row["source_id"] != but]
    if left:
        sure = together([each.confidence for each in left])
        connection.execute(_RESTATE, {**vars(left[0]), "sure": sure, "id": fact_id})
    return len(left)


def _has_others(connection: sqlite3.Connection, fact_id: str) -> bool:
    """Whether somebody else states the fact too; it then stands on what they said."""
    left = restate(connection, fact_id)
    if left == 1:
        connection.execute("DELETE FROM witnesses WHERE fact_id = ?", (fact_id,))
    return left > 0


def _relink(connection: sqlite3.Connection, fact_id: str) -> None:
    """What it had superseded goes over to its own successor; without one it is believed again."""
    sql = "SELECT superseded_by FROM facts WHERE id = ?"
    (successor,) = connection.execute(sql, (fact_id,)).fetchone()
    connection.execute(
        "UPDATE facts SET superseded_by = :next, superseded_at = iif(:next IS NULL, NULL,"
        " superseded_at) WHERE superseded_by = :gone",
        {"next": successor, "gone": fact_id},
    )


def _remove_unnamed(connection: sqlite3.Connection, ids: set[str]) -> None:
    """Entities in no fact leave; one that stood for others hands over to the oldest of them."""
    chosen = {"ids": json.dumps(sorted(ids))}
    for row in connection.execute(_UNNAMED, chosen).fetchall():
        gone = {"gone": row["id"]}
        (heir,) = connection.execute(_HEIR, gone).fetchone()
        connection.execute(_HAND_OVER, {**gone, "heir": heir})
        connection.execute(_DROP_CANDIDATES, gone)
        connection.execute("DELETE FROM entities WHERE id = :gone", gone)
