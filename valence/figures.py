"""The figures of a boundary, or of one domain of it: traffic, cost and quality, over time.

Puts counts from the ledger beside verdicts on local answers. Knows nothing of gates, adapters or
training, nor how figures are shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from store.entropy import EntropyThreshold
from store.keywords import Frequent, frequent
from store.statistics import BoundaryStatistics, Bucket
from valence.quality import Quality, Verdict, quality
from valence.stores import Stores

RECENT = 1000
MOST_WORDS = 8

OVER_TIME = ("checked", "right", "right_low", "right_high", "ece", "brier")
"""What a bucket tells of the answers in it that were checked."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Rates 0 to 1, latencies in milliseconds, entropies in nats; None where nothing is known.

    `cost_all_frontier_usd`: what the same calls would have cost, had the frontier answered each at
    the mean price of those that it did answer. `accuracy` is a `Quality`. Each bucket of
    `over_time` has `since`, `calls`, `fallback_rate`, `latency_ms`, `cost_usd`,
    `cost_all_frontier_usd` and, of its checked local answers, the keys `OVER_TIME`.
    `entropy_threshold`: above it a local answer counts as a gap. `keywords`: what it was most
    often unsure of.
    """

    calls: int
    fallback_rate: float | None
    recent_fallback_rate: float | None
    routes: dict[str, dict[str, float]]
    cost_usd: float
    cost_all_frontier_usd: float | None
    accuracy: dict[str, Any]
    over_time: list[dict[str, Any]]
    entropy_threshold: dict[str, Any] | None
    keywords: list[dict[str, Any]]


def figures_of(
    stores: Stores,
    boundary: str,
    verdicts: Sequence[Verdict],
    adapter_id: str | None,
    threshold: EntropyThreshold | None,
    domain: str | None = None,
) -> Figures:
    """The figures of a boundary's calls, or of those that were given the `domain`.

    `verdicts` are of those calls: all of them make the course over time, those of the adapter
    that serves now the present accuracy.
    """
    traffic = stores.statistics.of(boundary, RECENT, domain)
    price = _price(traffic)
    buckets = stores.statistics.by_bucket(boundary, domain=domain)
    present = [v for v in verdicts if adapter_id and v.adapter_id == adapter_id]
    return Figures(
        calls=traffic.calls,
        fallback_rate=traffic.fallback_rate,
        recent_fallback_rate=traffic.recent_fallback_rate,
        routes={route: asdict(values) for route, values in traffic.routes.items()},
        cost_usd=traffic.cost_usd,
        cost_all_frontier_usd=None if price is None else price * traffic.calls,
        accuracy=asdict(quality(present)),
        over_time=_course(buckets, verdicts, price),
        entropy_threshold=_threshold(threshold),
        keywords=[_word(each) for each in frequent(stores.database, boundary, domain, MOST_WORDS)],
    )


def _price(traffic: BoundaryStatistics) -> float | None:
    """What a call costs in the mean that the frontier answers; None before the first of them."""
    asked = traffic.routes.get("frontier")
    return asked.cost_usd / asked.calls if asked else None


def _course(
    buckets: list[Bucket], verdicts: Sequence[Verdict], price: float | None
) -> list[dict[str, Any]]:
    """The buckets, each with the quality of the labels whose calls fell into it."""
    cells: list[list[Verdict]] = [[] for _ in buckets]
    starts = [bucket.since for bucket in buckets]
    for verdict in verdicts:
        place = bisect_right(starts, verdict.at) - 1
        if place >= 0:
            cells[place].append(verdict)
    return [
        asdict(bucket)
        | {"cost_all_frontier_usd": None if price is None else price * bucket.calls}
        | _told(quality(cell))
        for bucket, cell in zip(buckets, cells, strict=True)
    ]


def _told(found: Quality) -> dict[str, Any]:
    return {name: getattr(found, name) for name in OVER_TIME}


def _threshold(found: EntropyThreshold | None) -> dict[str, Any] | None:
    if found is None:
        return None
    told = ("nats", "labels", "pooled", "auroc", "fitted_at")
    return {name: getattr(found, name) for name in told}


def _word(found: Frequent) -> dict[str, Any]:
    return asdict(found)
