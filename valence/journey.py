"""How far a boundary is on its way from the frontier to the local model.

Turns a status into the few figures of that way: coverage, promise and realised error, money.
Reads no store and shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from valence.evaluation import Interval
from valence.status import BoundaryStatus


@dataclass(frozen=True)
class Journey:
    """Shares 0 to 1; None where nothing is known yet.

    `coverage` is that of the newest calls. `course` has (calls so far, coverage since the point
    before), oldest first, `begins` calls before the first of them. `promise` is the share of
    answers served on proof that may be wrong; `realised` the share that was, of the `checked`
    ones, with its interval. `saved_usd` is against the frontier answering every call.
    """

    boundary: str
    calls: int
    coverage: float | None
    begins: int
    course: tuple[tuple[int, float], ...]
    promise: float
    confidence_level: float
    realised: Interval | None
    checked: int
    corrected: int
    paid_usd: float
    saved_usd: float | None
    examples: int
    until_training: int
    gate: str
    sentence: str


def journey_of(status: BoundaryStatus) -> Journey:
    """The way of one boundary so far."""
    begins, course = _course(status)
    alone = status.cost_all_frontier_usd
    lately = status.recent_fallback_rate
    return Journey(
        boundary=status.boundary,
        calls=status.calls,
        coverage=None if lately is None else 1 - lately,
        begins=begins,
        course=course,
        promise=status.gate["max_error"],
        confidence_level=status.gate["confidence_level"],
        realised=_realised(status),
        checked=status.accuracy["served_checked"],
        corrected=status.accuracy["corrected"],
        paid_usd=status.cost_usd,
        saved_usd=None if alone is None else max(0.0, alone - status.cost_usd),
        examples=sum(status.examples.values()),
        until_training=status.until_training,
        gate=status.gate["state"],
        sentence=status.gate["sentence"],
    )


def _course(status: BoundaryStatus) -> tuple[int, tuple[tuple[int, float], ...]]:
    sizes = [bucket["calls"] for bucket in status.over_time]
    begins = status.calls - sum(sizes)
    ends = [*accumulate(sizes, initial=begins)][1:]
    shares = [1 - bucket["fallback_rate"] for bucket in status.over_time]
    return begins, tuple(zip(ends, shares, strict=True))


def _realised(status: BoundaryStatus) -> Interval | None:
    found = status.accuracy
    if not found["served_checked"]:
        return None
    return Interval(
        value=1 - found["served_right"],
        low=1 - found["served_right_high"],
        high=1 - found["served_right_low"],
    )
