"""The ledger page by page: every call, newest first, chosen by filters and words.

A page goes on from a place (keyset), so that the last page of a million costs what the first does;
nothing counts or skips rows. It reads calls only and does not know what their columns mean.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from store.calls import Call, read_call
from store.database import Database
from store.searching import fts_query

Said = Literal["corrected", "wrong"]

REACH = 5000
"""Matches of a search that are looked through for one page where filters choose among them."""

_END = "~"  # sorts after every time and every id
_NUMBER_END = 2**63 - 1

# One upper bound only, so that SQLite cannot choose the looser of two for the index.
_OLDER = """created_at >= :since AND created_at <= :latest
  AND (created_at < :latest OR id < :latest_id)"""
_BY_TIME = f"SELECT * FROM calls INDEXED BY calls_by_time WHERE {_OLDER}"
_BY_BOUNDARY = f"""SELECT * FROM calls INDEXED BY calls_by_boundary
WHERE boundary = :boundary AND {_OLDER}"""
_BY_ROUTE = f"""SELECT * FROM calls INDEXED BY calls_by_route_in_time
WHERE boundary = :boundary AND route = :route AND {_OLDER}"""
_IN_ORDER = "ORDER BY created_at DESC, id DESC LIMIT :limit"

_SAID = {
    "corrected": "kind = 'correction'",
    "wrong": "(kind = 'correction' OR rating < 0)",
}
_CHOSEN = """calls.created_at >= :since AND calls.created_at < :until
  AND (:boundary IS NULL OR calls.boundary = :boundary)
  AND (:route IS NULL OR calls.route = :route)"""
# Ids sort by the time of their making, and the index of feedback has them in order.
_BY_FEEDBACK = f"""
SELECT calls.* FROM feedback INDEXED BY feedback_by_call
CROSS JOIN calls ON calls.id = feedback.call_id
WHERE feedback.call_id < :before_id AND {{said}} AND {_CHOSEN}
GROUP BY feedback.call_id ORDER BY feedback.call_id DESC LIMIT :limit
"""
_MATCHES = """
SELECT rowid FROM search WHERE search MATCH :query AND rowid < :number
ORDER BY rowid DESC LIMIT :reach
"""
_OF_MATCHES = f"""
SELECT calls.* FROM search CROSS JOIN calls ON calls.number = search.rowid
WHERE search MATCH :query AND search.rowid < :number AND search.rowid >= :lowest
  AND {_CHOSEN} AND {{said}}
ORDER BY search.rowid DESC LIMIT :limit
"""
_WAS_SAID = "EXISTS (SELECT 1 FROM feedback WHERE call_id = calls.id AND {said})"
_SAID_OF = """
SELECT call_id, max(kind = 'correction') AS corrected, min(rating) AS worst FROM feedback
WHERE call_id IN (SELECT value FROM json_each(?)) GROUP BY call_id
"""
_BOUNDARIES = """
WITH RECURSIVE names (name) AS (
  SELECT min(boundary) FROM calls UNION ALL
  SELECT (SELECT min(boundary) FROM calls WHERE boundary > name) FROM names WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which calls are wanted; None and "" choose all.

    `since` (inclusive) and `until` (exclusive) are days or times. `said` is what a person said of
    the answer: `corrected` gave a better one, `wrong` that or rated it bad.
    """

    boundary: str | None = None
    route: str | None = None
    since: str = ""
    until: str = ""
    said: Said | None = None


@dataclass(frozen=True)
class Place:
    """Between two calls: the next page begins below it."""

    created_at: str = _END
    id: str = _END
    number: int = _NUMBER_END


@dataclass(frozen=True)
class Page:
    """Calls without their attempts, newest first; `older` is None at the end.

    A search among filters may find less than a page within its reach and still go on.
    """

    calls: tuple[Call, ...]
    older: Place | None


def said_of(db: Database, call_ids: Iterable[str]) -> dict[str, Said | Literal["good"]]:
    """What a person said of these calls, of those of which anything was said."""
    rows = db.read(_SAID_OF, (json.dumps([*call_ids]),))
    return {row["call_id"]: _word(row["corrected"], row["worst"]) for row in rows}


def _word(corrected: int, worst: int | None) -> Said | Literal["good"]:
    if corrected:
        return "corrected"
    return "wrong" if worst is not None and worst < 0 else "good"


def boundaries(db: Database) -> list[str]:
    """The boundaries that have been called, by name."""
    return [row["name"] for row in db.read(_BOUNDARIES)]


def browse(
    db: Database,
    chosen: Filter,
    words: str = "",
    before: Place | None = None,
    limit: int = 50,
) -> Page:
    """One page of the chosen calls, of those that hold all of `words` where there are any.

    Words without a letter or a digit in them find nothing.
    """
    values = _values(chosen, before or Place(), limit)
    if words.strip():
        return _search(db, chosen, words, values)
    rows = _by_feedback(db, chosen, values) if chosen.said else _by_time(db, chosen, values)
    return _page(rows, limit)


def _values(chosen: Filter, before: Place, limit: int) -> dict[str, Any]:
    until = chosen.until or _END
    latest, latest_id = min((before.created_at, before.id), (until, ""))
    return {
        "boundary": chosen.boundary,
        "route": chosen.route,
        "since": chosen.since,
        "until": until,
        "latest": latest,
        "latest_id": latest_id,
        "before_id": before.id,
        "number": before.number,
        "limit": limit,
    }


def _by_time(db: Database, chosen: Filter, values: dict[str, Any]) -> list[sqlite3.Row]:
    """A route alone is merged from all boundaries."""
    if not chosen.boundary and not chosen.route:
        return db.read(f"{_BY_TIME} {_IN_ORDER}", values)
    wanted = [chosen.boundary] if chosen.boundary else boundaries(db)
    query = f"{_BY_ROUTE if chosen.route else _BY_BOUNDARY} {_IN_ORDER}"
    rows = [row for name in wanted for row in db.read(query, values | {"boundary": name})]
    newest = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    return newest[: values["limit"]]


def _by_feedback(db: Database, chosen: Filter, values: dict[str, Any]) -> list[sqlite3.Row]:
    return db.read(_BY_FEEDBACK.format(said=_SAID[chosen.said or "wrong"]), values)


def _search(db: Database, chosen: Filter, words: str, values: dict[str, Any]) -> Page:
    query = fts_query(words)
    if query is None:
        return Page((), None)
    reach = values["limit"] if chosen == Filter() else REACH
    values |= {"query": query, "reach": reach}
    numbers = [row[0] for row in db.read(_MATCHES, values)]
    said = _WAS_SAID.format(said=_SAID[chosen.said]) if chosen.said else "1"
    lowest = min(numbers, default=0)
    page = _page(
        db.read(_OF_MATCHES.format(said=said), values | {"lowest": lowest}), values["limit"]
    )
    if page.older is None and len(numbers) == reach:
        return Page(page.calls, Place(number=lowest))
    return page


def _page(rows: list[sqlite3.Row], limit: int) -> Page:
    calls = tuple(read_call(row) for row in rows)
    if len(rows) < limit or not rows:
        return Page(calls, None)
    last = rows[-1]
    return Page(calls, Place(last["created_at"], last["id"], last["number"]))
