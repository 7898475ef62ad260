"""Aggregates over the calls, for a person to look at: shares, latencies, cost, over time.

All of them run on covering indexes. It knows routes as text and which of them are local; it
does not know whether an answer was right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.browsing import boundaries
from store.database import Database

_LOCAL = "('local', 'encoder')"

_ROUTES = """
SELECT route, count(*) AS calls, total(cost_usd) AS cost_usd
FROM {by_route} GROUP BY route
"""
_QUANTILE = """
SELECT latency_ms FROM {by_route} AND route = :route
ORDER BY latency_ms LIMIT 1 OFFSET :place
"""
_RECENT = f"""
SELECT avg(route NOT IN {_LOCAL}) FROM (
  SELECT route FROM {{by_time}} ORDER BY created_at DESC LIMIT :recent)
"""
_SUMS = f"""
count(*) AS calls, avg(route NOT IN {_LOCAL}) AS fallback_rate,
avg(latency_ms) AS latency_ms, total(cost_usd) AS cost_usd
"""
_BY_DAY = f"""
SELECT substr(created_at, 1, 10) AS since, {_SUMS}
FROM {{by_time}} AND created_at >= :since
GROUP BY since ORDER BY since
"""
_BY_BUCKET = f"""
SELECT min(created_at) AS since, {_SUMS} FROM (
  SELECT *, :first + row_number() OVER (ORDER BY created_at) - 1 AS place FROM (
    SELECT created_at, route, latency_ms, cost_usd FROM {{by_time}}
    ORDER BY created_at DESC LIMIT :window))
GROUP BY place / :size ORDER BY place / :size
"""
_SINCE = "SELECT count(*) FROM {by_time} AND created_at > :since"
_DOMAINS = """
WITH RECURSIVE names (name) AS (
  SELECT min(domain) FROM calls INDEXED BY calls_by_domain
    WHERE boundary = :boundary AND domain IS NOT NULL
  UNION ALL
  SELECT (SELECT min(domain) FROM calls INDEXED BY calls_by_domain
    WHERE boundary = :boundary AND domain > name)
  FROM names WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL
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


@dataclass(frozen=True)
class _Chosen:
    """Which calls are looked at, and the indexes that hold their figures."""

    boundary: str
    domain: str | None = None

    @property
    def by_time(self) -> str:
        return self._from("calls_by_boundary", "calls_by_domain")

    @property
    def by_route(self) -> str:
        return self._from("calls_by_route", "calls_by_domain_route")

    def _from(self, all_calls: str, of_domain: str) -> str:
        if self.domain is None:
            return f"calls INDEXED BY {all_calls} WHERE boundary = :boundary"
        return f"calls INDEXED BY {of_domain} WHERE boundary = :boundary AND domain = :domain"


class Statistics:
    """Figures over all calls of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def boundaries(self) -> list[str]:
        """The boundaries that have been called, by name."""
        return boundaries(self._db)

    def domains(self, boundary: str) -> list[str]:
        """The domains that calls of a boundary were given, by name."""
        return [row["name"] for row in self._db.read(_DOMAINS, {"boundary": boundary})]

    def of(
        self, boundary: str, recent: int = 1000, domain: str | None = None
    ) -> BoundaryStatistics:
        """Counts, latencies and cost by route; fallback over all and over the last `recent`.

        Of all calls, or of those that were given the `domain`.
        """
        chosen = _Chosen(boundary, domain)
        routes = {row["route"]: self._route(chosen, row) for row in self._read(_ROUTES, chosen)}
        calls = sum(route.calls for route in routes.values())
        local = sum(routes[name].calls for name in ("local", "encoder") if name in routes)
        return BoundaryStatistics(
            boundary=boundary,
            calls=calls,
            routes=routes,
            fallback_rate=1 - local / calls if calls else None,
            recent_fallback_rate=self._read(_RECENT, chosen, recent=recent)[0][0],
            cost_usd=sum(route.cost_usd for route in routes.values()),
        )

    def by_day(self, boundary: str, since: str = "") -> list[Bucket]:
        """One bucket a day that had calls, oldest first. `since` is a day or a time."""
        return _buckets(self._read(_BY_DAY, _Chosen(boundary), since=since))

    def by_bucket(
        self, boundary: str, size: int = 100, last: int = 60, domain: str | None = None
    ) -> list[Bucket]:
        """The last buckets of `size` calls each, oldest first, counted from the first call on.

        The newest one is still filling. Of all calls, or of those of the `domain`.
        """
        chosen = _Chosen(boundary, domain)
        calls = sum(row["calls"] for row in self._read(_ROUTES, chosen))
        first = max(0, -(-calls // size) - last) * size
        window = {"size": size, "first": first, "window": calls - first}
        return _buckets(self._read(_BY_BUCKET, chosen, **window))

    def calls_since(self, boundary: str, since: str) -> int:
        """How many calls were made after this time."""
        return int(self._read(_SINCE, _Chosen(boundary), since=since)[0][0])

    def _read(self, sql: str, chosen: _Chosen, **values: Any) -> list[Any]:
        named = {"boundary": chosen.boundary, "domain": chosen.domain, **values}
        used = {name: value for name, value in named.items() if value is not None}
        return self._db.read(sql.format(by_time=chosen.by_time, by_route=chosen.by_route), used)

    def _route(self, chosen: _Chosen, row: Any) -> RouteStatistics:
        return RouteStatistics(
            calls=row["calls"],
            p50_ms=self._quantile(chosen, row, 0.50),
            p95_ms=self._quantile(chosen, row, 0.95),
            cost_usd=row["cost_usd"],
        )

    def _quantile(self, chosen: _Chosen, row: Any, share: float) -> float:
        """The smallest latency that at least this share of the calls do not exceed."""
        place = max(0, -int(-row["calls"] * share // 1) - 1)
        return float(self._read(_QUANTILE, chosen, route=row["route"], place=place)[0][0])


def _buckets(rows: list[Any]) -> list[Bucket]:
    return [Bucket(**dict(row)) for row in rows]
