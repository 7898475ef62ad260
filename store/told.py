"""Finding sources again: by what they hold, by where they are, by what they are called.

It knows the table of sources. It does not know who put them there.
"""

from __future__ import annotations

from store.database import Database

_CONTENT = """
SELECT id FROM sources WHERE sha256 = ? AND kind = ? AND state = 'read' ORDER BY id LIMIT 1
"""
_CALLED = """
SELECT id FROM sources
WHERE title = :given OR place IN (:given, :place) OR substr(place, 1, length(:under)) = :under
"""


def with_content(db: Database, kind: str, sha256: str) -> str | None:
    """The id of the source of that kind with this content, None where there is none."""
    rows = db.read(_CONTENT, (sha256, kind))
    return rows[0]["id"] if rows else None


def called(db: Database, given: str, place: str) -> frozenset[str]:
    """Ids of the sources with this title, at this place, or (an absolute path) below it."""
    under = place.rstrip("/") + "/"
    rows = db.read(_CALLED, {"given": given, "place": place, "under": under})
    return frozenset(row["id"] for row in rows)
