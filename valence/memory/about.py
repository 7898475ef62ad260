"""What is known about one entity: its facts, and for each of them who said so and in which words.

It reads only. It does not know how facts come to be, nor how they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.episodes import Episodes
from store.errors import UnknownId
from store.graph import Fact, Graph, Provenance
from store.sources import Source, Sources

AROUND = 160
"""Characters of the text on either side of what was read as a fact."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a fact: by whom (`source` is None for a call alone), and where its text is
    at hand the words it was read from (`said`) between those around them."""

    provenance: Provenance
    source: Source | None
    before: str = ""
    said: str = ""
    after: str = ""


def facts_about(graph: Graph, entity_id: str, limit: int = -1, **times: Any) -> list[Fact]:
    """Facts with the entity at either end, the newest first; `times` as `Graph.facts` has them.
    Without a limit all."""
    both = [
        *graph.facts(subject=entity_id, limit=limit, **times),
        *graph.facts(object=entity_id, limit=limit, **times),
    ]
    once = {fact.id: fact for fact in both}
    found = sorted(once.values(), key=lambda fact: fact.recorded_at, reverse=True)
    return found if limit < 0 else found[:limit]


def statements(graph: Graph, fact_id: str) -> list[Statement]:
    """Who stated the fact, oldest first. Raises UnknownFact."""
    return [_statement(graph, each) for each in graph.witnesses(fact_id)]


def _statement(graph: Graph, provenance: Provenance) -> Statement:
    source = Sources(graph.db).get(provenance.source_id) if provenance.source_id else None
    before, said, after = _quoted(graph, provenance)
    return Statement(provenance=provenance, source=source, before=before, said=said, after=after)


def _quoted(graph: Graph, provenance: Provenance) -> tuple[str, str, str]:
    """The piece of text around the span; a piece without a span is quoted from its beginning."""
    text = _text(graph, provenance.chunk_id)
    start, stop = provenance.span_start, provenance.span_end
    if start is None or stop is None:
        return text[: 2 * AROUND], "", ""
    return text[max(0, start - AROUND) : start], text[start:stop], text[stop : stop + AROUND]


def _text(graph: Graph, chunk_id: str | None) -> str:
    try:
        return Episodes(graph.db).get(chunk_id).text if chunk_id else ""
    except UnknownId:  # taken away while it was being looked at
        return ""
