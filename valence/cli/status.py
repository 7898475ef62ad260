"""`valence status`: how far each boundary is on its way, at a glance or as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from valence.boundaries.registry import Boundaries
from valence.cli.names import tell_broken
from valence.cli.output import emit, json_option, note, percent, printable
from valence.config import load_settings
from valence.locations import find_locations
from valence.plot import FORMATS, draw
from valence.status import BoundaryStatus, all_statuses
from valence.stores import Stores

BLOCKS = "▁▂▃▄▅▆▇█"


def _picture(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{path} does not end in one of {', '.join(FORMATS)}")
    return path


@click.command()
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_picture,
    help="Draw it into this file too: .png, .svg or .pdf.",
)
@json_option
def status(plot: Path | None, as_json: bool) -> None:
    """Calls, fallback rate, latency, cost, accuracy and gate of each boundary, over time."""
    locations = find_locations()
    stores = Stores.open(locations)
    try:
        found = all_statuses(stores, load_settings(locations.config), locations)
    finally:
        stores.database.close()
    tell_broken(Boundaries(locations.boundaries))
    for one in found:
        emit(asdict(one)) if as_json else _tell(one)
    if plot is not None:
        draw(found, plot)
        note(f"drawn into {printable(str(plot))}")


def _tell(one: BoundaryStatus) -> None:
    click.echo(click.style(one.boundary, bold=True) + f": {one.calls} calls, {_cost(asdict(one))}")
    for line in _figures(asdict(one)):
        click.echo(f"  {line}")
    click.echo(f"  gate: {one.gate['sentence']}")
    for name, figures in one.domains.items():
        click.echo(f"  {printable(name)}: {figures['calls']} calls, {_cost(figures)}")
        for line in _figures(figures):
            click.echo(f"    {line}")
    total = sum(one.examples.values())
    click.echo(f"  {total} examples; {one.until_training} more start the next training")
    if one.last_run:
        click.echo(f"  last run: {one.last_run['state']}. {one.last_run['reason']}")


def _figures(one: dict[str, Any]) -> Iterator[str]:
    """The lines that a boundary and a domain of it have alike."""
    if one["calls"]:
        yield (
            f"fallback {percent(one['fallback_rate'])}, "
            f"lately {percent(one['recent_fallback_rate'])}"
            f"  {_sparkline([bucket['fallback_rate'] for bucket in one['over_time']])}"
        )
    for route, figures in one["routes"].items():
        yield (
            f"{route}: {figures['calls']:.0f} calls, p50 {figures['p50_ms']:.0f} ms, "
            f"p95 {figures['p95_ms']:.0f} ms, ${figures['cost_usd']:.4f}"
        )
    yield from _accuracy(one["accuracy"])
    yield from _gaps(one)


def _accuracy(found: dict[str, Any]) -> Iterator[str]:
    if found["checked"]:
        yield (
            f"local answers checked: {found['checked']}, right {_share(found, 'right')}; "
            f"of those served {found['served_checked']}, right {_share(found, 'served_right')}"
        )
    if found["ece"] is not None:
        ranking = "" if found["auroc"] is None else f", AUROC {found['auroc']:.3f}"
        yield f"calibration error {percent(found['ece'])}, Brier {found['brier']:.3f}{ranking}"
    if found["corrected"]:
        yield f"served answers that a person corrected: {found['corrected']}"


def _gaps(one: dict[str, Any]) -> Iterator[str]:
    threshold = one["entropy_threshold"]
    if threshold and threshold["nats"] is not None:
        of = " of all domains" if threshold["pooled"] else ""
        yield (
            f"a gap from {threshold['nats']:.2f} nats of entropy on "
            f"({threshold['labels']} checked answers{of})"
        )
    if one["keywords"]:
        words = (f"{printable(each['word'])} ×{each['count']}" for each in one["keywords"])
        yield f"most often unsure of: {', '.join(words)}"


def _cost(one: dict[str, Any]) -> str:
    """What was paid, beside what the frontier alone would have cost where that is known."""
    alone = one["cost_all_frontier_usd"]
    return f"${one['cost_usd']:.4f}" + (f" of ${alone:.4f} all-frontier" if alone else "")


def _share(found: dict[str, Any], name: str) -> str:
    if found[name] is None:
        return percent(None)
    return (
        f"{percent(found[name])} ({percent(found[name + '_low'])}–{percent(found[name + '_high'])})"
    )


def _sparkline(values: list[float]) -> str:
    return "".join(BLOCKS[round(value * (len(BLOCKS) - 1))] for value in values)
