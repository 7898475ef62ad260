"""What a person sees who types `valence` alone."""

from __future__ import annotations

import sys

import click

from valence.config import load_settings
from valence.doctor import examine
from valence.locations import find_locations


def welcome(ctx: click.Context) -> None:
    """The terminal app; where there is no terminal, a first minute that needs nothing, then what
    is missing, then the help."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from tui.app import run

        run()
        return
    click.echo('Try:  valence decompose "Ada Lovelace was born in London in 1815."\n')
    locations = find_locations()
    for finding in examine(load_settings(locations.config), locations):
        if not finding.ok:
            click.echo(f"{finding.name}: {finding.detail}\n")
    click.echo(ctx.get_help())
