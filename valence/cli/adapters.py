"""`valence adapters`: what was learnt, how it compares, and going back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from store.adapters import Adapter
from valence import switching
from valence.app import Valence
from valence.cli.names import BOUNDARY
from valence.cli.output import emit, json_option, limit_option, note, percent, printable, table
from valence.errors import AdapterError
from valence.gate import Gate
from valence.status import gate_of
from valence.unit import load_unit, serving


@click.group()
def adapters() -> None:
    """Adapters: list, show, promote, rollback, compare, export."""


@adapters.command("list")
@click.option("--boundary", type=BOUNDARY)
@json_option
def list_adapters(boundary: str | None, as_json: bool) -> None:
    """All adapters, the newest first."""
    with Valence.open() as app:
        found = app.stores.adapters.list(boundary)
        if as_json:
            for adapter in found:
                emit(_record(app, adapter, _fitted(app, adapter)))
            return
        rows = [
            (a.id, a.boundary, a.state, a.created_at[:19], "yes" if a.tainted_at else "", a.reason)
            for a in found
        ]
    table(("adapter", "boundary", "state", "made", "tainted", "reason"), rows)


@adapters.command()
@click.argument("adapter_id")
@json_option
def show(adapter_id: str, as_json: bool) -> None:
    """One adapter: lineage, gate, evaluations."""
    with Valence.open() as app:
        adapter = app.stores.adapters.get(adapter_id)
        boundary = app.boundaries.get(adapter.boundary)
        record = _record(app, adapter, gate_of(adapter, boundary, app.settings, app.locations))
        record["evaluations"] = [
            {"variant": e.variant, "split": e.split, "metrics": e.metrics}
            for e in app.stores.evaluations.list(adapter.boundary)
            if e.run_id == adapter.run_id
        ]
    if as_json:
        emit(record)
        return
    for name in ("adapter", "boundary", "state", "reason", "base", "parent", "run", "gate"):
        click.echo(f"{name}: {printable(str(record[name]))}")
    click.echo(f"trained on {record['examples']} examples")
    if adapter.tainted_at:
        click.echo(f"marked {adapter.tainted_at}: {adapter.taint_reason}")


@adapters.command()
@click.argument("adapter_id")
@json_option
def promote(adapter_id: str, as_json: bool) -> None:
    """Serve ADAPTER_ID from the next call on, with the gate that was fitted for it."""
    with Valence.open() as app:
        adapter = switching.promote(app, adapter_id)
    if as_json:
        emit({"boundary": adapter.boundary, "adapter": adapter.id})
    else:
        note(f"{adapter.id} serves {adapter.boundary} from the next call on")


@adapters.command()
@click.argument("boundary", type=BOUNDARY)
@json_option
def rollback(boundary: str, as_json: bool) -> None:
    """Serve what served BOUNDARY before, at once."""
    with Valence.open() as app:
        adapter = switching.roll_back(app, boundary)
    if as_json:
        emit({"boundary": boundary, "adapter": adapter.id if adapter else None})
    else:
        note(f"{boundary} is served by {adapter.id if adapter else 'no adapter'} again")


@adapters.command()
@click.argument("first")
@click.argument("second")
@limit_option(20, "Differing items to show.")
@json_option
def compare(first: str, second: str, limit: int, as_json: bool) -> None:
    """FIRST and SECOND on the held-out items that both have answered, item by item.

    Each is an adapter's id, or `base`.
    """
    from valence.comparison import compare_adapters

    with Valence.open() as app:
        found = compare_adapters(app, first, second)
    if as_json:
        emit(found.to_json())
        return
    click.echo(
        f"{found.items} items: right {percent(found.first_exact)} and "
        f"{percent(found.second_exact)}; second better on {found.wins}, worse on "
        f"{found.losses}, p = {found.p_value:.2g}"
    )
    for item in found.differing[:limit]:
        click.echo(
            f"in:     {printable(item.input)}\nfirst:  {printable(item.first or '–')}\n"
            f"second: {printable(item.second or '–')}\n"
        )


@adapters.command()
@click.argument("adapter_id")
@click.argument("folder", type=click.Path(exists=False, path_type=Path))
def export(adapter_id: str, folder: Path) -> None:
    """Copy an adapter to FOLDER: in mlx-lm's format, or a classifier's heads (safetensors)."""
    from models.adapters import put_in_place

    with Valence.open() as app:
        adapter = app.stores.adapters.get(adapter_id)
        unit = load_unit(adapter, app.locations.adapters)
        switching.require_whole(unit)
        if folder.exists():
            raise AdapterError("there is something at that place already", where=str(folder))
        beside = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(unit.folder, beside)
        put_in_place(beside, folder)
        learner = app.boundaries.get(adapter.boundary).learner
    use = ": use it with `mlx_lm.generate --adapter-path`" if learner == "lora" else ""
    note(f"{folder}{use}")


def _fitted(app: Valence, adapter: Adapter) -> Gate:
    """The gate under the promise of the settings; whether all is as it was sealed takes a look at
    the weights, for one adapter at a time."""
    return serving(load_unit(adapter, app.locations.adapters), app.settings.gate).gate


def _record(app: Valence, adapter: Adapter, gate: Gate) -> dict[str, Any]:
    return {
        "adapter": adapter.id,
        "boundary": adapter.boundary,
        "state": adapter.state,
        "reason": adapter.reason,
        "base": adapter.base_model,
        "base_revision": adapter.base_revision,
        "parent": adapter.parent_id,
        "run": adapter.run_id,
        "unit_sha256": adapter.unit_sha256,
        "gate": gate.sentence,
        "gate_state": gate.state,
        "threshold": gate.threshold,
        "certified_coverage": gate.certified_coverage,
        "tainted": adapter.tainted_at,
        "examples": len(app.stores.adapters.lineage(adapter.id)),
        "made": adapter.created_at,
    }
