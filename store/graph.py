"""Semantic memory: facts between entities, each with the time of the belief and who stated it.

The caller folds names and relations; the graph compares folded text only. It does not know what
a relation means, which names are the same thing, or when two facts disagree.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterable, Iterator, Sequence

from store import graph_forgetting, graph_search
from store.clock import now
from store.entities import MEMBERS, Entities
from store.errors import IllegalTransition, UnknownFact
from store.facts import (
    INSERT_FACT,
    INSERT_WITNESS,
    SELECT_FACT,
    Entity,
    Fact,
    FactOrigin,
    Near,
    NewFact,
    Provenance,
    fact_row,
    read_fact,
    read_witness,
    together,
    witness_row,
)
from store.rows import find

__all__ = ["Entity", "Fact", "FactOrigin", "Graph", "Near", "NewFact", "Provenance"]

_BELIEVED = "facts.superseded_at IS NULL"
_CHOICES = {
    "subject": f"facts.subject_id IN {MEMBERS.format('subject')}",
    "object": f"facts.object_id IN {MEMBERS.format('object')}",
    "relation": "facts.relation_folded = :relation",
    "source": "(facts.source_id = :source"
    " OR facts.id IN (SELECT fact_id FROM witnesses WHERE source_id = :source))",
    "as_of": "facts.recorded_at <= :as_of"
    " AND (facts.superseded_at IS NULL OR facts.superseded_at > :as_of)",
    "valid_at": "(facts.valid_from IS NULL OR facts.valid_from <= :valid_at)"
    " AND (facts.valid_to IS NULL OR facts.valid_to > :valid_at)",
}
# Left alone, SQLite would look through all facts of a relation for those of one subject.
_INDEXES = {
    "subject": "INDEXED BY facts_by_subject",
    "object": "INDEXED BY facts_by_object",
    "relation": "INDEXED BY facts_by_relation",
}
_SUPERSEDE = """
UPDATE facts SET superseded_at = :at, superseded_by = :by WHERE id = :id AND superseded_at IS NULL
"""
_BELIEVE = "UPDATE facts SET superseded_at = NULL, superseded_by = NULL WHERE id = ?"
_SHAPE = """
SELECT count(*) AS subjects, coalesce(sum(objects = 1), 0) AS single FROM (
  SELECT count(DISTINCT object_id) AS objects FROM (
    SELECT subject_id, object_id FROM facts
    WHERE relation_folded = :relation AND superseded_at IS NULL ORDER BY number DESC LIMIT :most)
  GROUP BY subject_id)
"""
_LINKS = """
SELECT facts.number AS number, coalesce(subjects.merged_into, subjects.id) AS subject,
  coalesce(objects.merged_into, objects.id) AS object
FROM facts JOIN entities AS subjects ON subjects.id = facts.subject_id
  JOIN entities AS objects ON objects.id = facts.object_id
WHERE facts.number > ? AND facts.superseded_at IS NULL ORDER BY facts.number LIMIT 5000
"""
_SEVERAL = """
SELECT coalesce(subjects.merged_into, subjects.id) AS subject FROM facts
JOIN entities AS subjects ON subjects.id = facts.subject_id
JOIN entities AS objects ON objects.id = facts.object_id
WHERE facts.relation_folded = ? AND facts.superseded_at IS NULL
GROUP BY subject HAVING count(DISTINCT coalesce(objects.merged_into, objects.id)) > 1
ORDER BY max(facts.number) DESC LIMIT ?
"""
_RELATIONS = """
SELECT relation_folded, count(*) AS facts FROM facts WHERE superseded_at IS NULL
GROUP BY relation_folded ORDER BY facts DESC, relation_folded
"""
# From one relation to the next by the index, however many facts each has.
_RELATION_NAMES = """
WITH RECURSIVE names (name) AS (
  SELECT min(relation_folded) FROM facts UNION ALL
  SELECT (SELECT min(relation_folded) FROM facts WHERE relation_folded > name) FROM names
  WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL
"""
_PAGE = """
SELECT number, id FROM facts WHERE number > ? AND superseded_at IS NULL ORDER BY number LIMIT 2000
"""


class Graph(Entities):
    """The facts of one database, and the entities that they are about."""

    def add_fact(self, fact: NewFact) -> Fact:
        """Keep one fact between entities that are there, without looking for the same one."""
        return self.add_facts([fact])[0]

    def add_facts(self, facts: Iterable[NewFact]) -> builtins.list[Fact]:
        """Keep many facts in one transaction, without looking for the same ones; as they read.

        Raises StoreError, and keeps nothing, where an entity, call, source or chunk is unknown.
        """
        new = list(facts)
        with self.db.transaction() as connection:
            connection.executemany(INSERT_FACT, map(fact_row, new))
        kept = self.by_ids(fact.id for fact in new)
        return [kept[fact.id] for fact in new]

    def get(self, id_or_prefix: str) -> Fact:
        """The fact with this id or unique beginning. Raises UnknownFact or AmbiguousId."""
        fact_id: str = find(self.db, "facts", id_or_prefix, UnknownFact)["id"]
        return self.by_ids([fact_id])[fact_id]

    def by_ids(self, ids: Iterable[str]) -> dict[str, Fact]:
        """The facts of these ids, believed or not; unknown ids are left out."""
        sql = f"{SELECT_FACT} WHERE facts.id IN (SELECT value FROM json_each(?))"
        return {row["id"]: read_fact(row) for row in self.db.read(sql, (json.dumps(list(ids)),))}

    def facts(
        self,
        subject: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        *,
        source: str | None = None,
        as_of: str | None = None,
        valid_at: str | None = None,
        include_superseded: bool = False,
        limit: int = 1000,
    ) -> builtins.list[Fact]:
        """Facts that fit all that is given, newest first.

        `subject` and `object` are entity ids, `relation` is folded, `source` is one of those that
        stated it. Believed now, unless `as_of` (what was believed at that time) or
        `include_superseded` (whatever was ever believed). `valid_at` is a time of the world,
        ISO 8601; a fact without times always holds.
        """
        asked = {
            "subject": self._root_of(subject), "object": self._root_of(object),
            "relation": relation, "source": source, "as_of": as_of, "valid_at": valid_at,
        }  # fmt: skip
        chosen = {name: value for name, value in asked.items() if value is not None}
        wheres = [_CHOICES[name] for name in chosen]
        wheres += [] if as_of or include_superseded else [_BELIEVED]
        where = " AND ".join(wheres) or "1"
        first = next((index for name, index in _INDEXES.items() if name in chosen), "")
        sql = f"{SELECT_FACT.replace('FROM facts', f'FROM facts {first}')} WHERE {where}"
        sql += " ORDER BY facts.number DESC LIMIT :limit"
        return [read_fact(row) for row in self.db.read(sql, {**chosen, "limit": limit})]

    def same(self, subject_id: str, relation_folded: str, object_id: str) -> Fact | None:
        """The believed fact that says this, the oldest of several."""
        found = self.facts(subject_id, relation_folded, object_id)
        return found[-1] if found else None

    def reinforce(self, fact_id: str, provenance: Provenance) -> Fact:
        """Another statement of a fact that is there; its confidence is that of all of them
        together. The same source (the same call, where no source is named) counts once."""
        with self.db.transaction() as connection:
            witnesses = self.witnesses(fact_id)
            if provenance.key is not None and provenance.key in {each.key for each in witnesses}:
                return self.get(fact_id)
            new = [provenance] if len(witnesses) > 1 else [*witnesses, provenance]
            connection.executemany(INSERT_WITNESS, [witness_row(fact_id, each) for each in new])
            sure = together([each.confidence for each in (*witnesses, provenance)])
            connection.execute("UPDATE facts SET confidence = ? WHERE id = ?", (sure, fact_id))
        return self.get(fact_id)

    def witnesses(self, fact_id: str) -> builtins.list[Provenance]:
        """Every statement of a fact, oldest first. Raises UnknownFact."""
        rows = self.db.read("SELECT * FROM witnesses WHERE fact_id = ? ORDER BY id", (fact_id,))
        alone = rows or self.db.read("SELECT * FROM facts WHERE id = ?", (fact_id,))
        if not alone:
            raise UnknownFact(f"no fact has the id {fact_id!r}")
        return [read_witness(row) for row in alone]

    def supersede(self, fact_id: str, by: str | None = None) -> Fact:
        """The fact is believed no longer, for the fact `by` or for none. Where that was so
        already, the first time and reason stay. Raises UnknownFact."""
        with self.db.transaction() as connection:
            for each in filter(None, (fact_id, by)):
                self.get(each)
            connection.execute(_SUPERSEDE, {"id": fact_id, "by": by, "at": now()})
        return self.get(fact_id)

    def believe_again(self, fact_id: str) -> Fact:
        """Takes `supersede` back. Raises UnknownFact, and IllegalTransition where another fact
        that says the same is believed by now."""
        with self.db.transaction() as connection:
            fact = self.get(fact_id)
            twin = self.same(fact.subject_id, fact.relation_folded, fact.object_id)
            if twin is not None and twin.id != fact.id:
                raise IllegalTransition("the same has been told again and is believed already")
            connection.execute(_BELIEVE, (fact.id,))
        return self.get(fact.id)

    def facts_about(
        self,
        entity_ids: Iterable[str],
        limit: int = 1000,
        relations: Iterable[str] | None = None,
    ) -> builtins.list[Fact]:
        """Believed facts whose subject or object is one of the entities, newest first; with
        `relations` (folded) only those of one of them."""
        return graph_search.facts_about(self.db, self._roots(entity_ids), limit, relations)

    def search(self, words: Sequence[str], limit: int = 50) -> builtins.list[tuple[Fact, float]]:
        """Believed facts that hold any of the words in subject, relation or object, the best
        first, each with a score above 0 that is larger for better (BM25 over the rarer words)."""
        return graph_search.search(self.db, words, limit)

    def neighbours(
        self, entity_ids: Iterable[str], hops: int = 1, limit: int = 100
    ) -> builtins.list[Near]:
        """Entities at most `hops` (1 to 3) believed facts away, in either direction, the nearest
        first, without the given ones."""
        near = graph_search.neighbours(self.db, self._roots(entity_ids), hops, limit)
        entities = self.entities(near)
        return [Near(entity=entities[each], hops=far) for each, far in near.items()]

    def path(self, a: str, b: str, max_hops: int = 4) -> builtins.list[Fact] | None:
        """A shortest chain of believed facts between two entities, in order from `a` to `b`;
        empty where they are the same, None where there is none of at most `max_hops`."""
        start, end = (self._roots([each])[0] for each in (a, b))
        ids = graph_search.path(self.db, start, end, max_hops)
        if ids is None:
            return None
        facts = self.by_ids(ids)
        return [facts[each] for each in ids]

    def all_facts(self) -> Iterator[Fact]:
        """Every believed fact, oldest first, read in pages."""
        after = 0
        while rows := self.db.read(_PAGE, (after,)):
            facts = self.by_ids(row["id"] for row in rows)
            yield from (facts[row["id"]] for row in rows if row["id"] in facts)
            after = rows[-1]["number"]

    def links(self) -> Iterator[tuple[str, str]]:
        """Subject and object (ids) of every believed fact, oldest first, read in pages."""
        after = 0
        while rows := self.db.read(_LINKS, (after,)):
            yield from ((row["subject"], row["object"]) for row in rows)
            after = rows[-1]["number"]

    def count(self) -> int:
        """How many facts are believed."""
        sql = "SELECT count(*) FROM facts WHERE superseded_at IS NULL"
        return int(self.db.read(sql)[0][0])

    def shape(self, relation_folded: str, most: int = 2000) -> tuple[int, int]:
        """Of the newest `most` believed facts of a relation: how many subjects they have, and how
        many of those have one object only."""
        row = self.db.read(_SHAPE, {"relation": relation_folded, "most": most})[0]
        return row["subjects"], row["single"]

    def with_several(self, relation_folded: str, limit: int = 1000) -> builtins.list[str]:
        """Ids of the entities that have more than one object of a relation, newest first."""
        return [row["subject"] for row in self.db.read(_SEVERAL, (relation_folded, limit))]

    def relations(self) -> dict[str, int]:
        """Folded relations of believed facts with their counts, most frequent first."""
        return {row["relation_folded"]: row["facts"] for row in self.db.read(_RELATIONS)}

    def relation_names(self) -> builtins.list[str]:
        """All folded relations in order, also those of facts that are believed no longer; so quick
        that they need not be kept."""
        return [row["name"] for row in self.db.read(_RELATION_NAMES)]

    def forget_source(self, source_id: str) -> int:
        """Remove what only this source stated, and entities that nothing else names; a fact that
        others state too stays with their confidence. Returns the number of facts removed."""
        with self.db.transaction() as connection:
            return graph_forgetting.remove(connection, "source_id", source_id)

    def forget_call(self, call_id: str) -> int:
        """The same for what only this call stated."""
        with self.db.transaction() as connection:
            return graph_forgetting.remove(connection, "call_id", call_id)

    def forget_chunk(self, chunk_id: str) -> int:
        """The same for what only this chunk stated; to be called before the chunk is removed."""
        with self.db.transaction() as connection:
            return graph_forgetting.remove(connection, "chunk_id", chunk_id)

    def forget_fact(self, fact_id: str) -> None:
        """Remove one fact with all its statements, and entities that nothing else names."""
        with self.db.transaction() as connection:
            graph_forgetting.remove_facts(connection, [self.get(fact_id).id])

    def forget_entity(self, entity_id: str) -> builtins.list[str]:
        """Remove every fact that names the entity, believed or not, and with them the entity, those
        it stands for and what nothing else names. Returns the ids of the facts."""
        with self.db.transaction() as connection:
            return graph_forgetting.remove_entity(connection, self._existing(entity_id).id)
