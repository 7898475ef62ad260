"""The command line. Each command lives in a module that is imported when it is asked for.

Errors of the four packages become one line `Error: …` and exit code 1; wrong usage exits 2.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

import valence

COMMANDS = {
    "adapters": "valence.cli.adapters:adapters",
    "ask": "valence.cli.ask:ask",
    "boundaries": "valence.cli.boundaries:boundaries",
    "classify": "valence.cli.classify:classify",
    "config": "valence.cli.system:config",
    "conversations": "valence.cli.conversations:conversations",
    "decompose": "valence.cli.calls:decompose",
    "doctor": "valence.cli.system:doctor",
    "key": "valence.cli.system:key",
    "ledger": "valence.cli.ledger:ledger",
    "locations": "valence.cli.system:locations",
    "memory": "valence.cli.memory:memory",
    "models": "valence.cli.models:models",
    "recompose": "valence.cli.calls:recompose",
    "replay": "valence.cli.replay:replay",
    "runs": "valence.cli.training:runs",
    "status": "valence.cli.status:status",
    "strategies": "valence.cli.strategies:strategies",
    "train-boundary": "valence.cli.training:train_boundary",
    "trajectories": "valence.cli.trajectories:trajectories",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name, one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(valence.__version__, prog_name="valence")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Valence learns, call by call, to stop needing the cloud."""
    if ctx.invoked_subcommand is None:
        from valence.cli.welcome import welcome

        welcome(ctx)


def main(arguments: list[str] | None = None) -> Any:
    """The console entry point. What it writes is for its user's eyes alone."""
    os.umask(0o077)
    if sys.stdin is None:  # closed by whoever started this
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - stays open, as stdin does
    try:
        return cli.main(args=arguments, prog_name="valence", standalone_mode=True)
    except Exception as error:  # noqa: BLE001 - the outermost edge: logged whole, told in a line
        from valence.cli.failure import explain

        click.echo(f"Error: {explain(error)}", err=True)
        sys.exit(1)
