"""The schema's history: numbered steps, applied when a database is opened.

A file's `user_version` is the number of its last step, so that an up-to-date file is known
without loading sqlite-utils. It does not know what the tables are used for.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from store.errors import NewerDatabase

if TYPE_CHECKING:
    from sqlite_utils import Migrations
    from sqlite_utils.db import Database as UtilsDatabase

    from store.database import Database

STEPS = (
    "0001_first.sql",
    "0002_domains.sql",
    "0003_memory.sql",
    "0004_strategies.sql",
    "0005_classifiers.sql",
    "0006_newest_facts.sql",
    "0007_routes.sql",
    "0008_retakes.sql",
    "0009_taught.sql",
    "0010_served.sql",
)
LATEST = len(STEPS)


def bring_up_to_date(db: Database) -> None:
    """Apply the steps that the file lacks; all of them or none.

    Raises NewerDatabase for a file that a later Valence made.
    """
    if _version(db) == LATEST:
        return
    with db.transaction():  # two processes may open a new file at once: look again, alone
        if _version(db) < LATEST:
            _apply(db)


def _version(db: Database) -> int:
    version = int(db.read("PRAGMA user_version")[0][0])
    if version > LATEST:
        raise NewerDatabase(
            f"{db.path}: made by a newer Valence (schema {version}, this one knows {LATEST}); "
            "update Valence to open it"
        )
    return version


def _apply(db: Database) -> None:
    from sqlite_utils.db import Database as UtilsDatabase

    _steps().apply(UtilsDatabase(db.connection))


def _steps() -> Migrations:
    from sqlite_utils import Migrations

    migrations = Migrations("valence")
    for number, name in enumerate(STEPS, start=1):
        _register(migrations, number, name)
    return migrations


def _register(migrations: Migrations, number: int, name: str) -> None:
    from importlib.resources import files

    script = files("store").joinpath("schema", name).read_text("utf-8")

    @migrations(name=name)
    def step(db: UtilsDatabase) -> None:
        for statement in statements(script):
            db.conn.execute(statement)
        db.conn.execute(f"PRAGMA user_version = {number}")


def statements(script: str) -> list[str]:
    """The statements of an SQL script (executescript would commit the open transaction)."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    return found
