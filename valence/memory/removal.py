"""Taking facts and sources out of memory for good, with the answers that rested on them.

Words leave the full-text indexes and the file too. The calls that read or answered stay in the
ledger, which has its own way to forget (valence/forgetting.py).
"""

from __future__ import annotations

from dataclasses import replace

from store.conversations import forget_in_turns
from store.database import Database
from store.episodes import Episodes
from store.graph import Fact, Graph
from store.memory_forgetting import purge
from store.sources import Source, Sources


def remove_fact(db: Database, fact: Fact) -> None:
    """One fact, all statements of it, and names that nothing else mentions."""
    with db.transaction() as connection:
        forget_in_turns(connection, fact.id)
        Graph(db).forget_fact(fact.id)
        purge(connection)
    db.checkpoint()


def remove_source(db: Database, source: Source) -> None:
    """The texts of a source and what it alone stated; it stays as one that is gone."""
    episodes = Episodes(db)
    with db.transaction() as connection:
        forget_in_turns(connection, source.id)
        Graph(db).forget_source(source.id)
        episodes.remove(chunk.id for chunk in episodes.of_source(source.id))
        emptied = replace(source, state="gone", title="", sha256=None, reason="forgotten")
        Sources(db).update(emptied)
        purge(connection)
    db.checkpoint()
