"""How many rows the tables that hold a person's words have. It knows their names only."""

from __future__ import annotations

from store.database import Database

TABLES = ("facts", "entities", "chunks", "turns", "calls", "examples")

_COUNTS = "SELECT " + ", ".join(f"(SELECT count(*) FROM {each}) AS {each}" for each in TABLES)


def counts(db: Database) -> dict[str, int]:
    """Rows by table."""
    return dict(db.read(_COUNTS)[0])
