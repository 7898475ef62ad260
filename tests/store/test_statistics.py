from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.database import Database
from store.ledger import Ledger
from store.statistics import Bucket, RouteStatistics, Statistics

Make = Callable[..., Any]


@pytest.fixture
def filled(db: Database, ledger: Ledger, make_call: Make) -> Statistics:
    """Twenty calls on two days: frontier at first, local from the eleventh on."""
    with db.transaction():
        for i in range(20):
            route, cost = ("frontier", 0.5) if i < 10 else ("local", 0.0)
            time = f"2026-01-{1 + i // 15:02}T00:00:{i:02}.000000Z"
            ledger.record(
                make_call(str(i), route=route, cost_usd=cost, latency_ms=i, created_at=time)
            )
        ledger.record(make_call("x", boundary="recompose", route="encoder"))
    return Statistics(db)


def test_a_boundary_is_summed_up_by_route(filled: Statistics) -> None:
    found = filled.of("decompose", recent=8)
    assert found.routes == {
        "frontier": RouteStatistics(calls=10, p50_ms=4.0, p95_ms=9.0, cost_usd=5.0),
        "local": RouteStatistics(calls=10, p50_ms=14.0, p95_ms=19.0, cost_usd=0.0),
    }
    assert (found.calls, found.cost_usd) == (20, 5.0)
    assert (found.fallback_rate, found.recent_fallback_rate) == (0.5, 0.0)
    assert filled.of("recompose").fallback_rate == 0.0


def test_nothing_called_is_no_rate(filled: Statistics) -> None:
    assert filled.boundaries() == ["decompose", "recompose"]
    found = filled.of("unheard")
    assert (found.calls, found.routes, found.cost_usd) == (0, {}, 0)
    assert found.fallback_rate is None
    assert found.recent_fallback_rate is None
    assert filled.by_bucket("unheard") == filled.by_day("unheard") == []


def test_the_course_by_day(filled: Statistics) -> None:
    assert filled.by_day("decompose") == [
        Bucket(since="2026-01-01", calls=15, fallback_rate=10 / 15, latency_ms=7.0, cost_usd=5.0),
        Bucket(since="2026-01-02", calls=5, fallback_rate=0.0, latency_ms=17.0, cost_usd=0.0),
    ]
    assert len(filled.by_day("decompose", since="2026-01-02")) == 1


def test_the_course_by_bucket(filled: Statistics) -> None:
    buckets = filled.by_bucket("decompose", size=8)
    assert [(b.calls, b.fallback_rate) for b in buckets] == [(8, 1.0), (8, 0.25), (4, 0.0)]
    assert filled.by_bucket("decompose", size=8, last=2) == buckets[1:]
    assert filled.by_bucket("decompose", size=10, last=1)[0].calls == 10


def test_a_domain_has_figures_of_its_own(
    filled: Statistics, ledger: Ledger, make_call: Make
) -> None:
    assert filled.domains("decompose") == []
    for i, route in enumerate(["local", "local", "frontier", "local"]):
        time = f"2026-02-01T00:00:{i:02}.000000Z"
        call = make_call(f"c{i}", route=route, domain="code", latency_ms=100 + i, created_at=time)
        ledger.record(call)
    ledger.record(make_call("r", domain="art"))
    ledger.record(make_call("s", boundary="recompose", domain="law"))
    assert filled.domains("decompose") == ["art", "code"]
    found = filled.of("decompose", recent=1, domain="code")
    assert (found.calls, found.fallback_rate, found.recent_fallback_rate) == (4, 0.25, 0.0)
    assert (found.routes["local"].p50_ms, found.routes["local"].p95_ms) == (101.0, 103.0)
    buckets = filled.by_bucket("decompose", size=3, domain="code")
    assert [(b.calls, b.latency_ms) for b in buckets] == [(3, 101.0), (1, 103.0)]
    assert filled.of("decompose").calls == 25
    assert filled.of("decompose", domain="law").calls == 0


def test_calls_since_a_time_are_counted(filled: Statistics) -> None:
    assert filled.calls_since("decompose", "2026-01-02") == 5
    assert filled.calls_since("decompose", "") == 20
    assert filled.calls_since("unheard", "") == 0


def test_no_figure_reads_the_calls_themselves(db: Database, filled: Statistics) -> None:
    """Each statement runs on covering indexes, so that a million calls stay quick."""
    statements: list[str] = []
    db.connection.set_trace_callback(statements.append)
    filled.boundaries()
    filled.of("decompose")
    filled.by_day("decompose")
    filled.by_bucket("decompose")
    filled.calls_since("decompose", "2026")
    filled.domains("decompose")
    filled.of("decompose", domain="code")
    filled.by_bucket("decompose", domain="code")
    db.connection.set_trace_callback(None)
    plans = [row["detail"] for sql in statements for row in db.read(f"EXPLAIN QUERY PLAN {sql}")]
    on_calls = [plan for plan in plans if " calls" in plan]
    assert len(on_calls) > 12
    assert [plan for plan in on_calls if "COVERING INDEX" not in plan] == []
