"""Entities and their names: what a name means, further names, and merges that can be undone.

The caller folds names; only folded text is compared. It does not know which names are alike, nor
what is said of an entity.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterable, Iterator

from store.clock import now
from store.database import Database
from store.errors import IllegalTransition, UnknownEntity
from store.facts import INSERT_ENTITY, Entity, read_entity
from store.rows import find

MEMBERS = "(SELECT id FROM entities WHERE id = :{0} OR merged_into = :{0})"

QUESTIONS = ("candidate", "unsure")
"""Origins of a name that may mean the entity: not asked about yet, and asked in vain."""
NOT_NAMES = (*QUESTIONS, "different")
"""Origins that make no name of it."""

_NAMED = f"""
SELECT named.value AS asked, entities.* FROM json_each(:names) AS named
JOIN entities ON entities.folded = named.value
UNION ALL
SELECT named.value, entities.* FROM json_each(:names) AS named
JOIN aliases ON aliases.folded = named.value AND aliases.origin NOT IN {NOT_NAMES}
JOIN entities ON entities.id = aliases.entity_id
"""
_ALIAS = """
INSERT INTO aliases VALUES (:folded, :entity, :origin, :at)
ON CONFLICT DO UPDATE SET origin = excluded.origin
"""
_ALIASES = f"""
SELECT folded, origin FROM aliases WHERE entity_id IN {MEMBERS.format("id")}
UNION ALL SELECT folded, 'merged' FROM entities WHERE merged_into = :id ORDER BY 1
"""
_CANDIDATES = f"""
SELECT aliases.folded AS alias, entities.* FROM aliases
JOIN entities ON entities.id = aliases.entity_id
WHERE aliases.origin IN {QUESTIONS} ORDER BY aliases.created_at DESC LIMIT ?
"""
_PAGE = """
SELECT * FROM entities WHERE id > ? AND merged_into IS NULL ORDER BY id LIMIT 2000
"""
_UNEMBEDDED = """
SELECT * FROM entities WHERE NOT EXISTS
  (SELECT 1 FROM vectors WHERE owner_id = entities.id AND model = ?)
ORDER BY id DESC LIMIT ?
"""
_MERGE = "UPDATE entities SET merged_into = :into WHERE id = :gone OR merged_into = :gone"


class Entities:
    """The entities of one database. The id of a merged entity is accepted everywhere and means
    the one that stands for it."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def entity(self, folded: str) -> Entity | None:
        """The entity of that folded name, or else the only one of that alias; a merged one gives
        the entity that stands for it. None where nothing, or only an ambiguous alias, is known."""
        found = self.named([folded]).get(folded, [])
        return found[0] if len(found) == 1 or self.spelled(folded) else None

    def spelled(self, folded: str) -> Entity | None:
        """The entity of that very name, itself, also where another one stands for it."""
        sql = "SELECT * FROM entities WHERE folded = ? ORDER BY id LIMIT 1"
        rows = self.db.read(sql, (folded,))
        return read_entity(rows[0]) if rows else None

    def named(self, folded: Iterable[str]) -> dict[str, builtins.list[Entity]]:
        """For each folded name or alias that is known, the entities it may mean, as `entity`
        gives them, the entity of the very name first. Any number of names at once."""
        rows = self.db.read(_NAMED, {"names": json.dumps(list(dict.fromkeys(folded)))})
        meant: dict[str, dict[str, Entity]] = {}
        for row in rows:
            entity = self._root(read_entity(row))
            meant.setdefault(row["asked"], {}).setdefault(entity.id, entity)
        return {name: list(entities.values()) for name, entities in meant.items()}

    def get_entity(self, id_or_prefix: str) -> Entity:
        """The entity with this id or unique beginning, itself, also when it is merged. Raises
        UnknownEntity or AmbiguousId."""
        return read_entity(find(self.db, "entities", id_or_prefix, UnknownEntity))

    def entities(self, ids: Iterable[str]) -> dict[str, Entity]:
        """The entities that stand for these ids, by the ids given; unknown ids are left out."""
        sql = "SELECT * FROM entities WHERE id IN (SELECT value FROM json_each(?))"
        rows = self.db.read(sql, (json.dumps(list(ids)),))
        return {row["id"]: self._root(read_entity(row)) for row in rows}

    def all_entities(self) -> Iterator[Entity]:
        """All that stand for themselves, oldest first."""
        after = ""
        while rows := self.db.read(_PAGE, (after,)):
            yield from map(read_entity, rows)
            after = rows[-1]["id"]

    def without_vector(self, model: str, limit: int) -> builtins.list[Entity]:
        """Entities that have no vector of this model, newest first."""
        return [read_entity(row) for row in self.db.read(_UNEMBEDDED, (model, limit))]

    def add_entity(self, name: str, folded: str) -> Entity:
        """The entity of that folded name, made where it is missing. Aliases are not asked."""
        with self.db.transaction() as connection:
            there = self.spelled(folded)
            if there is not None:
                return self._root(there)
            entity = Entity(name=name, folded=folded)
            connection.execute(INSERT_ENTITY, vars(entity))
            return entity

    def add_entities(self, names: Iterable[tuple[str, str]]) -> dict[str, Entity]:
        """`add_entity` of many (name, folded) in one transaction; by folded name."""
        with self.db.transaction():
            return {folded: self.add_entity(name, folded) for name, folded in names}

    def add_alias(self, folded: str, entity_id: str, origin: str) -> None:
        """Another name of an entity; one of the origins 'candidate', 'unsure' and 'different' is no
        name (NOT_NAMES; store/candidates.py)."""
        with self.db.transaction() as connection:
            entity = self._existing(entity_id).id
            chosen = {"folded": folded, "entity": entity, "origin": origin, "at": now()}
            connection.execute(_ALIAS, chosen)

    def drop_alias(self, folded: str, entity_id: str) -> None:
        """The name no longer means the entity."""
        with self.db.transaction() as connection:
            sql = "DELETE FROM aliases WHERE folded = ? AND entity_id = ?"
            connection.execute(sql, (folded, entity_id))

    def aliases(self, entity_id: str) -> dict[str, str]:
        """Other folded names of the entity with their origin, 'merged' for those of entities that
        were merged into it; and the names that may be, or are not, its own (`add_alias`)."""
        rows = self.db.read(_ALIASES, {"id": entity_id})
        return {row["folded"]: row["origin"] for row in rows}

    def candidates(self, limit: int = 100) -> builtins.list[tuple[str, Entity]]:
        """Names that may mean an entity, newest first; each a question to a person."""
        rows = self.db.read(_CANDIDATES, (limit,))
        return [(row["alias"], read_entity(row)) for row in rows]

    def merge(self, entity_id: str, into: str) -> Entity:
        """From now on `into` stands for the entity too; `unmerge` takes it back. Returns the one
        that stands. Raises UnknownEntity, and IllegalTransition when they are the same."""
        with self.db.transaction() as connection:
            gone, standing = self._existing(entity_id).id, self._existing(into).id
            if gone == standing:
                raise IllegalTransition("an entity cannot be merged into itself")
            connection.execute(_MERGE, {"gone": gone, "into": standing})
        return self.get_entity(standing)

    def unmerge(self, entity_id: str) -> Entity:
        """The merged entity stands for itself again, with its own facts."""
        with self.db.transaction() as connection:
            connection.execute("UPDATE entities SET merged_into = NULL WHERE id = ?", (entity_id,))
        return self._existing(entity_id)

    def _root(self, entity: Entity) -> Entity:
        return entity if entity.merged_into is None else self.get_entity(entity.merged_into)

    def _roots(self, ids: Iterable[str]) -> builtins.list[str]:
        """The ids that stand for these, each once; unknown ids stay, and match nothing."""
        asked = list(dict.fromkeys(ids))
        known = self.entities(asked)
        return list(dict.fromkeys(known[each].id if each in known else each for each in asked))

    def _root_of(self, entity_id: str | None) -> str | None:
        return None if entity_id is None else self._roots([entity_id])[0]

    def _existing(self, entity_id: str) -> Entity:
        found = self.entities([entity_id])
        if not found:
            raise UnknownEntity(f"no entity has the id {entity_id!r}")
        return found[entity_id]
