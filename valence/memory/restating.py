"""What a person told, read anew: the facts of one source taken back and stated as they should have
been. Knows nothing of who reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.graph import Fact, Provenance
from valence.boundaries.triples import Triples
from valence.memory.spans import by_span

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
    text = chunks[0].text if chunks else ""
    facts: dict[str, Fact] = {}
    with memory.db.transaction():
        memory.graph.forget_source(source.id)
        for (start, stop), several in by_span(triples, text).items():
            stated = Provenance(
                origin="told",
                confidence=SAID,
                call_id=call_id,
                source_id=source.id,
                chunk_id=chunks[0].id if chunks else None,
                span_start=start,
                span_end=stop,
            )
            facts |= {fact.id: fact for fact in memory.knowledge.learn(several, stated)}
    return tuple(facts.values())
