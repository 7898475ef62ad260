"""Where in a text a fact stands. Knows no graph and no source."""

from __future__ import annotations

from valence.boundaries.triples import Triple, Triples


def by_span(triples: Triples, text: str) -> dict[tuple[int | None, int | None], list[Triple]]:
    """The triples by where their names first stand in the text; (None, None): nowhere."""
    lowered = text.lower()
    found: dict[tuple[int | None, int | None], list[Triple]] = {}
    for subject, relation, object in triples:
        places = [(lowered.find(name.lower()), len(name)) for name in (subject, object)]
        here = [(start, start + length) for start, length in places if start >= 0]
        span = (min(s for s, _ in here), max(e for _, e in here)) if here else (None, None)
        found.setdefault(span, []).append((subject, relation, object))
    return found
