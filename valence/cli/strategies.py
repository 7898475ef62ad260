"""`valence strategies`: which approach has worked on which kind of problem."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.clusters import BY_WORDS
from store.whole import write_whole
from valence.app import Valence
from valence.cli.output import emit, json_option, limit_option, note, percent, printable, table
from valence.errors import TransferError
from valence.strategies.guidance import OWN

if TYPE_CHECKING:
    from store.strategy_sets import StrategySet
    from valence.strategies.guidance import Effect
    from valence.strategies.strategies import Strategies

AGENT = click.option("--agent", default=OWN, show_default=True, help="The agent or project.")


@click.group()
def strategies() -> None:
    """Strategies: list, show, propose, train, rollback, export, import."""


@strategies.command("list")
@click.option("--agent", help="Of this agent or project alone.")
@limit_option(20)
@json_option
def list_(agent: str | None, limit: int, as_json: bool) -> None:
    """Versions, the newest first."""
    with Valence.open() as app:
        found = app.stores.strategies.list(agent, limit)
    if as_json:
        for each in found:
            emit(_record(each))
        return
    rows = [(e.id, e.agent, e.state, e.created_at[:19], e.reason) for e in found]
    table(("strategies", "agent", "state", "made", "why"), rows)


@strategies.command()
@AGENT
@json_option
def show(agent: str, as_json: bool) -> None:
    """The active strategies of an agent, kind by kind, and what showing them changed."""
    from valence.strategies.training import effect_of

    with Valence.open() as app:
        version, learned = _active(app, agent)
        changed = effect_of(app, agent, learned)
    if as_json:
        emit(_record(version) | {"kinds": _kinds(learned), "effect": asdict(changed)})
        return
    note(f"{version.id} · {version.reason}")
    note(_effect(changed))
    for kind in _kinds(learned):
        click.echo(
            click.style(printable(kind["kind"]), bold=True)
            + f": {kind['problems']} problems, usually {percent(kind['usual'])}"
        )
        for each in kind["strategies"]:
            click.echo(f"  {_told(each)}")


@strategies.command()
@click.argument("problem")
@AGENT
@json_option
def propose(problem: str, agent: str, as_json: bool) -> None:
    """The approach that has worked at problems like PROBLEM, with its evidence."""
    from valence.strategies.training import space_of

    with Valence.open() as app:
        version, learned = _active(app, agent)
        space = space_of(app)
        found = learned.propose(problem, space)
    told_by = learned.kinds.told_by(space)
    if as_json:
        about = {"agent": agent, "strategies": version.id, "problem": problem, "told_by": told_by}
        emit(about | asdict(found))
        return
    click.echo(found.best.approach if found.best else found.reason)
    if found.best:
        note(f"  {_told(asdict(found.best))}; usually {percent(found.usual)} at {found.kind}")
    if found.best and found.best.evidence:  # what was imported has none here
        note(f"  such as {', '.join(found.best.evidence)}")


@strategies.command()
@click.option(
    "--agent", "agents", multiple=True, default=[OWN], show_default=True,
    help="The agent or project; may be given again.",
)  # fmt: skip
@json_option
def train(agents: tuple[str, ...], as_json: bool) -> None:
    """Learn the strategies anew; they are used only if they predict better than before."""
    from valence.strategies.training import train as learn

    with Valence.open() as app:
        for agent in agents:
            _tell_made(learn(app, agent), as_json)


@strategies.command()
@AGENT
@json_option
def rollback(agent: str, as_json: bool) -> None:
    """Go back to the version before."""
    with Valence.open() as app:
        back = app.stores.strategies.roll_back(agent)
    if as_json:
        emit({"agent": agent, "active": back.id if back else None})
    else:
        note(f"{back.id} is active again" if back else "none is active now")


@strategies.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@AGENT
@click.option("--vectors", is_flag=True, help="With the centroids of the kinds of problems.")
@json_option
def export(file: Path, agent: str, vectors: bool, as_json: bool) -> None:
    """Write the active strategies to FILE as plain JSON, for any agent and any model.

    It holds kinds of problems by their commonest words, approaches and counts; no problem and no
    vector, unless --vectors adds the centroids.
    """
    with Valence.open() as app:
        version, learned = _active(app, agent)
    data = {"agent": agent, "made": version.created_at}
    portable = learned.portable()
    kinds = learned.kinds if vectors else portable.kinds
    data |= replace(portable, kinds=kinds).to_json()
    try:
        write_whole(file, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise TransferError(f"cannot be written: {error.strerror}", where=str(file)) from error
    if as_json:
        emit({"strategies": version.id, "file": str(file)})
    else:
        note(f"{version.id} in {file}")


@strategies.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AGENT
@json_option
def import_(file: Path, agent: str, as_json: bool) -> None:
    """Use the strategies of FILE for an agent, in place of its own ones."""
    from valence.strategies.training import adopt

    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TransferError(f"cannot be read: {error}", where=str(file)) from error
    with Valence.open() as app:
        made = adopt(app, agent, data, str(file))
    if as_json:
        emit(_record(made))
    else:
        note(f"{made.id} is active for {agent}")


def _tell_made(made: StrategySet, as_json: bool) -> None:
    if as_json:
        emit(_record(made))
        return
    note(f"{made.id} is {made.state}: {made.reason}")
    if made.metrics.get("space") == BY_WORDS:
        note("  by words alone: `valence models fetch --embedding` gets the embedding model")


def _active(app: Valence, agent: str) -> tuple[StrategySet, Strategies]:
    from valence.strategies.training import require_active

    return require_active(app, agent)


def _record(version: StrategySet) -> dict[str, Any]:
    return {
        "id": version.id,
        "agent": version.agent,
        "state": version.state,
        "reason": version.reason,
        "origin": version.origin,
        "metrics": version.metrics,
        "previous": version.previous_id,
        "created_at": version.created_at,
    }


def _kinds(learned: Strategies) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind.name,
            "problems": kind.problems,
            "usual": learned.usual(kind.name),
            "strategies": [asdict(each) for each in learned.ranked(kind.name)],
        }
        for kind in learned.kinds.kinds
    ]


def _effect(changed: Effect) -> str:
    if changed.difference is None:
        return (
            f"effect not known yet: {changed.shown} problems with the approach shown, "
            f"{changed.held_back} with it held back"
        )
    return (
        f"effect of showing the approach: {100 * changed.difference:+.1f} points of success "
        f"({100 * changed.low:+.1f} to {100 * changed.high:+.1f}), {changed.shown} problems with "
        f"it and {changed.held_back} without"
    )


def _told(each: dict[str, Any]) -> str:
    return (
        f"{each['approach']}: {percent(each['probability'])} "
        f"({percent(each['low'])}–{percent(each['high'])}), "
        f"{each['successes']:.3g} of {each['trials']}"
    )
