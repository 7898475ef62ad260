"""Whether what is served has become worse than was promised.

`first_alarm` reads labels: the Shiryaev-Roberts e-detector (Shin, Ramdas & Rinaldo 2024) for
errors at `max_error` at most against errors twice and four times as frequent. `first_shift` reads
confidences without labels: ADWIN (Bifet & Gavaldà 2007; river), an early warning that proves
nothing. Knows numbers only: not whose answers they are, nor what follows from an alarm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALARM_AT = 30_000.0
"""An e-detector that alarms here does so falsely once in as many labels at most, in the mean,
however the errors fall as long as each one's chance is at most `max_error`. The promise is 10,000;
three times that costs about 8 labels of delay (docs/bench_drift.md)."""

WORSE = (2.0, 4.0)
"""How many times `max_error` to look for: one alternative alone would be blind to the other."""


@dataclass(frozen=True)
class Alarm:
    """Where the labels turned out too bad, counted in labels up to the alarm.

    `recent_*` are those since the likeliest moment of the turn; `evidence` is the detector's value.
    """

    labels: int
    wrong: int
    recent_labels: int
    recent_wrong: int
    evidence: float


def gaps_of(wrong: Iterable[bool]) -> list[int]:
    """For each wrong label how many right ones come right before it; those after the last are of
    no matter, because only a wrong one can raise the alarm."""
    gaps, right = [], 0
    for is_wrong in wrong:
        if is_wrong:
            gaps.append(right)
        right = 0 if is_wrong else right + 1
    return gaps


def first_alarm(gaps: Sequence[int], max_error: float) -> Alarm | None:
    """The first alarm in a sequence of labels, given as `gaps_of` gives it; None if there is none.

    An e-detector sums, over every label at which the turn may have come, the likelihood ratio of
    the labels since; the one here is the mean over `WORSE`. Takes time linear in the errors.
    """
    worse = [min(times * max_error, (1 + max_error) / 2) for times in WORSE]
    values = [0.0] * len(worse)
    for place, gap in enumerate(gaps):
        values = [
            _after(value, gap, rate, max_error) for value, rate in zip(values, worse, strict=True)
        ]
        evidence = math.fsum(values) / len(values)
        if evidence >= ALARM_AT:
            return _alarm(gaps[: place + 1], worse, max_error, evidence)
    return None


def first_shift(confidences: Sequence[float]) -> int | None:
    """The place at which ADWIN finds that the mean of a stream has changed; None if it has not.

    `confidences` are 0 to 1, in the order of the calls."""
    from river.drift import ADWIN

    detector = ADWIN()
    for place, confidence in enumerate(confidences):
        detector.update(confidence)
        if detector.drift_detected:
            return place
    return None


def _after(value: float, gap: int, rate: float, max_error: float) -> float:
    """R ← (1 + R)·likelihood ratio, `gap` times for a right label and once for a wrong one."""
    right, wrong = (1 - rate) / (1 - max_error), rate / max_error
    decay = right**gap
    value = value * decay + right * (1 - decay) / (1 - right)
    return (1 + value) * wrong


def _alarm(gaps: Sequence[int], worse: list[float], max_error: float, evidence: float) -> Alarm:
    begin = max(_turn(gaps, rate, max_error) for rate in worse)[1]
    return Alarm(
        labels=sum(gaps) + len(gaps),
        wrong=len(gaps),
        recent_labels=sum(gaps[begin + 1 :]) + len(gaps) - begin,
        recent_wrong=len(gaps) - begin,
        evidence=evidence,
    )


def _turn(gaps: Sequence[int], rate: float, max_error: float) -> tuple[float, int]:
    """(log-likelihood ratio of the labels since, the error it begins with), the likeliest turn."""
    right, wrong = math.log((1 - rate) / (1 - max_error)), math.log(rate / max_error)
    best, total = (-math.inf, 0), 0.0
    for place in range(len(gaps) - 1, -1, -1):
        total += wrong
        best = max(best, (total, place))
        total += right * gaps[place]
    return best
