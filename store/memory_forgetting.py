"""What a forgotten call leaves in the memory: facts, pieces of text, their sources and answers.

Works inside the transaction that removes the call, before its row goes. A document's own pieces
stay: they are its folder's, and go with the document.
"""

from __future__ import annotations

import sqlite3

from store import graph_forgetting
from store.conversations import forget_in_turns

_SOURCES = """
SELECT source_id FROM facts WHERE call_id = :call UNION
SELECT source_id FROM witnesses WHERE call_id = :call UNION
SELECT source_id FROM chunks WHERE call_id = :call
"""
_STATED = """
SELECT chunk_id FROM facts WHERE call_id = :call UNION
SELECT chunk_id FROM witnesses WHERE call_id = :call
"""
_PIECES = f"""
DELETE FROM chunks WHERE (id IN ({_STATED}) AND kind = 'episode') OR (call_id = :call
  AND NOT EXISTS (SELECT 1 FROM sources WHERE id = chunks.source_id AND kind = 'document'))
"""
_UNTIE = "UPDATE chunks SET call_id = NULL WHERE call_id = :call"
_EMPTIED = """
UPDATE sources SET state = 'gone', title = '', sha256 = NULL, reason = 'forgotten'
WHERE id = :source AND kind <> 'document'
  AND NOT EXISTS (SELECT 1 FROM chunks WHERE source_id = :source)
  AND NOT EXISTS (SELECT 1 FROM facts WHERE source_id = :source)
  AND NOT EXISTS (SELECT 1 FROM witnesses WHERE source_id = :source)
"""
_INDEXES = ("chunk_search", "fact_search", "turn_search")


def forget_memory(connection: sqlite3.Connection, call_id: str) -> dict[str, int]:
    """Remove what the memory holds of the call alone, with its vectors; rows by table, where there
    were any.

    The full-text indexes are written anew where anything was removed, so that the words leave the
    file too: about two seconds a million rows.
    """
    call = {"call": call_id}
    sources = [row["source_id"] for row in connection.execute(_SOURCES, call)]
    turns = forget_in_turns(connection, call_id)
    chunks = connection.execute(_PIECES, call).rowcount
    connection.execute(_UNTIE, call)
    facts = graph_forgetting.remove(connection, "call_id", call_id)
    for source in sources:
        connection.execute(_EMPTIED, {"source": source})
    counts = {"facts": facts, "chunks": chunks, "turns": turns}
    removed = {table: count for table, count in counts.items() if count}
    if removed:
        purge(connection)
    return removed


def purge(connection: sqlite3.Connection) -> None:
    """Write the full-text indexes of the memory anew, so that removed words leave the file."""
    for index in _INDEXES:
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
