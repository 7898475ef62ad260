"""Local answers beside demonstrations: calls to which both the local model and a better judge
(the frontier, or a person's correction) gave an answer. It does not judge them itself."""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Database

_PAIRS = """
SELECT calls.input AS input, mine.output AS local, mine.confidence AS confidence,
  mine.decision = 'accepted' AS served,
  coalesce(
    (SELECT output FROM feedback WHERE call_id = calls.id AND kind = 'correction'
      ORDER BY created_at DESC, id DESC LIMIT 1),
    (SELECT output FROM attempts AS theirs WHERE theirs.call_id = calls.id
      AND theirs.route = 'frontier' AND theirs.output IS NOT NULL
      ORDER BY position DESC LIMIT 1)) AS shown
FROM attempts AS mine JOIN calls ON calls.id = mine.call_id
WHERE mine.adapter_id = :adapter AND mine.route = 'local' AND mine.output IS NOT NULL
  AND shown IS NOT NULL
ORDER BY calls.created_at DESC LIMIT :limit
"""


@dataclass(frozen=True, kw_only=True)
class Demonstrated:
    """One call's local answer and what it should have been, both JSON text."""

    input: str
    local: str
    shown: str
    confidence: float | None
    served: bool


def demonstrated(db: Database, adapter_id: str, limit: int = 2000) -> list[Demonstrated]:
    """The newest calls that this adapter has answered and somebody better has too."""
    rows = db.read(_PAIRS, {"adapter": adapter_id, "limit": limit})
    return [Demonstrated(**dict(row) | {"served": bool(row["served"])}) for row in rows]
