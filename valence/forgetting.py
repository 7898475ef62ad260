"""Forgetting: a call with the copies in runs' folders, or something remembered with its calls.

What will go is found by doing it and taking it back, so that a person confirms exactly that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from store.adapters import Adapter
from store.counts import counts
from store.forgetting import learnt_from
from store.ledger import Forgotten
from store.whole import write_whole
from valence.app import Valence
from valence.memory.about import facts_about
from valence.memory.forgetting import Kind, find


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What forgetting takes away. `rows` by table, of those that lose some; `calls` read what is
    forgotten, `examples` came of those calls and `adapters` were trained on them."""

    kind: Kind
    rows: dict[str, int]
    calls: tuple[str, ...]
    examples: int
    adapters: tuple[Adapter, ...]


def rehearse(app: Valence, id: str, with_calls: bool = False) -> Loss:
    """What `forget` would take away; nothing goes. Raises UnknownId."""
    kind, whole = find(app.memory, id)
    calls = _calls_of(app, kind, whole)
    examples, adapters = learnt_from(app.stores.database, calls)
    return Loss(
        kind=kind,
        rows=_rows_lost(app, whole, calls if with_calls else ()),
        calls=calls,
        examples=len(examples),
        adapters=tuple(map(app.stores.adapters.get, adapters)),
    )


def forget(app: Valence, id: str, with_calls: bool = False) -> None:
    """Takes a fact, an entity or a source out of the memory, and with `with_calls` the calls that
    read it out of the ledger, with all that came of them. Raises UnknownId."""
    kind, whole = find(app.memory, id)
    calls = _calls_of(app, kind, whole) if with_calls else ()
    app.memory.forget(whole)
    for call_id in calls:
        forget_call(app, call_id)


def forget_call(app: Valence, call_id: str) -> Forgotten:
    """Removes the call and all that was derived from it, everywhere under the home."""
    call = app.stores.ledger.get(call_id)
    forgotten = app.stores.ledger.forget(call.id)
    _drop_copies(app, set(forgotten.example_ids))
    return forgotten


def _calls_of(app: Valence, kind: Kind, id: str) -> tuple[str, ...]:
    """The calls that read what is remembered under the id, oldest first."""
    graph = app.memory.graph
    if kind == "source":
        facts = graph.facts(source=id, include_superseded=True, limit=-1)
        pieces = [chunk.call_id for chunk in app.memory.episodes.of_source(id)]
        said = [each for fact in facts for each in graph.witnesses(fact.id)]
        read = [each.call_id for each in said if each.source_id == id]
        return _distinct([*pieces, *read])
    facts = [graph.get(id)] if kind == "fact" else facts_about(graph, id, include_superseded=True)
    return _distinct(each.call_id for fact in facts for each in graph.witnesses(fact.id))


def _distinct(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({each for each in ids if each is not None}))


def _rows_lost(app: Valence, id: str, calls: Iterable[str]) -> dict[str, int]:
    db = app.stores.database
    with db.rehearsal():
        before = counts(db)
        app.memory.forget(id)
        for call_id in calls:
            app.stores.ledger.forget(call_id)
        after = counts(db)
    return {table: lost for table in before if (lost := before[table] - after[table])}


def _drop_copies(app: Valence, gone: set[str]) -> None:
    for path in app.locations.runs.glob("*/*.jsonl"):
        _drop_rows(path, gone)


def _drop_rows(path: Path, gone: set[str]) -> None:
    with path.open(encoding="utf-8") as file:
        lines = list(file)
    kept = [line for line in lines if json.loads(line)["id"] not in gone]
    if len(kept) < len(lines):
        write_whole(path, "".join(kept))
