"""Local answers beside demonstrations: calls to which both the local model and a better judge
(the frontier, or a person's correction) gave an answer. It does not judge them itself.

Attempts of an adapter are found by index and read in the order in which they were entered. Since
when is told by a mark in that order (`mark`), because a clock may be put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.rows import decode

_ROWS = """
SELECT mine.id AS id, mine.rowid AS place, mine.call_id AS call_id, mine.role AS role,
  mine.reason AS reason, calls.created_at AS created_at, calls.input AS input,
  calls.output AS answer, coalesce(mine.output, '') AS local, mine.confidence AS confidence,
  mine.features AS features, mine.decision = 'accepted' AS served,
  (SELECT output FROM feedback WHERE call_id = mine.call_id AND kind = 'correction'
    ORDER BY rowid DESC LIMIT 1) AS correction,
  (SELECT output FROM attempts AS theirs WHERE theirs.call_id = mine.call_id
    AND theirs.route = 'frontier' AND theirs.output IS NOT NULL
    ORDER BY position DESC LIMIT 1) AS frontier
FROM attempts AS mine JOIN calls ON calls.id = mine.call_id
WHERE mine.route = 'local' AND mine.rowid > :after
"""
_OF_ADAPTER = f"{_ROWS} AND mine.adapter_id = :adapter"
_SHADOWS = f"{_OF_ADAPTER} AND mine.role = 'shadow' AND frontier IS NOT NULL ORDER BY mine.rowid"
_PROVED = "mine.role = 'answer' AND mine.decision = 'accepted' AND mine.reason <> 'unverified'"
_AUDITED = f"""{_OF_ADAPTER} AND {_PROVED} AND EXISTS (
    SELECT 1 FROM attempts AS theirs WHERE theirs.call_id = mine.call_id
    AND theirs.role = 'audit' AND theirs.output IS NOT NULL)
ORDER BY mine.rowid
"""
# The plus keeps SQLite from going through all attempts of the adapter: corrections are few.
_CORRECTED = f"""{_ROWS} AND +mine.adapter_id = :adapter AND {_PROVED} AND mine.call_id IN (
    SELECT call_id FROM feedback WHERE kind = 'correction')
ORDER BY mine.rowid
"""
# What an open gate of whole answers, of this very threshold, turned away.
_BELOW = """mine.role = 'answer' AND mine.decision = 'rejected'
  AND mine.reason = 'below threshold' AND mine.threshold = :threshold"""
_TURNED_AWAY = f"{_OF_ADAPTER} AND {_BELOW} AND frontier IS NOT NULL ORDER BY mine.rowid"
_BELOW_COUNT = f"""
SELECT count(*) FROM attempts AS mine
WHERE mine.adapter_id = :adapter AND mine.rowid > :after AND {_BELOW}
"""
_ANSWERED = """
SELECT count(*) FROM attempts INDEXED BY attempts_by_outcome
WHERE adapter_id = ? AND rowid > ? AND rowid < ?
  AND route = 'local' AND role = 'answer' AND decision = 'accepted'
"""
_GATED = """
SELECT DISTINCT examples.id FROM examples JOIN attempts ON attempts.call_id = examples.call_id
WHERE examples.boundary = ? AND examples.split <> 'train' AND attempts.route = 'local'
  AND attempts.role = 'answer' AND attempts.adapter_id IS NOT NULL
"""
_STREAM = """
SELECT confidence FROM (
  SELECT rowid AS place, confidence FROM attempts
  WHERE adapter_id = ? ORDER BY rowid DESC LIMIT ?)
WHERE place > ? AND confidence IS NOT NULL ORDER BY place
"""
_NEWEST = "SELECT coalesce(max(rowid), 0) FROM attempts"
# Gates of earlier versions have a time in the place of a mark.
_FIRST_AFTER = "SELECT min(rowid) - 1 FROM attempts WHERE adapter_id = ? AND created_at > ?"


@dataclass(frozen=True, kw_only=True)
class Demonstrated:
    """One call's local answer and what it should have been; outputs are JSON text.

    `local` is what the local model said ('' where that could not be read), `answer` what the
    person got. `id`, `place` (in the order of all attempts), `role` and `reason` are the local
    attempt's, `created_at` is the call's. `frontier` and `correction` are None where there is none.
    """

    id: str
    place: int
    call_id: str
    role: str
    reason: str
    created_at: str
    input: str
    answer: str | None
    local: str
    confidence: float | None
    features: dict[str, float] | None
    served: bool
    correction: str | None
    frontier: str | None

    @property
    def shown(self) -> str:
        """What it should have been: a person's word before the frontier's."""
        return self.correction or self.frontier or ""


def mark(db: Database) -> str:
    """The present moment in the order of attempts; "" is before all."""
    return f"#{db.read(_NEWEST)[0][0]}"


def place_of(db: Database, adapter_id: str, since: str) -> int:
    """The place of the last attempt before a mark, or before a time of an adapter's attempts."""
    if since.startswith("#"):
        return int(since[1:])
    first = db.read(_FIRST_AFTER, (adapter_id, since))[0][0] if since else 0
    return int(db.read(_NEWEST)[0][0] if first is None else first)


def shadows(db: Database, adapter_id: str, since: str = "") -> list[Demonstrated]:
    """Unseen answers beside the frontier's, readable or not, oldest first: a fair sample of all
    calls, as long as the adapter serves none."""
    return _read(db, _SHADOWS, adapter_id, since)


def audits(db: Database, adapter_id: str, since: str = "") -> list[Demonstrated]:
    """Answers served on proof that the frontier gave too, unseen, oldest first: a fair sample of
    them."""
    return _read(db, _AUDITED, adapter_id, since)


def corrections(db: Database, adapter_id: str, since: str = "") -> list[Demonstrated]:
    """Answers served on proof that a person has corrected, oldest first: no fair sample."""
    return _read(db, _CORRECTED, adapter_id, since)


def turned_away(
    db: Database, adapter_id: str, threshold: float, since: str = ""
) -> list[Demonstrated]:
    """Answers that this threshold turned away and that the frontier gave instead, oldest first: a
    fair sample of those below it."""
    return _read(db, _TURNED_AWAY, adapter_id, since, threshold=threshold)


def turned_away_count(db: Database, adapter_id: str, threshold: float, since: str = "") -> int:
    """How many answers this threshold has turned away, whatever was given instead."""
    after = place_of(db, adapter_id, since)
    values = {"adapter": adapter_id, "threshold": threshold, "after": after}
    return int(db.read(_BELOW_COUNT, values)[0][0])


def gated_examples(db: Database, boundary: str) -> frozenset[str]:
    """The held-out examples of calls that an adapter was asked first: those that it answered well
    have become no examples, so these are no fair sample of the traffic."""
    return frozenset(row["id"] for row in db.read(_GATED, (boundary,)))


def is_audited(db: Database, call_id: str) -> bool:
    """Whether the frontier has answered this call, unseen, beside a served answer."""
    sql = "SELECT 1 FROM attempts WHERE call_id = ? AND role = 'audit' AND output IS NOT NULL"
    return bool(db.read(sql, (call_id,)))


def tries(db: Database, adapter_id: str) -> int:
    """How many attempts this adapter has made."""
    return int(db.read("SELECT count(*) FROM attempts WHERE adapter_id = ?", (adapter_id,))[0][0])


def shadow_count(db: Database, adapter_id: str, since: str = "") -> int:
    """How many `shadows` there are."""
    sql = """SELECT count(*) FROM attempts
             WHERE adapter_id = ? AND role = 'shadow' AND rowid > ?"""
    return int(db.read(sql, (adapter_id, place_of(db, adapter_id, since)))[0][0])


def answered_between(db: Database, adapter_id: str, after: int, before: int) -> int:
    """Calls that the adapter answered between two places of attempts, on proof or not."""
    return int(db.read(_ANSWERED, (adapter_id, after, before))[0][0])


def confidences(db: Database, adapter_id: str, after: int, limit: int) -> list[float]:
    """The newest confidences of this adapter after a place of attempts, oldest first, whatever
    became of the answers."""
    return [float(row[0]) for row in db.read(_STREAM, (adapter_id, limit, after))]


def _read(db: Database, sql: str, adapter_id: str, since: str, **more: Any) -> list[Demonstrated]:
    after = place_of(db, adapter_id, since)
    rows = db.read(sql, {"adapter": adapter_id, "after": after, **more})
    return [
        Demonstrated(
            **dict(row) | {"features": decode(row["features"]), "served": bool(row["served"])}
        )
        for row in rows
    ]
