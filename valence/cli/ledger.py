"""`valence ledger`: every call, what was tried, and what a person says about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from store.examples import Origin
from store.ledger import Call, Feedback
from valence import feedback as feedback_on
from valence.app import Valence
from valence.cli.names import BOUNDARY
from valence.cli.output import (
    INPUT,
    emit,
    json_option,
    limit_option,
    note,
    open_lines,
    printable,
    table,
)
from valence.story import Story, story_of
from valence.transfer import export_examples, import_examples


@click.group()
def ledger() -> None:
    """Calls: list, show, search, events, correct, rate, import, export, forget."""


@ledger.command("list")
@click.option("--boundary", type=BOUNDARY)
@click.option("--route", type=click.Choice(["builtin", "local", "frontier", "encoder"]))
@limit_option(20)
@json_option
def list_calls(boundary: str | None, route: str | None, limit: int, as_json: bool) -> None:
    """The newest calls first."""
    with Valence.open() as app:
        _print(app.stores.ledger.list(boundary=boundary, route=route, limit=limit), as_json)


@ledger.command()
@click.argument("query")
@click.option("--boundary", type=BOUNDARY)
@limit_option(20)
@json_option
def search(query: str, boundary: str | None, limit: int, as_json: bool) -> None:
    """Calls whose input, output or correction has all the words of QUERY, newest first."""
    with Valence.open() as app:
        _print(app.stores.ledger.search(query, boundary=boundary, limit=limit), as_json)


@ledger.command()
@limit_option(20)
@json_option
def events(limit: int, as_json: bool) -> None:
    """What went otherwise than planned: fallbacks and their causes, units out of service."""
    with Valence.open() as app:
        found = app.stores.events.list(limit)
    if as_json:
        for event in found:
            emit(asdict(event))
        return
    rows = [(e.created_at[:19], e.kind, e.boundary, json.dumps(e.detail)) for e in found]
    table(("at", "event", "boundary", "detail"), rows)


@ledger.command()
@click.argument("call_id")
@json_option
def show(call_id: str, as_json: bool) -> None:
    """One call's whole story: attempts, prompts, raw answers, decisions, and what was learnt."""
    with Valence.open() as app:
        story = story_of(app.stores, call_id)
    if as_json:
        emit(_story_record(story))
        return
    call = story.call
    click.echo(f"{call.id}  {call.boundary}  {call.route} ({call.reason})  {call.created_at}")
    click.echo(f"in:  {printable(call.input)}\nout: {printable(call.output or '')}")
    if call.guidance:
        shown = "shown" if call.guidance["shown"] else "held back"
        click.echo(f"guidance {shown}: {printable(call.guidance['approach'])}")
    for attempt in call.attempts:
        sure = "" if attempt.confidence is None else f", confidence {attempt.confidence:.3f}"
        click.echo(
            f"  {attempt.role} by {attempt.route} {attempt.variant}: {attempt.decision}"
            f" ({attempt.reason}){sure}, {attempt.latency_ms:.0f} ms, ${attempt.cost_usd:.5f}"
        )
        click.echo(f"    raw: {printable(attempt.response or attempt.error or '')}")
    for item in story.feedback:
        click.echo(f"  {item.kind}: {printable(item.output or str(item.rating))} {item.note or ''}")
    _tell_learnt(story)


@ledger.command()
@click.argument("call_id")
@click.argument("output")
@json_option
def correct(call_id: str, output: str, as_json: bool) -> None:
    """Say what the answer of CALL_ID should have been; it becomes an example of highest rank.

    OUTPUT is the boundary's JSON, as `decompose --json` prints it.
    """
    with Valence.open() as app:
        feedback = feedback_on.correct(app, call_id, output)
    _told(feedback, "kept as a correction", as_json)


@ledger.command()
@click.argument("call_id")
@click.argument("rating", type=click.Choice(["good", "bad"]))
@click.option("--note", "remark", default="", help="Why.")
@json_option
def rate(call_id: str, rating: str, remark: str, as_json: bool) -> None:
    """Say whether the answer of CALL_ID was good."""
    with Valence.open() as app:
        feedback = feedback_on.rate(app, call_id, rating == "good", remark)
    _told(feedback, "kept", as_json)


@ledger.command("import")
@click.argument("boundary", type=BOUNDARY)
@click.argument("file", type=INPUT)
@click.option(
    "--origin",
    type=click.Choice(["upload", "base", "curriculum"]),
    default="upload",
    show_default=True,
    help="base: what the base model was taught, to be rehearsed.",
)
@json_option
def import_file(boundary: str, file: str, origin: Origin, as_json: bool) -> None:
    """Bring examples: chat JSONL (OpenAI, mlx-lm), prompt/completion, input/output, or
    {"text", "triples"} or {"text", "labels"} lines."""
    with Valence.open() as app, open_lines(file) as lines:
        counts = import_examples(app.stores.examples, app.boundaries.get(boundary), lines, origin)
    if as_json:
        emit(asdict(counts))
        return
    note(counts.told())


@ledger.command("export")
@click.argument("boundary", type=BOUNDARY)
@click.option(
    "--format", "form", type=click.Choice(["chat", "pairs"]), default="chat", show_default=True
)
def export_file(boundary: str, form: str) -> None:
    """Write the curated examples as JSONL to stdout."""
    with Valence.open() as app:
        for line in export_examples(app.stores.examples, app.boundaries.get(boundary), form):
            click.echo(line)


@ledger.command()
@click.argument("call_id")
@json_option
def forget(call_id: str, as_json: bool) -> None:
    """Remove a call and everything derived from it; mark each adapter trained on it."""
    from valence.forgetting import forget_call

    with Valence.open() as app:
        forgotten = forget_call(app, call_id)
    if as_json:
        emit(asdict(forgotten))
        return
    removed = ", ".join(f"{count} {table}" for table, count in forgotten.counts.items() if count)
    note(f"forgotten: {removed}")
    for adapter in forgotten.adapter_ids:
        note(
            f"adapter {adapter} was trained on it: it is marked; `valence train-boundary` "
            "makes one without"
        )


def _print(calls: list[Call], as_json: bool) -> None:
    if as_json:
        for call in calls:
            emit(_record(call))
        return
    rows = [(c.id, c.created_at[:19], c.boundary, c.route, c.reason, c.input[:60]) for c in calls]
    table(("call", "at", "boundary", "route", "reason", "input"), rows)


def _tell_learnt(story: Story) -> None:
    """What became of the call: its examples, oldest first, and the adapters that learnt from them;
    or why it was left out."""
    if story.verdict and story.verdict.verdict == "dropped":
        click.echo(f"  left out: {story.verdict.reason}")
    for example in story.examples:
        gone = ", replaced" if example.replaced_by else ""
        click.echo(f"  example: {example.origin}, {example.split}, {example.created_at}{gone}")
    for adapter in story.adapters:
        click.echo(f"  learnt by adapter {adapter.id} ({adapter.state})")


def _story_record(story: Story) -> dict[str, Any]:
    verdict, examples = story.verdict, [asdict(example) for example in story.examples]
    told = ("id", "origin", "split", "output", "created_at", "replaced_by")
    return _record(story.call) | {
        "attempts": [asdict(a) for a in story.call.attempts],
        "feedback": [_feedback_record(f) for f in story.feedback],
        "left_out": verdict.reason if verdict and verdict.verdict == "dropped" else None,
        "examples": [{name: each[name] for name in told} for each in examples],
        "adapters": [adapter.id for adapter in story.adapters],
    }


def _told(feedback: Feedback, done: str, as_json: bool) -> None:
    if as_json:
        emit(_feedback_record(feedback))
    else:
        note(done)


def _feedback_record(feedback: Feedback) -> dict[str, Any]:
    record = asdict(feedback)
    record["feedback_id"] = record.pop("id")
    record["output"] = json.loads(feedback.output) if feedback.output else None
    return record


def _record(call: Call) -> dict[str, Any]:
    record = asdict(call)
    record.pop("attempts")
    record["call_id"] = record.pop("id")
    record["output"] = json.loads(call.output) if call.output else None
    return record
