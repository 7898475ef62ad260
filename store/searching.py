"""Plain words to a full-text query that cannot be malformed, and the index's own cleaning.

It knows FTS5's grammar; it does not know what a call is.
"""

from __future__ import annotations

import sqlite3


def fts_query(words: str) -> str | None:
    """All of the words, each as a quoted phrase; None when nothing in them can be searched for.

    Every operator of FTS5 (AND, NEAR, `*`, `:`, `^`, quotes, brackets) loses its meaning.
    """
    clean = words.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")
    searchable = [word for word in clean.split() if any(c.isalnum() for c in word)]
    return " ".join('"' + word.replace('"', '""') + '"' for word in searchable) or None


def purge_index(connection: sqlite3.Connection) -> None:
    """Write the whole index anew, so that deleted words leave the file.

    A deletion only marks words as gone; they stay in older segments until those are merged.
    About two seconds a million calls.
    """
    connection.execute("INSERT INTO search (search) VALUES ('optimize')")
