"""`valence config`, `locations`, `key` and `doctor`: the app's own state of affairs."""

from __future__ import annotations

import click

from valence.cli.output import emit, json_option, note, table
from valence.config import describe, load_settings, set_value
from valence.locations import find_locations


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def config(ctx: click.Context, as_json: bool) -> None:
    """All settings with their values; `config set KEY VALUE` changes one."""
    if ctx.invoked_subcommand is not None:
        return
    settings = load_settings(find_locations().config).model_dump()
    if as_json:
        emit(settings)
        return
    rows = [
        (f"{section}.{name}", settings[section][name], meaning)
        for section, keys in describe().items()
        for name, meaning in keys.items()
    ]
    table(("key", "value", "meaning"), rows)
    note(f"from {find_locations().config} and VALENCE_<SECTION>__<KEY>")


@config.command("set")
@click.argument("key")
@click.argument("value")
def set_config(key: str, value: str) -> None:
    """Write KEY (section.name) into the settings file; `none` takes an optional one back."""
    locations = find_locations()
    locations.prepare()
    set_value(locations.config, key, value)
    note(f"{key} = {value}")


@click.command()
@json_option
def locations(as_json: bool) -> None:
    """Where everything is kept."""
    paths = find_locations().as_dict()
    if as_json:
        emit(paths)
        return
    table(("what", "where"), list(paths.items()))


@click.group()
def key() -> None:
    """The frontier's API key, in the system's keychain."""


@key.command("set")
@click.argument("provider", type=click.Choice(["anthropic", "openai"]))
def set_key_command(provider: str) -> None:
    """Ask for the key (nothing is shown) and put it into the keychain."""
    from models.keys import set_key

    set_key(provider, click.prompt("API key", hide_input=True))
    note(f"kept in the keychain; `valence key forget {provider}` takes it out")


@key.command("forget")
@click.argument("provider", type=click.Choice(["anthropic", "openai"]))
def forget_key_command(provider: str) -> None:
    """Take the key out of the keychain."""
    from models.keys import forget_key

    forget_key(provider)
    note("forgotten")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """What is there, what is missing, what that costs, and what to do about it."""
    from valence.doctor import examine

    findings = examine(load_settings(find_locations().config), find_locations())
    for finding in findings:
        if as_json:
            emit({"name": finding.name, "ok": finding.ok, "detail": finding.detail})
        else:
            click.echo(f"{'ok  ' if finding.ok else 'note'}  {finding.name}: {finding.detail}")
