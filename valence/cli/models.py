"""`valence models`: which local models are here, which is used, and fetching one."""

from __future__ import annotations

from pathlib import Path

import click

from valence.app import Valence
from valence.cli.output import emit, json_option, note, table
from valence.config import load_settings, set_value
from valence.errors import OfflineError
from valence.locations import find_locations


@click.group()
def models() -> None:
    """Local models: list, use, fetch."""


@models.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """The models on this machine."""
    from models.folder import present

    locations = find_locations()
    used = load_settings(locations.config).local.model
    rows = [
        {
            "model": name,
            "path": str(folder.path),
            "revision": folder.revision,
            "bytes": folder.size_bytes,
            "quantised": folder.quantised,
            "used": name == used,
        }
        for name, folder in present(used, locations.models)
    ]
    if as_json:
        for row in rows:
            emit(row)
        return
    table(("model", "GB", "used"), [(r["model"], _gigabytes(r["bytes"]), r["used"]) for r in rows])


@models.command()
@click.argument("model")
def use(model: str) -> None:
    """Use MODEL (a folder or a Hub id that was fetched) from the next call on."""
    from models.folder import find

    locations = find_locations()
    locations.prepare()
    folder = find(model, locations.models)
    # A folder is named from the root: the next command may run elsewhere.
    name = str(folder.path.resolve()) if Path(model).expanduser().is_dir() else model
    set_value(locations.config, "local.model", name)
    set_value(locations.config, "local.revision", "none")
    note(f"{folder.path.name} it is; adapters learnt on another base rest until it is used again")


@models.command()
@click.argument("model", required=False)
@click.option("--revision", help="A commit of the Hub id; the newest by default.")
@click.option("--embedding", is_flag=True, help="The model that finds by meaning instead.")
def fetch(model: str | None, revision: str | None, embedding: bool) -> None:
    """Download MODEL from the Hub and pin its commit.

    The default is the setting local.model, with --embedding memory.embedding_model.
    """
    from models.hub import fetch as fetch_model

    with Valence.open() as app:
        if app.settings.privacy.offline:
            raise OfflineError(
                "privacy.offline is on, so nothing is fetched",
                do="`valence config set privacy.offline false`",
            )
        keys = ("memory.embedding_model", "memory.embedding_revision")
        memory, local = app.settings.memory, app.settings.local
        pinned = (memory.embedding_model, memory.embedding_revision)
        if not embedding:
            keys, pinned = ("local.model", "local.revision"), (local.model, local.revision)
        wanted = model or pinned[0]
        fetched = fetch_model(wanted, revision or pinned[1], app.locations.models)
        for key, value in zip(keys, (wanted, fetched.revision), strict=True):
            set_value(app.locations.config, key, value)
    note(f"{fetched.path} (commit {fetched.revision})")


def _gigabytes(size: object) -> float:
    assert isinstance(size, int)
    return size / 1e9
