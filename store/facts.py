"""What the graph keeps: entities, facts between them, and who said so.

Dataclasses and their rows. It does not know how names are folded or when two facts disagree.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from store.clock import now
from store.ids import new_id
from store.rows import insert_sql

FactOrigin: TypeAlias = Literal["told", "document", "import", "correction"]

MOST_SURE = 0.99
"""No number of statements makes a fact surer than this."""

_PROVENANCE = (
    "origin", "confidence", "call_id", "source_id", "chunk_id", "span_start", "span_end",
    "recorded_at",
)  # fmt: skip
_FACT_COLUMNS = (
    "id", "subject_id", "relation", "relation_folded", "object_id", "valid_from", "valid_to",
    *_PROVENANCE,
)  # fmt: skip
INSERT_WITNESS = insert_sql("witnesses", ("id", "fact_id", *_PROVENANCE))
INSERT_FACT = insert_sql("facts", _FACT_COLUMNS)
INSERT_ENTITY = insert_sql("entities", ("id", "name", "folded", "created_at"))


@dataclass(frozen=True, kw_only=True)
class Entity:
    """Something that facts are about; literals ("1815", "12 km") are entities too.

    `folded` is the form of the name that is compared. `merged_into` is the entity that stands
    for this one, None where it stands for itself.
    """

    name: str
    folded: str
    merged_into: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Who stated a fact: a call, a source, a chunk of it and the span of characters there.

    `confidence` is that of this one statement, 0 to 1.
    """

    origin: FactOrigin = "told"
    confidence: float = 0.9
    call_id: str | None = None
    source_id: str | None = None
    chunk_id: str | None = None
    span_start: int | None = None
    span_end: int | None = None
    recorded_at: str = field(default_factory=now)

    @property
    def key(self) -> str | None:
        """What it is counted by: two statements of one source are one."""
        return self.source_id or self.call_id


@dataclass(frozen=True, kw_only=True)
class NewFact:
    """A fact to be added, between entities that are there. Times of the world as ISO 8601 text of
    any precision (`1815`, `2024-03-01`), None where unknown or open."""

    subject_id: str
    relation: str
    relation_folded: str
    object_id: str
    provenance: Provenance = field(default_factory=Provenance)
    valid_from: str | None = None
    valid_to: str | None = None
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A fact as it is read: ids and names are those of the entities that stand for its own.

    It held in the world from `valid_from` until before `valid_to`, and was believed from
    `recorded_at` until before `superseded_at`. `confidence` is that of all its statements.
    """

    id: str
    subject_id: str
    subject: str
    relation: str
    relation_folded: str
    object_id: str
    object: str
    valid_from: str | None
    valid_to: str | None
    recorded_at: str
    superseded_at: str | None
    superseded_by: str | None
    confidence: float
    origin: FactOrigin
    call_id: str | None
    source_id: str | None
    chunk_id: str | None
    span_start: int | None
    span_end: int | None

    @property
    def triple(self) -> tuple[str, str, str]:
        """Subject, relation and object as they read."""
        return self.subject, self.relation, self.object

    @property
    def period(self) -> tuple[str | None, str | None]:
        """When it held in the world, as far as that is known."""
        return self.valid_from, self.valid_to


@dataclass(frozen=True, kw_only=True)
class Near:
    """An entity and how many facts away it is."""

    entity: Entity
    hops: int


SELECT_FACT = """
SELECT facts.id AS id, subjects.id AS subject_id, subjects.name AS subject, facts.relation AS
  relation, facts.relation_folded AS relation_folded, objects.id AS object_id,
  objects.name AS object, facts.valid_from AS valid_from, facts.valid_to AS valid_to,
  facts.recorded_at AS recorded_at, facts.superseded_at AS superseded_at,
  facts.superseded_by AS superseded_by, facts.confidence AS confidence, facts.origin AS origin,
  facts.call_id AS call_id, facts.source_id AS source_id, facts.chunk_id AS chunk_id,
  facts.span_start AS span_start, facts.span_end AS span_end
FROM facts JOIN entities AS said ON said.id = facts.subject_id
  JOIN entities AS subjects ON subjects.id = coalesce(said.merged_into, said.id)
  JOIN entities AS meant ON meant.id = facts.object_id
  JOIN entities AS objects ON objects.id = coalesce(meant.merged_into, meant.id)
"""


def read_entity(row: sqlite3.Row) -> Entity:
    """A row of `entities`."""
    columns = ("id", "name", "folded", "merged_into", "created_at")
    return Entity(**{name: row[name] for name in columns})


def read_fact(row: sqlite3.Row) -> Fact:
    """A row of SELECT_FACT."""
    return Fact(**dict(row))


def read_witness(row: sqlite3.Row) -> Provenance:
    """A row of `witnesses`, or that of a fact stated once."""
    return Provenance(**{name: row[name] for name in _PROVENANCE})


def fact_row(fact: NewFact) -> dict[str, Any]:
    """A new fact as the parameters of INSERT_FACT."""
    return vars(fact) | vars(fact.provenance)


def witness_row(fact_id: str, provenance: Provenance) -> dict[str, Any]:
    """One statement of a fact as the parameters of INSERT_WITNESS."""
    return {"id": new_id(), "fact_id": fact_id, **vars(provenance)}


def together(confidences: list[float]) -> float:
    """How sure independent statements are together: one minus the chance that all are wrong
    (noisy or; Pearl 1988), at most MOST_SURE unless one alone is surer."""
    wrong = 1.0
    for confidence in confidences:
        wrong *= 1 - confidence
    return max(min(1 - wrong, MOST_SURE), *confidences)
