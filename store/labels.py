"""Local answers of one boundary, newest calls first, with what somebody better said.

Whichever adapter gave them: a course over time outlives an adapter. What the frontier answered
and what a person corrected stand apart, because corrections are no fair sample. It judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Database
from store.rows import decode

CALLS_A_LABEL = 10
"""How many calls are looked through for each label that is asked for: the reach into the past."""

_LABELS = """
SELECT calls.id AS call_id, calls.created_at AS created_at, calls.domain AS domain,
  calls.input AS input, calls.output AS answer, mine.reason AS reason,
  mine.adapter_id AS adapter_id, mine.output AS local,
  mine.confidence AS confidence, mine.features AS features,
  mine.decision = 'accepted' AND calls.reason <> 'unverified' AS served,
  EXISTS (SELECT 1 FROM attempts AS theirs WHERE theirs.call_id = calls.id
    AND theirs.role = 'audit' AND theirs.output IS NOT NULL) AS audited,
  (SELECT output FROM feedback WHERE call_id = calls.id AND kind = 'correction'
    ORDER BY rowid DESC LIMIT 1) AS correction,
  (SELECT output FROM attempts AS theirs WHERE theirs.call_id = calls.id
    AND theirs.route = 'frontier' AND theirs.output IS NOT NULL
    ORDER BY position DESC LIMIT 1) AS frontier
FROM (
  SELECT number FROM calls INDEXED BY calls_by_boundary WHERE boundary = :boundary
  ORDER BY created_at DESC LIMIT :window) AS newest
CROSS JOIN calls ON calls.number = newest.number
JOIN attempts AS mine ON mine.call_id = calls.id
WHERE mine.route = 'local' AND mine.output IS NOT NULL
  AND (correction IS NOT NULL OR frontier IS NOT NULL)
ORDER BY calls.created_at DESC, calls.number DESC LIMIT :limit
"""


@dataclass(frozen=True, kw_only=True)
class Label:
    """One call's local answer and what it should have been, all JSON text.

    `answer` is what the person got, `reason` the local attempt's.
    `served` are answers that the gate accepted, `audited` those calls that were drawn for it.
    `frontier` and `correction` are None where there is none; one of them is always there.
    """

    call_id: str
    created_at: str
    domain: str | None
    input: str
    answer: str | None
    reason: str
    adapter_id: str | None
    local: str
    confidence: float | None
    features: dict[str, float] | None
    served: bool
    audited: bool
    correction: str | None
    frontier: str | None

    @property
    def shown(self) -> str:
        """What it should have been: a person's word before the frontier's."""
        return self.correction or self.frontier or ""


def labels(db: Database, boundary: str, limit: int) -> list[Label]:
    """The newest labels of a boundary, newest first, out of its newest calls."""
    chosen = {"boundary": boundary, "limit": limit, "window": CALLS_A_LABEL * limit}
    return [
        Label(
            **dict(row)
            | {
                "features": decode(row["features"]),
                "served": bool(row["served"]),
                "audited": bool(row["audited"]),
            }
        )
        for row in db.read(_LABELS, chosen)
    ]
