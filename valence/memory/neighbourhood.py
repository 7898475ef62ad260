"""What is around an entity, one or two facts away, cut to what a person can take in.

The order is always the same: by relation, then by name. It does not know how it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from store.graph import Entity, Fact, Graph

NEAR = 12
"""Entities right beside the one that is looked at."""
FAR = 3
"""Entities behind each of those."""
LOOKED_AT = 200
"""Facts of an entity that are looked at; a hub has more than anybody reads."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A fact as a way to another entity: `outward` where that is the fact's object. Behind it are
    further `links`, and `more` that were left out."""

    fact_id: str
    relation: str
    outward: bool
    entity_id: str
    name: str
    links: tuple[Link, ...] = ()
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """An entity with what is around it; `more` links were left out."""

    entity: Entity
    links: tuple[Link, ...]
    more: int


def neighbourhood(graph: Graph, entity: Entity, near: int = NEAR, far: int = FAR) -> Neighbourhood:
    """The believed facts around the entity: at most `near` of its own, and `far` of each entity
    that they lead to. An entity stands once, where it was first come to."""
    first = _links(graph, entity.id, {entity.id})
    seen = {entity.id, *(link.entity_id for link in first)}
    shown = tuple(_behind(graph, link, seen, far) for link in first[:near])
    return Neighbourhood(entity=entity, links=shown, more=max(0, len(first) - near))


def _behind(graph: Graph, link: Link, seen: set[str], far: int) -> Link:
    further = _links(graph, link.entity_id, seen)
    seen |= {each.entity_id for each in further[:far]}
    return replace(link, links=tuple(further[:far]), more=max(0, len(further) - far))


def _links(graph: Graph, entity_id: str, seen: set[str]) -> list[Link]:
    """Ways from an entity to those that are not seen yet, each of them once."""
    facts = graph.facts_about([entity_id], LOOKED_AT)
    ways = sorted(_ways(facts, entity_id), key=lambda link: (link.relation, link.name))
    once = {link.entity_id: link for link in reversed(ways) if link.entity_id not in seen}
    return sorted(once.values(), key=lambda link: (not link.outward, link.relation, link.name))


def _ways(facts: list[Fact], entity_id: str) -> Iterator[Link]:
    for fact in facts:
        outward = fact.subject_id == entity_id
        other = (fact.object_id, fact.object) if outward else (fact.subject_id, fact.subject)
        yield Link(
            fact_id=fact.id,
            relation=fact.relation,
            outward=outward,
            entity_id=other[0],
            name=other[1],
        )
