"""The gate: which confidence is enough to serve an answer, with a guarantee.

Of the answers that are accepted at most `max_error` are wrong, with probability
`confidence_level`, whatever the score is worth: Learn then Test (Angelopoulos et al. 2021) with
fixed-sequence testing and exact binomial p-values. A poor score costs coverage, never the promise.
It knows confidences and labels only: no boundary, no model, no ledger.

The promise holds for traffic like the labelled pairs. They must not have been used to train the
adapter or to fit the calibrator, and the traffic that gives the thresholds must be other calls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["closed", "open"]

COVERAGES = tuple(0.5 + 0.025 * step for step in range(21))
"""Shares of traffic whose thresholds are tested, in this order: the surest half first."""

MOST_LABELS = 20_000
"""Beyond as many labels "more labels" is no advice any more."""


@dataclass(frozen=True)
class Gate:
    """Whether and from which confidence on answers are served, and why in a sentence."""

    state: State
    threshold: float | None
    max_error: float
    confidence_level: float
    certified_coverage: float
    """Share of the traffic that the threshold accepts, 0 to 1."""
    evidence: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""

    @classmethod
    def never_fitted(cls, max_error: float = 0.05, confidence_level: float = 0.95) -> Gate:
        """The gate of an adapter without evidence: closed."""
        return cls(
            "closed", None, max_error, confidence_level, 0.0, {}, "Closed: it was never fitted."
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Gate:
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def accepts(self, confidence: float | None) -> bool:
        """Whether an answer of this confidence is served; never one that is no number."""
        if self.state != "open" or self.threshold is None or confidence is None:
            return False
        return confidence >= self.threshold


@dataclass(frozen=True)
class Step:
    """One test of the sequence: at `threshold`, `wrong` of `accepted` labelled answers."""

    coverage: float
    threshold: float
    accepted: int
    wrong: int
    p_value: float
    passed: bool


def fit_gate(
    confidences: Sequence[float],
    correct: Sequence[bool],
    traffic_confidences: Sequence[float],
    max_error: float,
    confidence_level: float,
) -> Gate:
    """The gate that n labelled answers certify.

    `confidences` and `correct` have the n labels; `traffic_confidences` are of other, unlabelled
    calls. An answer that can never be served (it does not parse, a hard check fails) is given the
    confidence 0 in both: it counts as traffic but is never accepted. What is not finite counts as
    0. Raises ValueError when the lengths differ or a rate is not between 0 and 1.
    """
    _check(confidences, correct, max_error, confidence_level)
    traffic = [_servable(value) for value in traffic_confidences]
    labels = list(zip(map(_servable, confidences), correct, strict=True))
    steps = _sequence(labels, traffic, max_error, confidence_level)
    passed = [step for step in steps if step.passed]
    evidence = {
        "labels": len(confidences),
        "traffic": len(traffic),
        "steps": [asdict(step) for step in steps],
    }
    if not passed:
        sentence = _closed(steps, len(confidences), len(traffic), max_error, confidence_level)
        return Gate("closed", None, max_error, confidence_level, 0.0, evidence, sentence)
    last = passed[-1]
    covered = sum(value >= last.threshold for value in traffic) / len(traffic)
    sentence = _open(last, covered, max_error, confidence_level)
    return Gate("open", last.threshold, max_error, confidence_level, covered, evidence, sentence)


def p_value(wrong: int, accepted: int, max_error: float) -> float:
    """Chance of at most `wrong` errors among `accepted` if the error rate were `max_error`;
    1 where nothing was accepted."""
    from scipy.stats import binom

    return float(binom.cdf(wrong, accepted, max_error)) if accepted else 1.0


def labels_needed(error: float, max_error: float, confidence_level: float) -> int | None:
    """The fewest accepted answers that would certify, at this observed error rate; None where no
    reasonable number would."""
    import numpy as np
    from scipy.stats import binom

    if error >= max_error:
        return None
    accepted = np.arange(1, MOST_LABELS + 1)
    wrong = np.ceil(error * accepted - 1e-9)
    passing = np.flatnonzero(binom.cdf(wrong, accepted, max_error) <= 1 - confidence_level)
    return int(accepted[passing[0]]) if passing.size else None


def _servable(confidence: float) -> float:
    """The confidence; -inf for what can never be served."""
    return confidence if math.isfinite(confidence) and confidence > 0 else -math.inf


def _check(
    confidences: Sequence[float],
    correct: Sequence[bool],
    max_error: float,
    confidence_level: float,
) -> None:
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences but {len(correct)} labels")
    if not (0 < max_error < 1 and 0 < confidence_level < 1):
        raise ValueError("max_error and confidence_level lie between 0 and 1")


def _sequence(
    labels: list[tuple[float, bool]],
    traffic: list[float],
    max_error: float,
    confidence_level: float,
) -> list[Step]:
    """The tests in order, up to and with the first that fails."""
    steps: list[Step] = []
    for coverage, threshold in _thresholds(traffic) if labels else ():
        accepted = [right for confidence, right in labels if confidence >= threshold]
        wrong = accepted.count(False)
        p = p_value(wrong, len(accepted), max_error)
        passed = p <= 1 - confidence_level
        steps.append(Step(round(coverage, 3), threshold, len(accepted), wrong, p, passed))
        if not passed:
            break
    return steps


def _thresholds(traffic: list[float]) -> list[tuple[float, float]]:
    """(coverage, the confidence that this share of traffic reaches), highest threshold first."""
    surest = sorted(traffic, reverse=True)
    found = [(c, surest[math.ceil(c * len(surest) - 1e-9) - 1]) for c in COVERAGES if surest]
    return [(c, threshold) for c, threshold in found if math.isfinite(threshold)]


def _open(last: Step, covered: float, max_error: float, confidence_level: float) -> str:
    return (
        f"Open from confidence {last.threshold:.3f} on: about {covered:.0%} of calls are served "
        f"locally, at most {max_error:.0%} of them wrong with {confidence_level:.0%} confidence "
        f"({last.wrong} wrong among {last.accepted} checked)."
    )


def _closed(
    steps: list[Step], labels: int, traffic: int, max_error: float, confidence_level: float
) -> str:
    if not labels:
        needed = labels_needed(0.0, max_error, confidence_level)
        return f"Closed: no checked answers yet; at least {needed} are needed."
    if not traffic:
        return "Closed: no other calls yet to draw thresholds from."
    if not steps:
        return "Closed: less than half of the calls get an answer that could be served at all."
    first = steps[0]
    found = f"{first.wrong} wrong among the {first.accepted} surest of {labels} checked answers"
    if not first.accepted:  # the labelled answers are unlike the traffic
        return f"Closed: none of {labels} checked answers is as sure as the surer half of calls."
    needed = labels_needed(first.wrong / first.accepted, max_error, confidence_level)
    if needed is None:
        return f"Closed: {found}; the model must get better before {max_error:.0%} can be promised."
    missing = max(1, math.ceil(needed * labels / first.accepted) - labels)
    return f"Closed: {found}; about {missing} more checked answers are missing."
