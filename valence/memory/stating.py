"""The facts of a text stated to the graph: each with the place where it stands, and when it held if
that is said there. Does not know who read the text, nor where it is kept.
"""

from __future__ import annotations

from dataclasses import replace

from store.graph import Fact, Provenance
from valence.boundaries.triples import Triple, Triples
from valence.memory.holding import held
from valence.memory.knowledge import Knowledge

Span = tuple[int | None, int | None]


def state(
    knowledge: Knowledge, triples: Triples, text: str, stated: Provenance
) -> tuple[Fact, ...]:
    """Keeps the facts, in one transaction; each is given back once."""
    facts: dict[str, Fact] = {}
    with knowledge.graph.db.transaction():
        for (start, stop), several in _by_span(triples, text).items():
            here = replace(stated, span_start=start, span_end=stop)
            learnt = knowledge.learn(several, here, *held(text, stop))
            facts |= {fact.id: fact for fact in learnt}
    return tuple(facts.values())


def _by_span(triples: Triples, text: str) -> dict[Span, list[Triple]]:
    """The triples by where their names first stand in the text; (None, None): nowhere."""
    lowered = text.lower()
    found: dict[Span, list[Triple]] = {}
    for subject, relation, object in triples:
        places = [(lowered.find(name.lower()), len(name)) for name in (subject, object)]
        here = [(start, start + length) for start, length in places if start >= 0]
        span = (min(s for s, _ in here), max(e for _, e in here)) if here else (None, None)
        found.setdefault(span, []).append((subject, relation, object))
    return found
