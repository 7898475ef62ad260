"""`valence replay`: months of use in minutes, and the learning curve of them."""

from __future__ import annotations

from dataclasses import asdict

import click

from valence.app import Valence
from valence.cli.names import BOUNDARY
from valence.cli.output import INPUT, emit, json_option, note, open_lines, percent
from valence.cli.training import Progress
from valence.replay import Window, read_scenes
from valence.replay import replay as play


@click.command()
@click.argument("file", type=INPUT)
@click.option("--boundary", type=BOUNDARY, default="decompose", show_default=True)
@json_option
def replay(file: str, boundary: str, as_json: bool) -> None:
    """Stream FILE through the router, as its frontier: JSON lines of {"text", "triples"}, for a
    classifier of {"text", "labels"}.

    It is real use of this home: calls are logged, adapters trained and promoted. Set
    VALENCE_HOME to a folder of its own for a rehearsal apart from your own ledger.
    """
    with Valence.open() as app, Progress(boundary) as progress:
        chosen = app.boundaries.get(boundary)
        with open_lines(file) as lines:
            scenes = read_scenes(chosen, lines)
        note(f"{len(scenes)} calls into {app.locations.home}")
        for window in play(app, chosen, scenes, progress):
            emit(asdict(window)) if as_json else _tell(window)


def _tell(window: Window) -> None:
    served = f", {window.served_right} of {window.served} served right" if window.served else ""
    click.echo(
        f"{window.calls:6d} calls: fallback {percent(window.fallback_rate)}{served}, "
        f"{window.latency_ms:.0f} ms a call"
    )
