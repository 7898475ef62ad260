"""The entity or the sources that a person means by a name or an id; where there are none, an error
that says which may be meant.

It does not know what is known of an entity, nor who asks.
"""

from __future__ import annotations

from pathlib import Path

from store.database import Database
from store.entity_search import named_like
from store.errors import UnknownEntity, UnknownSource
from store.graph import Entity, Graph
from store.sources import Sources
from store.told import called
from valence.boundaries.text import fold
from valence.memory.naming import entity_key

PERHAPS = 3
"""Entities that are named where none is called so."""


def entity_called(graph: Graph, name: str) -> Entity:
    """The entity of that name or alias, however it is written, or of that id. Raises UnknownEntity
    with some of like names, and AmbiguousId."""
    found = graph.entity(entity_key(name))
    if found is not None:
        return found
    try:
        return graph.get_entity(name)
    except UnknownEntity as error:
        raise UnknownEntity(f"nothing is known of {name!r}{_perhaps(graph, name)}") from error


def sources_called(db: Database, given: str) -> frozenset[str]:
    """The ids of the sources that have this title, stand at this place or below it, or have this id
    or its beginning. Raises UnknownSource and AmbiguousId."""
    found = called(db, given, str(Path(given).expanduser().absolute()))
    if found:
        return found
    try:
        return frozenset({Sources(db).get(given).id})
    except UnknownSource as error:
        raise UnknownSource(f"nothing is remembered from {given!r}") from error


def _perhaps(graph: Graph, name: str) -> str:
    """Whom an alias of several may mean, or whose names hold the words."""
    key, words = entity_key(name), fold(name).split()
    meant = graph.named([key]).get(key, [])
    like = [each.entity for each in named_like(graph.db, words, PERHAPS)] if words else []
    names = [entity.name for entity in (meant or like)[:PERHAPS]]
    return f"; perhaps {' or '.join(names)} is meant" if names else ""
