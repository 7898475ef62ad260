"""`valence trajectories`: how problems were gone about, step by step, and what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from store.whole import write_whole
from valence.app import Valence
from valence.cli.output import (
    INPUT,
    emit,
    json_option,
    limit_option,
    note,
    open_lines,
    percent,
    printable,
    table,
)
from valence.errors import TransferError

if TYPE_CHECKING:
    from store.trajectories import Trajectory
    from valence.strategies.importing import Form

EVERYTHING = 10**9


@click.group()
def trajectories() -> None:
    """Trajectories: import, list, show, export, forget."""


@trajectories.command("import")
@click.argument("file", type=INPUT)
@click.option("--agent", default="imported", show_default=True, help="Whose, if a line is silent.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "otel"]), default="jsonl", show_default=True,
    help="JSON lines, or OpenTelemetry spans as OTLP JSON.",
)  # fmt: skip
@json_option
def import_(file: str, agent: str, form: Form, as_json: bool) -> None:
    """Take in the trajectories of FILE (- for stdin), all of them or none."""
    from valence.learning import learn_strategies_if_due
    from valence.strategies.importing import import_trajectories

    with Valence.open() as app, open_lines(file) as lines:
        found = import_trajectories(app.stores.trajectories, lines, form, agent)
        due = learn_strategies_if_due(app, app.stores.trajectories.agents())
    if as_json:
        emit(asdict(found))
    else:
        note(f"{found.new} new, {found.changed} changed, {found.known} known already")
    for each in due:
        note(f"the strategies of {each} are being learned anew, in the background")


@trajectories.command("list")
@click.option("--agent", help="Of this agent or project alone.")
@limit_option(20)
@json_option
def list_(agent: str | None, limit: int, as_json: bool) -> None:
    """The newest first, each with its approach and the chance that it succeeded."""
    with Valence.open() as app:
        found = [_summary(app, each) for each in app.stores.trajectories.list(agent, limit)]
    if as_json:
        for each in found:
            emit(each)
        return
    rows = [
        (e["id"], e["agent"], e["approach"], percent(e["outcome"]), e["problem"][:60])
        for e in found
    ]
    table(("trajectory", "agent", "approach", "success", "problem"), rows)


@trajectories.command()
@click.argument("trajectory")
@json_option
def show(trajectory: str, as_json: bool) -> None:
    """One TRAJECTORY: its steps, their types, and the votes on its outcome."""
    with Valence.open() as app:
        found = app.stores.trajectories.get(trajectory)
        summary = _summary(app, found) | _details(found)
    if as_json:
        emit(summary)
        return
    for name in ("id", "agent", "problem", "approach", "guided", "success", "latency_ms"):
        click.echo(f"{name}: {printable(str(summary[name]))}")
    click.echo(f"outcome: {percent(summary['outcome'])}")
    votes = (f"{name} {vote:+d}" for name, vote in summary["votes"].items())
    click.echo(f"votes: {', '.join(votes) or 'none'}")
    for step in summary["steps"]:
        arguments = json.dumps(step["arguments"], ensure_ascii=False) if step["tool"] else ""
        told = " ".join((step["tool"], arguments, step["text"], step["result"]))
        click.echo(f"  {step['kind']:9} {printable(told)[:200]}")


@trajectories.command()
@click.argument("trajectory")
@json_option
def forget(trajectory: str, as_json: bool) -> None:
    """Remove a TRAJECTORY; strategies that were learned from it keep their counts until the next
    training."""
    with Valence.open() as app:
        found = app.stores.trajectories.get(trajectory)
        app.stores.trajectories.forget(found.id)
    if as_json:
        emit({"id": found.id})
    else:
        note(f"{found.id} is forgotten")


@trajectories.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--agent", help="Of this agent or project alone.")
@json_option
def export(file: Path, agent: str | None, as_json: bool) -> None:
    """Write trajectories to FILE as JSON lines that can be imported again."""
    from valence.strategies.jsonl import line_of

    with Valence.open() as app:
        found = app.stores.trajectories.list(agent, EVERYTHING)[::-1]
    try:
        write_whole(file, "".join(line_of(each) + "\n" for each in found))
    except OSError as error:
        raise TransferError(f"cannot be written: {error.strerror}", where=str(file)) from error
    if as_json:
        emit({"trajectories": len(found), "file": str(file)})
    else:
        note(f"{len(found)} trajectories in {file}")


def _summary(app: Valence, trajectory: Trajectory) -> dict[str, Any]:
    from valence.strategies.approach import approach_of
    from valence.strategies.outcome import outcome, prior_model
    from valence.strategies.training import active

    learned = active(app, trajectory.agent)
    fusion = learned.fusion if learned else prior_model()
    return {
        "id": trajectory.id,
        "agent": trajectory.agent,
        "source": trajectory.source,
        "problem": trajectory.problem,
        "approach": approach_of(trajectory.steps),
        "outcome": outcome(trajectory, fusion),
        "success": trajectory.success,
        "guided": trajectory.guided,
        "created_at": trajectory.created_at,
    }


def _details(trajectory: Trajectory) -> dict[str, Any]:
    from valence.strategies.outcome import votes_of
    from valence.strategies.steps import step_types

    return {
        "task_id": trajectory.task_id,
        "feedback": trajectory.feedback,
        "votes": votes_of(trajectory),
        "types": step_types(trajectory.steps),
        "steps": [asdict(step) for step in trajectory.steps],
        "latency_ms": trajectory.latency_ms,
        "cost_usd": trajectory.cost_usd,
    }
