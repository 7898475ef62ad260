"""Taking in a text: a model reads it, then the text and its facts are kept, all or nothing.

Two halves, so that whoever waits for the model holds no transaction open. It does not know how
facts are learnt (knowledge.py) or who tells.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from store.episodes import Chunk
from store.errors import UnknownId
from store.graph import Fact, Provenance
from store.sources import Source, SourceKind
from store.titles import title_of
from store.told import with_content
from valence.memory.stating import state
from valence.redaction import mask

if TYPE_CHECKING:
    from valence.memory.memory import Memory
    from valence.predictors import Hear
    from valence.router import Answer

TOLD = 0.9
"""How sure a fact is that was read from what a person said by a model nobody has certified."""


@dataclass(frozen=True)
class Remembered:
    """What became of one text. `answer` is the call that read it, None where the text was known
    already."""

    source: Source
    facts: tuple[Fact, ...]
    answer: Answer | None


@dataclass(frozen=True)
class Reading:
    """A text that a call has read and that is not kept yet. `id` is what its source shall have."""

    source: Source
    id: str | None
    episode: str | None
    answer: Answer


def read(
    memory: Memory,
    text: str,
    kind: SourceKind = "note",
    id: str | None = None,
    episode: str | None = None,
    place: str = "",
    hear: Hear | None = None,
) -> Reading | Remembered:
    """The text as a model reads it, its secrets masked; what is known already is remembered.
    `hear` is called while it is waited for; what it raises ends the waiting. Raises InvalidInput
    for what is no text."""
    text = mask(text).text
    data = text.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(data).hexdigest()
    source = Source(kind=kind, place=place, title=title_of(text), sha256=digest, bytes=len(data))
    known = _known(memory, source, id)
    if known is not None:
        return _as_known(memory, known, None)
    return Reading(source, id, episode, memory.decompose(text, episode, hear))


def keep(memory: Memory, reading: Reading | Remembered) -> Remembered:
    """The text and its facts, kept in one transaction."""
    if isinstance(reading, Remembered):
        return reading
    with memory.db.transaction():
        # Another process may have been told the same while this one read it.
        known = _known(memory, reading.source, reading.id)
        if known is not None:
            return _as_known(memory, known, reading.answer)
        return _keep(memory, reading)


def _keep(memory: Memory, reading: Reading) -> Remembered:
    answer = reading.answer
    source = replace(reading.source, id=reading.id) if reading.id else reading.source
    chunk = Chunk(
        text=answer.value,
        kind="episode",
        source_id=source.id,
        span_start=0,
        span_end=len(answer.value),
        episode=reading.episode,
        call_id=answer.call.id,
    )
    stated = Provenance(
        origin="told",
        confidence=answer.call.confidence or TOLD,
        call_id=answer.call.id,
        source_id=source.id,
        chunk_id=chunk.id,
    )
    memory.sources.add(source)
    memory.episodes.add([chunk])
    facts = state(memory.knowledge, answer.output, answer.value, stated)
    return Remembered(source, facts, answer)


def _as_known(memory: Memory, source: Source, answer: Answer | None) -> Remembered:
    return Remembered(source, tuple(memory.graph.facts(source=source.id)), answer)


def _known(memory: Memory, source: Source, id: str | None) -> Source | None:
    known = id or with_content(memory.db, source.kind, source.sha256 or "")
    try:
        return memory.sources.get(known) if known else None
    except UnknownId:
        return None
