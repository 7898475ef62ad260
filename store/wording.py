"""Full-text search over pieces that stays quick on common words.

Ranking costs time for every row that holds a word of the query (0.6 s for a common word of a
million rows), so a word that more than COMMON rows hold ranks nothing while the query has rarer
ones. It knows FTS5; it does not know which words of a language are common.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Database
from store.searching import fts_query

COMMON = 2000
MOST_WORDS = 32

_FREQUENCY = "SELECT count(*) FROM (SELECT 1 FROM chunk_search WHERE chunk_search MATCH ? LIMIT ?)"
_FROM = """
FROM chunk_search JOIN chunks ON chunks.number = chunk_search.rowid
WHERE chunk_search MATCH :match
  AND (:kind IS NULL OR chunks.kind = :kind)
  AND (:source IS NULL OR chunks.source_id = :source)
  AND (:since IS NULL OR coalesce(chunks.occurred_at, chunks.recorded_at) >= :since)
  AND (:until IS NULL OR coalesce(chunks.occurred_at, chunks.recorded_at) <= :until)
"""
_RANKED = f"SELECT chunks.id, -bm25(chunk_search) AS score {_FROM} ORDER BY score DESC LIMIT :limit"
_NEWEST = f"SELECT chunks.id, 0.0 AS score {_FROM} ORDER BY chunk_search.rowid DESC LIMIT :limit"


@dataclass(frozen=True)
class Wanted:
    """A query in plain words, and what else the pieces must be."""

    query: str
    kind: str | None = None
    since: str | None = None
    until: str | None = None
    source: str | None = None


def matching(db: Database, wanted: Wanted, limit: int) -> list[tuple[str, float]]:
    """Ids of pieces with their scores, best first."""
    words = _words(wanted.query)
    rare = [word for word in words if _frequency(db, word) < COMMON]
    if rare:
        return _rows(db, _RANKED, " OR ".join(rare), wanted, limit)
    return _rows(db, _NEWEST, " ".join(words), wanted, limit) if words else []


def _words(query: str) -> list[str]:
    """The different words as quoted phrases of FTS5, the first MOST_WORDS of them."""
    quoted = (fts_query(word) for word in dict.fromkeys(query.casefold().split()))
    return [word for word in quoted if word][:MOST_WORDS]


def _frequency(db: Database, word: str) -> int:
    """How many rows hold the word; counting stops at COMMON."""
    return int(db.read(_FREQUENCY, (word, COMMON))[0][0])


def _rows(
    db: Database, sql: str, match: str, wanted: Wanted, limit: int
) -> list[tuple[str, float]]:
    chosen = {**vars(wanted), "match": match, "limit": limit}
    return [(row["id"], row["score"]) for row in db.read(sql, chosen)]
