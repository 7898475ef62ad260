"""`valence memory facts`, `entity`, `path`, `same`, `shape`: what is known, as it is connected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from store.entities import NOT_NAMES, QUESTIONS
from valence.app import Valence
from valence.cli.moments import End, WorldTime
from valence.cli.output import emit, json_option, limit_option, note, printable, table
from valence.errors import ValenceError

if TYPE_CHECKING:
    from store.graph import Entity, Fact
    from valence.memory.memory import Memory


@click.command()
@click.argument("entity", required=False)
@click.option("--as-of", type=End(), help="What was believed at this time.")
@click.option("--valid-at", type=WorldTime(), help="What held in the world at this time.")
@click.option("--superseded", is_flag=True, help="Also what is believed no longer.")
@click.option("--contradictions", is_flag=True, help="Only what disagrees.")
@limit_option(50)
@json_option
def facts(
    entity: str | None, as_of: str | None, valid_at: str | None, superseded: bool,
    contradictions: bool, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """Facts, the newest first; of ENTITY where one is named."""
    with Valence.open() as app:
        chosen = app.memory.entity(entity) if entity is not None else None
        if contradictions:
            found = _disagreeing(app.memory, chosen, limit)
        else:
            times = {"as_of": as_of, "valid_at": valid_at, "include_superseded": superseded}
            found = _facts_of(app.memory, chosen, limit, times)
    _print_facts(found, as_json)


@click.command()
@click.argument("name")
@json_option
def entity(name: str, as_json: bool) -> None:
    """One entity: its other names, its facts, what is around it and what is like it."""
    with Valence.open() as app:
        chosen = app.memory.entity(name)
        record = _entity_record(app.memory, chosen)
        found = _facts_of(app.memory, chosen, 50, {})
    if as_json:
        from valence.memory.knowledge_export import fact_json

        emit(record | {"facts": [fact_json(fact) for fact in found]})
        return
    click.echo(printable(chosen.name))
    for key in ("aliases", "candidates", "neighbours", "similar"):
        if record[key]:
            click.echo(f"  {key}: {printable(', '.join(record[key]))}")
    _print_facts(found, as_json=False)


@click.command()
@click.argument("start")
@click.argument("end")
@click.option("--hops", default=4, show_default=True, type=click.IntRange(1, 8))
@json_option
def path(start: str, end: str, hops: int, as_json: bool) -> None:
    """The shortest chain of facts from START to END."""
    with Valence.open() as app:
        known = app.memory
        found = known.graph.path(known.entity(start).id, known.entity(end).id, hops)
    if found is None:
        raise ValenceError(f"no chain of at most {hops} facts leads from one to the other")
    _print_facts(found, as_json)


@click.command()
@click.argument("name")
@click.argument("other")
@click.option("--not", "different", is_flag=True, help="They mean two things, whatever was said.")
@json_option
def same(name: str, other: str, different: bool, as_json: bool) -> None:
    """NAME and OTHER mean one thing; `--not` parts them, also where they were joined."""
    with Valence.open() as app:
        if different:
            app.memory.resolution.part(name, other)
        else:
            app.memory.resolution.join(name, other)
    if as_json:
        emit({"names": [name, other], "same": not different})
    else:
        note("they are two things" if different else f"{name} and {other} are one thing")


@click.command()
@limit_option(10)
@json_option
def shape(limit: int, as_json: bool) -> None:
    """The whole graph: what most hangs on, and what belongs together."""
    from valence.memory.shape import shape_of

    with Valence.open() as app:
        found = shape_of(app.memory.graph, limit)
    if as_json:
        central = [
            {"name": entity.name, "share": round(share, 6)} for entity, share in found.central
        ]
        groups = [
            {"size": group.size, "members": [member.name for member in group.members]}
            for group in found.communities
        ]
        emit({"linked": found.linked, "central": central, "communities": groups})
        return
    table(("central", "share"), [(entity.name, share) for entity, share in found.central])
    click.echo()
    rows = [(group.size, ", ".join(m.name for m in group.members)) for group in found.communities]
    table(("entities", "belong together"), rows)


def _facts_of(
    memory: Memory, entity: Entity | None, limit: int, times: dict[str, Any]
) -> list[Fact]:
    """Facts with the entity at either end, the newest first."""
    from valence.memory.about import facts_about

    if entity is None:
        return memory.graph.facts(limit=limit, **times)
    return facts_about(memory.graph, entity.id, limit, **times)


def _disagreeing(memory: Memory, entity: Entity | None, limit: int) -> list[Fact]:
    subjects = [entity.id] if entity is not None else None
    found = memory.knowledge.contradictions(subjects, limit)
    return [fact for each in found for fact in each.facts]


def _entity_record(memory: Memory, entity: Entity) -> dict[str, Any]:
    names = memory.graph.aliases(entity.id)
    similar = memory.places.similar(entity.id, 5) if memory.places is not None else []
    return {
        "entity": entity.id,
        "name": entity.name,
        "aliases": [name for name, origin in names.items() if origin not in NOT_NAMES],
        "candidates": [name for name, origin in names.items() if origin in QUESTIONS],
        "neighbours": [near.entity.name for near in memory.graph.neighbours([entity.id], limit=10)],
        "similar": [other.name for other, _ in similar],
    }


def _print_facts(found: Iterable[Fact], as_json: bool) -> None:
    from valence.memory.knowledge_export import fact_json

    if as_json:
        for fact in found:
            emit(dict(fact_json(fact)))
        return
    headers = ("subject", "relation", "object", "held", "sure", "since", "fact")
    table(headers, list(_rows(found)))


def _rows(found: Iterable[Fact]) -> Iterator[tuple[object, ...]]:
    for fact in found:
        ended = f" (until {fact.superseded_at[:10]})" if fact.superseded_at else ""
        since = fact.recorded_at[:10] + ended
        yield (*fact.triple, _held(fact), round(fact.confidence, 2), since, fact.id)


def _held(fact: Fact) -> str:
    """`2001…2005`, `2001…`; nothing where no time was told."""
    times = fact.valid_from, fact.valid_to
    return "…".join(time or "" for time in times) if any(times) else ""
