"""`valence memory sync`: the notes folder, read once or watched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

import click

from valence.app import Valence
from valence.cli.output import emit, json_option, note, printable
from valence.errors import AlreadyRunning, ValenceError


@click.command()
@click.option("--facts", is_flag=True, help="Read facts out of what is new: a call for each piece.")
@click.option("--watch", is_flag=True, help="Go on until interrupted, whenever a file changes.")
@json_option
def sync(facts: bool, watch: bool, as_json: bool) -> None:
    """Bring memory up to what the notes folder (memory.notes_dir) holds now."""
    from valence.memory.catching_up import alone, settle_names
    from valence.notes.folder import documents
    from valence.notes.folder import sync as sync_notes

    with Valence.open() as app:
        notes = documents(app)

        def look() -> None:
            done = sync_notes(app, notes, facts, lambda place: note(printable(place)))
            with suppress(AlreadyRunning), alone(app):
                app.memory.catch_up()
                app.memory.fit_places()
            settle_names(app)
            _tell(asdict(done), as_json)
            if done.problem:
                raise ValenceError(done.problem)

        if watch:
            _watch(app, look)
        else:
            look()


def _watch(app: Valence, look: Callable[[], None]) -> None:
    from valence.notes.watching import Watcher

    folder = app.settings.memory.notes_dir
    assert folder is not None
    with Watcher(folder, look, failed=lambda error: note(f"Error: {error}")):
        threading.Event().wait()


def _tell(done: dict[str, object], as_json: bool) -> None:
    if as_json:
        emit(done)
    elif not done["problem"]:
        note(
            f"{done['read']} read, {done['unchanged']} unchanged, {done['skipped']} skipped, "
            f"{done['gone']} gone; {done['chunks']} new pieces, {done['decomposed']} read for facts"
        )
