"""`valence memory`: what Valence knows, where it knows it from, and how to take it away."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from valence.app import Valence
from valence.cli.calls import input_lines
from valence.cli.graph import entity, facts, path, same, shape
from valence.cli.moments import End, Moment
from valence.cli.notes import sync
from valence.cli.output import INPUT, emit, json_option, limit_option, note, printable, table
from valence.errors import InvalidInput, ValenceError

if TYPE_CHECKING:
    from valence.memory.memory import Memory
    from valence.memory.retrieval import Filters

MODES = ("hybrid", "vector", "text", "graph")
FORMS = ("jsonl", "graphml", "ntriples")
AT_ONCE = 256
"""Texts that a command embeds on its way; more wait for `memory embed`."""
ENOUGH_TO_LOAD = 64
"""Waiting texts from which on `memory add` loads the embedding model."""


@click.group()
def memory() -> None:
    """What is remembered: in, out, where from, and away."""


for command in (facts, entity, path, same, shape, sync):
    memory.add_command(command)


@memory.command()
@click.argument("text", required=False)
@click.option("--file", type=INPUT, help="One text a line; - for stdin.")
@json_option
def add(text: str | None, file: str | None, as_json: bool) -> None:
    """Remember TEXT: what it says as facts, and the text itself."""
    from valence.memory.catching_up import settle_names

    lines = [(1, text)] if text is not None and file is None else input_lines(text, file)
    with Valence.open() as app:
        skipped = _add_all(app, lines, as_json)
        _embed_some(app.memory)
        settle_names(app)
    if skipped:
        raise ValenceError(f"{skipped} line(s) were no text and were skipped")


@memory.command()
@click.argument("query")
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@limit_option(10)
@click.option("--since", type=Moment(), help="Recorded at this time or later.")
@click.option("--until", type=End(), help="Recorded before this time; a date is its whole day.")
@click.option("--source", help="A source's id, title or path; a folder means all below it.")
@click.option("--budget", type=click.IntRange(1), help="Tokens that the finds may have together.")
@json_option
def search(
    query: str, mode: Any, limit: int, since: str | None, until: str | None,
    source: str | None, budget: int | None, as_json: bool,
) -> None:  # fmt: skip
    """What bears on QUERY, by meaning, words and structure together, best first."""
    with Valence.open() as app:
        filters = _filters(app.memory, since, until, source)
        if mode in ("hybrid", "vector"):
            _before_meaning(app)
        found = app.memory.search(query, mode, limit, filters, budget)
    if not as_json and not found.relevant:
        note("nothing that was found has much to do with it")
    for item in found.items:
        if as_json:
            emit(item.to_json())
        else:
            click.echo(f"{item.kind:7}  {printable(item.text)}")
            note(f"         {printable(item.reason)} · {item.recorded_at[:10]} · {item.id}")


@memory.command()
@click.option("--state", type=click.Choice(["read", "skipped", "gone"]))
@limit_option(50)
@json_option
def sources(state: Any, limit: int, as_json: bool) -> None:
    """Where things are remembered from; what was skipped, and why."""
    with Valence.open() as app:
        found = app.memory.sources.list(state=state, limit=limit)
        waiting = app.memory.waiting()
    if as_json:
        for each in found:
            emit(
                {
                    "source": each.id, "kind": each.kind, "place": each.place,
                    "title": each.title, "state": each.state, "reason": each.reason,
                    "trusted": each.trusted, "recorded_at": each.recorded_at,
                }
            )  # fmt: skip
        return
    rows = [(s.id, s.kind, s.state, s.place or s.title, s.reason) for s in found]
    table(("source", "kind", "state", "what", "reason"), rows)
    if waiting:
        note(f"{waiting} texts have no vector yet")


@memory.command()
@json_option
def embed(as_json: bool) -> None:
    """Make the vectors of all texts that have none yet, as after a change of the model."""
    from valence.memory.catching_up import alone, settle_names

    with Valence.open() as app:
        _require_model(app.memory)
        with alone(app):
            done = app.memory.catch_up(progress=lambda done, all_: note(f"{done} of {all_} texts"))
            app.memory.fit_places()
        settle_names(app)
    if as_json:
        emit({"embedded": done})
    else:
        note(f"{done} texts embedded; none is waiting")


@memory.command()
@click.argument("id")
@json_option
def forget(id: str, as_json: bool) -> None:
    """Remove a fact, an entity with all its facts, or a source with all that came of it, and the
    answers that rested on it.

    The call that read a text stays in the ledger: `valence ledger forget` removes both.
    """
    with Valence.open() as app:
        kind, whole = app.memory.forget(id)
    if as_json:
        emit({"id": whole, "kind": kind})
    else:
        note(f"{kind} {whole} is forgotten")


@memory.command()
@click.option("--format", "form", type=click.Choice(FORMS), default="jsonl", show_default=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def export(form: Any, file: Path, as_json: bool) -> None:
    """Write all that is believed to FILE."""
    from valence.memory.knowledge_export import export as write

    with Valence.open() as app:
        count = write(app.memory.graph, form, file)
    if as_json:
        emit({"facts": count, "file": str(file), "format": form})
    else:
        note(f"{count} facts in {file}")


def _add_all(app: Valence, lines: Iterable[tuple[int, str]], as_json: bool) -> int:
    """Each text for itself, all or nothing of it; returns how many were none."""
    from valence.conversation.reply import remembered_record
    from valence.learning import learn

    skipped = 0
    for number, line in lines:
        try:
            kept = app.memory.remember(line)
        except InvalidInput as error:
            note(f"line {number}: {error}")
            skipped += 1
            continue
        record = remembered_record(kept)
        if as_json:
            emit(record)
        else:
            for triple in record["facts"]:
                click.echo(printable(" | ".join(triple)))
            note(f"  {record['route']} · {len(record['facts'])} facts · {record['source']}")
        if kept.answer is not None:
            _tell_masked(kept.answer.call.masked)
            learn(app, kept.answer)
    return skipped


def _tell_masked(masked: dict[str, int]) -> None:
    if masked:
        counts = ", ".join(f"{count} {kind}" for kind, count in masked.items())
        note(f"masked before anything else saw it: {counts}")


def _embed_some(memory: Memory) -> None:
    """Loading the model takes seconds: a few new texts wait until it is needed anyway."""
    waiting = memory.waiting()
    if memory.embedder is None and waiting:
        note(f"{waiting} texts wait for their vectors: {memory.model_problem}")
    elif waiting >= ENOUGH_TO_LOAD:
        memory.catch_up(most=AT_ONCE)


def _before_meaning(app: Valence) -> None:
    """What is not embedded yet is not found by its meaning."""
    from valence.memory.catching_up import start_in_background

    memory = app.memory
    if memory.embedder is None:
        note(memory.model_problem)
        return
    memory.catch_up(most=AT_ONCE)
    if waiting := memory.waiting():
        start_in_background(app)
        note(f"{waiting} more texts wait for their vectors, which are being made")


def _require_model(memory: Memory) -> None:
    if memory.embedder is None:
        raise ValenceError(memory.model_problem)


def _filters(memory: Memory, since: str | None, until: str | None, source: str | None) -> Filters:
    from valence.memory.retrieval import Filters

    return Filters(since, until, memory.sources_at(source) if source else None)
