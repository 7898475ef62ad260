"""Words that the local model was least sure of: where its gaps lie, for later exploration.

It keeps words with their calls and counts them. It does not know from which entropy on a word is
worth keeping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from store.clock import now
from store.database import Database
from store.ids import new_id
from store.rows import insert_sql

_COLUMNS = (
    "id", "boundary", "domain", "word", "entropy", "attempt_id", "call_id", "created_at",
)  # fmt: skip
_KEEP = insert_sql("keywords", _COLUMNS) + " ON CONFLICT (attempt_id, word) DO NOTHING"
_FREQUENT = """
SELECT word, count(*) AS count, max(entropy) AS entropy
FROM keywords INDEXED BY keywords_by_domain
WHERE boundary = :boundary AND (:domain IS NULL OR domain = :domain)
GROUP BY word ORDER BY count DESC, entropy DESC, word LIMIT :limit
"""


@dataclass(frozen=True, kw_only=True)
class Keyword:
    """One word of one attempt; `entropy` in nats."""

    boundary: str
    domain: str | None
    word: str
    entropy: float
    attempt_id: str
    call_id: str
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True)
class Frequent:
    """A word, how often it was kept, and the highest entropy it had, in nats."""

    word: str
    count: int
    entropy: float


def keep(db: Database, keywords: Iterable[Keyword]) -> None:
    """Write keywords down; a word that is kept of its attempt already stays as it is."""
    rows = [asdict(keyword) for keyword in keywords]
    if rows:
        with db.transaction() as connection:
            connection.executemany(_KEEP, rows)


def frequent(db: Database, boundary: str, domain: str | None, limit: int) -> list[Frequent]:
    """The most frequent words of a domain (None: of the whole boundary), most frequent first."""
    chosen = {"boundary": boundary, "domain": domain, "limit": limit}
    return [Frequent(**dict(row)) for row in db.read(_FREQUENT, chosen)]
