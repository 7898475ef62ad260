"""Taking something out of the memory: a fact, an entity, a source, and answers that rested on it.

Each goes in one transaction. It does not know the ledger: the call that read a text stays there,
and so does what was learnt from it (valence/forgetting.py has both).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from store.conversations import forget_in_turns
from store.errors import UnknownEntity, UnknownFact, UnknownId, UnknownSource
from store.memory_forgetting import purge
from store.sources import FORGOTTEN

if TYPE_CHECKING:
    import sqlite3

    from store.sources import Source
    from valence.memory.memory import Memory

Kind = Literal["fact", "entity", "source"]


def find(memory: Memory, id: str) -> tuple[Kind, str]:
    """What an id, or the beginning of one, stands for, and the whole id. Raises UnknownId."""
    try:
        return "source", memory.sources.get(id).id
    except UnknownSource:
        pass
    try:
        return "fact", memory.graph.get(id).id
    except UnknownFact:
        pass
    try:
        return "entity", memory.graph.get_entity(id).id
    except UnknownEntity as error:
        raise UnknownId(f"no fact, entity or source has the id {id!r}") from error


def forget(memory: Memory, id: str) -> tuple[Kind, str]:
    """Removes what the id stands for; returns what it was, and its whole id. Raises UnknownId."""
    kind, whole = find(memory, id)
    if kind == "source":
        _forget_source(memory, memory.sources.get(whole))
    elif kind == "fact":
        _forget_fact(memory, whole)
    else:
        _forget_entity(memory, whole)
    memory.db.checkpoint()  # words leave the write-ahead log too
    return kind, whole


def _forget_fact(memory: Memory, fact_id: str) -> None:
    with memory.db.transaction() as connection:
        forget_in_turns(connection, fact_id)
        memory.graph.forget_fact(fact_id)
        purge(connection)


def _forget_entity(memory: Memory, entity_id: str) -> None:
    with memory.db.transaction() as connection:
        _forget_turns(connection, memory.graph.forget_entity(entity_id))
        purge(connection)


def _forget_turns(connection: sqlite3.Connection, fact_ids: Iterable[str]) -> None:
    for fact_id in fact_ids:
        forget_in_turns(connection, fact_id)


def _forget_source(memory: Memory, source: Source) -> None:
    chunks = memory.episodes.of_source(source.id)
    with memory.db.transaction() as connection:
        forget_in_turns(connection, source.id)
        memory.graph.forget_source(source.id)
        memory.episodes.remove(chunk.id for chunk in chunks)
        emptied = replace(source, state="gone", title="", sha256=None, reason=FORGOTTEN)
        memory.sources.update(emptied)
        purge(connection)
