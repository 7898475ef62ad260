"""Names that may mean one thing: proposed, asked about once, joined or kept apart.

A pair lies among the aliases: the one's folded name, the other's id, and in `origin` how far it has
come. It does not know which names are alike, nor who is asked.
"""

from __future__ import annotations

import builtins
import json
from collections import defaultdict
from collections.abc import Iterable

from store.clock import now
from store.database import Database
from store.entities import NOT_NAMES, Entities
from store.facts import Entity

_PROPOSE = f"""
INSERT INTO aliases SELECT :folded, :other, 'candidate', :at WHERE NOT EXISTS
  (SELECT 1 FROM aliases WHERE (folded = :folded AND entity_id = :other)
   OR (folded = :other_folded AND entity_id = :one AND origin IN {NOT_NAMES}))
"""
_ABOUT = """
SELECT origin FROM aliases WHERE (folded = :folded AND entity_id = :other)
  OR (folded = :other_folded AND entity_id = :one)
"""
_UNASKED = """
SELECT folded, entity_id FROM aliases WHERE origin = 'candidate' ORDER BY created_at, folded LIMIT ?
"""
_JOINED = """
SELECT folded, merged_into AS entity_id FROM entities WHERE merged_into IS NOT NULL
ORDER BY id DESC LIMIT ?
"""
_PARTED = """
SELECT folded, entity_id FROM aliases WHERE origin = 'different' ORDER BY created_at DESC LIMIT ?
"""
_SIDE = """
SELECT facts.{here}_id AS here, coalesce(other.merged_into, other.id) AS there
FROM json_each(:ids) AS asked CROSS JOIN facts ON facts.{here}_id = asked.value
  AND facts.superseded_at IS NULL CROSS JOIN entities AS other ON other.id = facts.{there}_id
"""
_LINKED = f"""
{_SIDE.format(here="subject", there="object")} UNION {_SIDE.format(here="object", there="subject")}
"""
_DROP = f"""
DELETE FROM aliases WHERE origin IN {NOT_NAMES} AND
  ((folded = :folded AND entity_id = :other) OR (folded = :other_folded AND entity_id = :one))
"""


class Candidates:
    """The pairs of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._entities = Entities(db)

    def propose(self, one: Entity, other: Entity) -> None:
        """That both may be one thing; nothing where that was proposed or answered before."""
        with self._db.transaction() as connection:
            connection.execute(_PROPOSE, {**_pair(one, other), "at": now()})

    def unasked(self, limit: int) -> builtins.list[tuple[Entity, Entity]]:
        """Pairs that nobody has been asked about, oldest first; those joined since leave."""
        pairs = []
        for row in self._db.read(_UNASKED, (limit,)):
            one = self._entities.spelled(row["folded"])
            other = self._entities.get_entity(row["entity_id"])
            if one is None or _root(one) == _root(other):
                self._entities.drop_alias(row["folded"], row["entity_id"])
            else:
                pairs.append((one, other))
        return pairs

    def answered(self, limit: int) -> builtins.list[tuple[Entity, Entity, bool]]:
        """Pairs with whether they are one thing: up to `limit` that were joined, and as many that
        were parted, the newest first."""
        return [
            (one, self._entities.get_entity(row["entity_id"]), same)
            for sql, same in ((_JOINED, True), (_PARTED, False))
            for row in self._db.read(sql, (limit,))
            if (one := self._entities.spelled(row["folded"])) is not None
        ]

    def linked(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """What believed facts link each of these entities with, by that very name: ids of
        entities that stand for themselves."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._db.read(_LINKED, {"ids": json.dumps(list(ids))}):
            found[row["here"]].add(row["there"])
        return found

    def join(self, one: Entity, other: Entity) -> Entity:
        """They are one thing: the older stands for both, until they are parted."""
        older, newer = sorted((_root(one), _root(other)))
        with self._db.transaction() as connection:
            connection.execute(_DROP, _pair(one, other))
            return self._entities.merge(newer, older)

    def part(self, one: Entity, other: Entity) -> None:
        """They are two things, and are not proposed again; where they were joined, no longer."""
        with self._db.transaction():
            if _root(one) == _root(other):
                self._entities.unmerge(one.id if one.merged_into else other.id)
            self._answered(one, other, "different")

    def leave_open(self, one: Entity, other: Entity) -> None:
        """Who was asked could not tell; a person may."""
        self._answered(one, other, "unsure")

    def are_different(self, one: Entity, other: Entity) -> bool:
        """Whether somebody has said so."""
        rows = self._db.read(_ABOUT, _pair(one, other))
        return any(row["origin"] == "different" for row in rows)

    def _answered(self, one: Entity, other: Entity, origin: str) -> None:
        with self._db.transaction() as connection:
            connection.execute(_DROP, _pair(one, other))
            self._entities.add_alias(one.folded, other.id, origin)


def _pair(one: Entity, other: Entity) -> dict[str, str]:
    return {
        "one": one.id, "folded": one.folded, "other": other.id, "other_folded": other.folded,
    }  # fmt: skip


def _root(entity: Entity) -> str:
    return entity.merged_into or entity.id
