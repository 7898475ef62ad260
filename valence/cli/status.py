"""`valence status`: how far each boundary is on its way, at a glance."""

from __future__ import annotations

from dataclasses import asdict

import click

from valence.app import Stores
from valence.cli.output import emit, json_option, percent
from valence.config import load_settings
from valence.locations import find_locations
from valence.status import BoundaryStatus, all_statuses

BLOCKS = "▁▂▃▄▅▆▇█"


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Calls, fallback rate, latency, cost, accuracy and gate of each boundary, over time."""
    locations = find_locations()
    stores = Stores.open(locations)
    try:
        found = all_statuses(stores, load_settings(locations.config))
    finally:
        stores.database.close()
    for one in found:
        emit(asdict(one)) if as_json else _tell(one)


def _tell(one: BoundaryStatus) -> None:
    click.echo(click.style(one.boundary, bold=True) + f": {one.calls} calls, ${one.cost_usd:.4f}")
    if one.calls:
        click.echo(
            f"  fallback {percent(one.fallback_rate)}, lately {percent(one.recent_fallback_rate)}"
            f"  {_sparkline([bucket['fallback_rate'] for bucket in one.over_time])}"
        )
    for route, figures in one.routes.items():
        click.echo(
            f"  {route}: {figures['calls']:.0f} calls, p50 {figures['p50_ms']:.0f} ms, "
            f"p95 {figures['p95_ms']:.0f} ms, ${figures['cost_usd']:.4f}"
        )
    accuracy = one.accuracy
    if accuracy["checked"]:
        click.echo(
            f"  local answers checked: {accuracy['checked']}, right {percent(accuracy['right'])}; "
            f"of those served {accuracy['served_checked']}, right "
            f"{percent(accuracy['served_right'])}; calibration error {percent(accuracy['ece'])}"
        )
    click.echo(f"  gate: {one.gate['sentence']}")
    total = sum(one.examples.values())
    click.echo(f"  {total} examples; {one.until_training} more start the next training")
    if one.last_run:
        click.echo(f"  last run: {one.last_run['state']}. {one.last_run['reason']}")


def _sparkline(values: list[float]) -> str:
    return "".join(BLOCKS[round(value * (len(BLOCKS) - 1))] for value in values)
