"""How remembered things read: facts, who said so, sources, contradictions. All of it printable.

Knows no widget and no store.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from store.graph import Fact
from store.sources import Holdings, Source
from tui import render
from valence.memory.about import Statement
from valence.memory.knowledge import Contradiction

ORIGINS = {
    "told": "told",
    "document": "read in a document",
    "import": "imported",
    "correction": "corrected",
}
STATES = {"read": "✓ read", "skipped": "– skipped", "gone": "× gone"}
"""A sign and a word: neither needs the other, nor a colour."""
SHOWN = 3
"""Statements of a fact that are quoted."""


def day(time: str) -> str:
    """The date of a time as the store writes it."""
    return time[:10]


def moment(time: str) -> str:
    """Date and minute (UTC) of a time as the store writes it."""
    return f"{time[:10]} {time[11:16]}"


def counted(number: int, name: str) -> str:
    """ "1 fact", "2 facts"."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def fact(given: Fact, entity_id: str, width: int) -> Content:
    """A fact of an entity on one line of `width` cells: which way it reads, relation, the other
    entity, since when; one that is believed no longer says until when."""
    outward = given.subject_id == entity_id
    other = given.object if outward else given.subject
    ended = given.superseded_at
    note = f"until {day(ended)}" if ended else day(given.recorded_at)
    room = max(8, width - len(note) - 5)
    relation = min(22, max(8, room // 2 - 2))
    style = render.QUIET if ended else ""
    return Content.assemble(
        ("▸ " if outward else "◂ ", render.QUIET),
        (render.fit(given.relation, relation), render.QUIET if ended else "$text-accent"),
        " ",
        (render.fit(other, room - relation), f"{style} strike" if ended else ""),
        ("  ", ""),
        (note, render.QUIET),
    )


def held(given: Fact) -> str:
    """When a fact held in the world, "" where nobody said."""
    if given.valid_from is None and given.valid_to is None:
        return ""
    return f"held {given.valid_from or '…'} to {given.valid_to or 'now'}"


def triple(given: Fact) -> str:
    """A fact as it reads."""
    return render.line(" – ".join(given.triple))


def said(given: Fact, statements: Sequence[Statement]) -> Content:
    """A fact with everyone who stated it, and in which words."""
    sure = f"{given.confidence:.0%} sure"
    ended = f"believed no longer since {moment(given.superseded_at)}" if given.superseded_at else ""
    facts = [part for part in (held(given), sure, ended) if part]
    more = len(statements) - SHOWN
    lines = [
        Content.assemble((triple(given), "bold"), (f"  {' · '.join(facts)}", render.QUIET)),
        *map(_statement, statements[:SHOWN]),
        *([Content.styled(f"and {more} more who say so", render.QUIET)] if more > 0 else []),
    ]
    return Content("\n").join(lines)


def _statement(one: Statement) -> Content:
    stated, quote = one.provenance, _quote(one)
    where = one.source.place or ("" if quote else one.source.title) if one.source else ""
    parts = [f"{ORIGINS[stated.origin]} {moment(stated.recorded_at)}", render.line(where)]
    return Content.assemble((" · ".join(filter(None, parts)), render.QUIET), *quote)


def _quote(one: Statement) -> list[str | tuple[str, str]]:
    """The words a fact was read from, underlined within those around them."""
    if not (one.before or one.said):
        return []
    before, words, after = (
        render.safe(part).replace("\n", " ") for part in (one.before, one.said, one.after)
    )
    return ["\n  “", before[-80:], (words, "underline"), after[:80], "”"]


def claim(given: Fact) -> Content:
    """One of several facts that disagree."""
    told = f"{ORIGINS[given.origin]} {day(given.recorded_at)} · {given.confidence:.0%} sure"
    parts = [part for part in (told, held(given)) if part]
    return Content.assemble(
        ("  ○ ", "$text-accent"),
        render.line(given.object),
        (f"   {' · '.join(parts)}", render.QUIET),
    )


def disagreement(given: Contradiction) -> Content:
    """What several facts disagree about."""
    relation = given.facts[0].relation
    return Content.assemble(
        (render.line(given.subject), "bold"), (f"  {render.line(relation)}", "$text-accent"), "  ?"
    )


def source(given: Source, holdings: Holdings, width: int) -> Content:
    """A source on one line: what became of it, what it is, what it holds, since when."""
    pieces, facts = holdings
    holds = f"{counted(pieces, 'text'):>10} {counted(facts, 'fact'):>11}"
    holds = holds if given.state == "read" else ""
    room = max(8, width - 11 - 22 - 12 - 4)
    name = given.place.rpartition("/")[2] or given.title or given.reason or given.kind
    return Content.assemble(
        (render.fit(STATES[given.state], 11), _state_style(given.state)),
        " ",
        render.fit(name, room),
        (f"  {holds:<22} {day(given.recorded_at)}", render.QUIET),
    )


def _state_style(state: str) -> str:
    return {"read": "$text-success", "skipped": "$text-warning"}.get(state, render.QUIET)


def source_details(given: Source) -> Content:
    """All that is known of a source, in a few lines."""
    size = f"{given.bytes:,} bytes" if given.bytes is not None else ""
    changed = f"changed {moment(given.modified_at)}" if given.modified_at else ""
    trust = "" if given.trusted else "quoted and cited, never trained on"
    facts = [given.kind, size, changed, f"looked at {moment(given.recorded_at)}", trust]
    why = f"\n{STATES[given.state]}: {render.line(given.reason)}" if given.reason else ""
    return Content.assemble(
        (render.line(given.place or given.title or "(forgotten)"), "bold"),
        why,
        ("\n" + " · ".join(filter(None, facts)), render.QUIET),
    )
