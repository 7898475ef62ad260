"""Looking through the entities: those that were told of lately, and those of a name.

It knows the tables of the graph. The caller folds what is searched for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from store.database import Database
from store.facts import Entity, read_entity

LATELY = 5000
"""Facts that are looked at for the entities told of lately."""
MANY = 1000
"""Facts of an entity are counted up to this."""

_LATELY = """
SELECT coalesce(subjects.merged_into, subjects.id) AS id, max(facts.number) AS latest
FROM (SELECT number, subject_id FROM facts WHERE superseded_at IS NULL
      ORDER BY number DESC LIMIT :looked) AS facts
JOIN entities AS subjects ON subjects.id = facts.subject_id
GROUP BY 1 ORDER BY latest DESC LIMIT :limit
"""
_NAMED = """
SELECT coalesce(merged_into, id) AS id, min(length(folded)) AS long FROM entities
WHERE {words} GROUP BY 1 ORDER BY long, 1 LIMIT :limit
"""
_MEMBERS = """(
  SELECT entities.id UNION SELECT merged.id FROM entities AS merged
  WHERE merged.merged_into = entities.id)"""
_LISTED = f"""
SELECT entities.*, (SELECT count(*) FROM (
    SELECT 1 FROM facts INDEXED BY facts_by_subject
    WHERE subject_id IN {_MEMBERS} AND superseded_at IS NULL
    UNION ALL
    SELECT 1 FROM facts INDEXED BY facts_by_object
    WHERE object_id IN {_MEMBERS} AND superseded_at IS NULL
    LIMIT :many)) AS facts
FROM json_each(:ids) AS asked JOIN entities ON entities.id = asked.value ORDER BY asked.key
"""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An entity with the number of its believed facts, MANY for more than that."""

    entity: Entity
    facts: int


def told_lately(db: Database, limit: int = 200) -> list[Listed]:
    """Entities that something is said of, the latest told of first."""
    return _listed(db, db.read(_LATELY, {"looked": LATELY, "limit": limit}))


def named_like(db: Database, words: Sequence[str], limit: int = 200) -> list[Listed]:
    """Entities whose folded name holds all of the folded words, the shortest name first."""
    given = {f"word{number}": word for number, word in enumerate(words)}
    where = " AND ".join(f"instr(folded, :{name})" for name in given) or "1"
    return _listed(db, db.read(_NAMED.format(words=where), {**given, "limit": limit}))


def _listed(db: Database, rows: Sequence[sqlite3.Row]) -> list[Listed]:
    ids = json.dumps([row["id"] for row in rows])
    found = db.read(_LISTED, {"ids": ids, "many": MANY})
    return [Listed(entity=read_entity(row), facts=row["facts"]) for row in found]
