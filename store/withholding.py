"""Keeping what a source stated out of sight while its text is read anew, and showing it again.

Nothing is removed: facts that it alone stated are believed no longer from one moment on, those that
others state too stand on what those said. It works inside the caller's transaction, and does not
know why a source is withheld.
"""

from __future__ import annotations

import sqlite3

from store.graph_forgetting import restate

WITHHELD = "withheld"
"""The reason of a source that is out of sight for a while; `state` is then gone."""

_HIDE = "UPDATE sources SET state = 'gone', reason = :withheld WHERE id = :source"
_SHOW = """
UPDATE sources SET state = 'read', reason = '' WHERE id = :source AND reason = :withheld
"""
_DISBELIEVE = """
UPDATE facts SET superseded_at = :at WHERE source_id = :source AND superseded_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM witnesses WHERE fact_id = facts.id AND source_id IS NOT :source)
"""
_BELIEVE = """
UPDATE facts SET superseded_at = NULL
WHERE source_id = :source AND superseded_at = :at AND superseded_by IS NULL
"""
_SHARED = "SELECT DISTINCT fact_id FROM witnesses WHERE source_id = :source"


def withhold(connection: sqlite3.Connection, source_id: str, at: str) -> None:
    """From the moment `at` on nothing rests on the source."""
    given = {"source": source_id, "at": at, "withheld": WITHHELD}
    connection.execute(_HIDE, given)
    connection.execute(_DISBELIEVE, given)
    for row in connection.execute(_SHARED, given).fetchall():
        restate(connection, row["fact_id"], but=source_id)


def give_back(connection: sqlite3.Connection, source_id: str, at: str) -> None:
    """Takes back what was withheld at that moment."""
    given = {"source": source_id, "at": at, "withheld": WITHHELD}
    if not connection.execute(_SHOW, given).rowcount:
        return
    connection.execute(_BELIEVE, given)
    for row in connection.execute(_SHARED, given).fetchall():
        restate(connection, row["fact_id"])
