"""Aggregates over the calls, for a person to look at: shares, latencies, cost, over time.

All of them run on covering indexes. It knows routes as text and which of them are local; it
does not know whether an answer was right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.database import Database

_LOCAL = "('local', 'encoder')"

_ROUTES = """
SELECT route, count(*) AS calls, total(cost_usd) AS cost_usd
FROM calls INDEXED BY calls_by_route WHERE boundary = ? GROUP BY route
"""
_QUANTILE = """
SELECT latency_ms FROM calls INDEXED BY calls_by_route WHERE boundary = ? AND route = ?
ORDER BY latency_ms LIMIT 1 OFFSET ?
"""
_RECENT = f"""
SELECT avg(route NOT IN {_LOCAL}) FROM (
  SELECT route FROM calls INDEXED BY calls_by_boundary WHERE boundary = ?
  ORDER BY created_at DESC LIMIT ?)
"""
_SUMS = f"""
count(*) AS calls, avg(route NOT IN {_LOCAL}) AS fallback_rate,
avg(latency_ms) AS latency_ms, total(cost_usd) AS cost_usd
"""
_BY_DAY = f"""
SELECT substr(created_at, 1, 10) AS since, {_SUMS}
FROM calls INDEXED BY calls_by_boundary WHERE boundary = :boundary AND created_at >= :since
GROUP BY since ORDER BY since
"""
_BY_BUCKET = f"""
SELECT min(created_at) AS since, {_SUMS} FROM (
  SELECT *, :first + row_number() OVER (ORDER BY created_at) - 1 AS place FROM (
    SELECT created_at, route, latency_ms, cost_usd
    FROM calls INDEXED BY calls_by_boundary WHERE boundary = :boundary
    ORDER BY created_at DESC LIMIT :window))
GROUP BY place / :size ORDER BY place / :size
"""


@dataclass(frozen=True, kw_only=True)
class RouteStatistics:
    """The calls that one route answered. Latencies in milliseconds."""

    calls: int
    p50_ms: float
    p95_ms: float
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class BoundaryStatistics:
    """The calls of one boundary. Rates are None while there are no calls."""

    boundary: str
    calls: int
    routes: dict[str, RouteStatistics]
    fallback_rate: float | None
    recent_fallback_rate: float | None
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Successive calls taken together; `since` is a day or the time of the first of them."""

    since: str
    calls: int
    fallback_rate: float
    latency_ms: float
    cost_usd: float


class Statistics:
    """Figures over all calls of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def boundaries(self) -> list[str]:
        """The boundaries that have been called, by name."""
        sql = """WITH RECURSIVE names (name) AS (
                   SELECT min(boundary) FROM calls UNION ALL
                   SELECT (SELECT min(boundary) FROM calls WHERE boundary > name)
                   FROM names WHERE name IS NOT NULL)
                 SELECT name FROM names WHERE name IS NOT NULL"""
        return [row["name"] for row in self._db.read(sql)]

    def of(self, boundary: str, recent: int = 1000) -> BoundaryStatistics:
        """Counts, latencies and cost by route; fallback over all and over the last `recent`."""
        routes = {row["route"]: self._route(boundary, row) for row in self._routes(boundary)}
        calls = sum(route.calls for route in routes.values())
        local = sum(routes[name].calls for name in ("local", "encoder") if name in routes)
        return BoundaryStatistics(
            boundary=boundary,
            calls=calls,
            routes=routes,
            fallback_rate=1 - local / calls if calls else None,
            recent_fallback_rate=self._db.read(_RECENT, (boundary, recent))[0][0],
            cost_usd=sum(route.cost_usd for route in routes.values()),
        )

    def by_day(self, boundary: str, since: str = "") -> list[Bucket]:
        """One bucket a day that had calls, oldest first. `since` is a day or a time."""
        return self._buckets(_BY_DAY, {"boundary": boundary, "since": since})

    def by_bucket(self, boundary: str, size: int = 100, last: int = 60) -> list[Bucket]:
        """The last buckets of `size` calls each, oldest first, counted from the first call on.

        The newest one is still filling.
        """
        calls = sum(row["calls"] for row in self._routes(boundary))
        first = max(0, -(-calls // size) - last) * size
        chosen = {"boundary": boundary, "size": size, "first": first, "window": calls - first}
        return self._buckets(_BY_BUCKET, chosen)

    def _routes(self, boundary: str) -> list[Any]:
        return self._db.read(_ROUTES, (boundary,))

    def _route(self, boundary: str, row: Any) -> RouteStatistics:
        return RouteStatistics(
            calls=row["calls"],
            p50_ms=self._quantile(boundary, row, 0.50),
            p95_ms=self._quantile(boundary, row, 0.95),
            cost_usd=row["cost_usd"],
        )

    def _quantile(self, boundary: str, row: Any, share: float) -> float:
        """The smallest latency that at least this share of the calls do not exceed."""
        place = max(0, -int(-row["calls"] * share // 1) - 1)
        return float(self._db.read(_QUANTILE, (boundary, row["route"], place))[0][0])

    def _buckets(self, sql: str, chosen: dict[str, Any]) -> list[Bucket]:
        return [Bucket(**dict(row)) for row in self._db.read(sql, chosen)]
