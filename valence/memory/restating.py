"""What a person told, read anew: the facts of one source taken back and stated as they should have
been. Knows nothing of who reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.graph import Fact, Provenance
from valence.boundaries.triples import Triples
from valence.memory.stating import state

if TYPE_CHECKING:
    from valence.memory.memory import Memory

SAID = 1.0
"""How sure a fact is that a person wrote down as such."""


def restate(memory: Memory, source_id: str, triples: Triples, call_id: str) -> tuple[Fact, ...]:
    """Replaces what only this source stated by these facts, in one transaction; its text stays.

    Raises UnknownId where there is no such source.
    """
    source = memory.sources.get(source_id)
    chunks = memory.episodes.of_source(source.id)
    stated = Provenance(
        origin="told",
        confidence=SAID,
        call_id=call_id,
        source_id=source.id,
        chunk_id=chunks[0].id if chunks else None,
    )
    with memory.db.transaction():
        memory.graph.forget_source(source.id)
        return state(memory.knowledge, triples, chunks[0].text if chunks else "", stated)
