"""The gate: which confidence is enough to serve an answer, with a guarantee.

Of the answers that are accepted at most `max_error` are wrong, with probability
`confidence_level`, whatever the score is worth: Learn then Test (Angelopoulos et al. 2021) with
fixed-sequence testing, from one start or from two, and exact binomial p-values. A poor score
costs coverage, never the promise. It knows confidences and labels only: no boundary, no model, no
ledger, no clock.

The promise holds for traffic like the labelled pairs. They must not have been used to train the
adapter or to fit the scorer, and the traffic that gives the thresholds must be other calls.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

State = Literal["closed", "open", "suspended"]

STEPS = 40
"""Thresholds are tested at every 40th of the traffic, from a start on up to all of it."""

HALF = 20
"""The first start in these steps: the surest half."""

EARLIEST, EARLY_LABELS, EARLY_FROM = 4, 250, 600
"""From 600 labels on there is a second start, where 250 of them are expected to be accepted, but
not below a tenth of the traffic. Fewer than 250 certify little: 6 wrong ones are too many then."""

MOST_LABELS = 20_000
"""Beyond as many labels "more labels" is no advice any more."""

FIRST_SHARE = 0.75
"""Share of the risk that the first fit of a gate spends; the next spends as much of the rest."""


@dataclass(frozen=True)
class Gate:
    """Whether and from which confidence on answers are served, and why in a sentence.

    closed: there is not evidence enough. open: it is certified. suspended: it was, until what it
    served proved to be worse.
    """

    state: State
    threshold: float | None
    max_error: float
    confidence_level: float
    certified_coverage: float
    """Share of the traffic that the threshold accepts, 0 to 1."""
    evidence: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""
    labels_missing: int | None = None
    """About how many more checked answers could open it; None where they alone could not."""

    @classmethod
    def never_fitted(cls, max_error: float = 0.05, confidence_level: float = 0.95) -> Gate:
        """The gate of an adapter without evidence: closed. What is missing is the least that a
        first fit could open on: that many answers accepted, and not one of them wrong."""
        needed = _faultless(max_error, level_of(0, confidence_level))
        sentence = f"Closed: no answer has been checked yet; {_at_least(needed)}."
        return cls("closed", None, max_error, confidence_level, 0.0, {}, sentence, needed)

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

    def under(self, max_error: float, confidence_level: float) -> Gate:
        """This gate where that promise is asked for: closed if its own is a weaker one."""
        kept = self.max_error <= max_error and self.confidence_level >= confidence_level
        if self.state != "open" or kept:
            return self
        mine = _promise(self.max_error, self.confidence_level)
        asked = _promise(max_error, confidence_level)
        sentence = f"Closed: it was opened for {mine}; the settings ask for {asked} now."
        return replace(self, state="closed", certified_coverage=0.0, sentence=sentence)

    def suspend(self, at: str, found: str, evidence: Mapping[str, Any]) -> Gate:
        """The gate after what it served has proved worse than promised.

        `at` is the time as ISO text, `found` says in words what was seen; `evidence` is added to
        the gate's own.
        """
        since = f"{at[:10]} {at[11:16]} UTC"
        sentence = (
            f"Suspended since {since}: {found}, where at most {_percent(self.max_error)} may be. "
            "Everything goes to the frontier until it is trained anew, or until answers given "
            "since then certify it again."
        )
        found_now = self.evidence | dict(evidence)
        return replace(
            self,
            state="suspended",
            certified_coverage=0.0,
            evidence=found_now,
            sentence=sentence,
            labels_missing=None,
        )


@dataclass(frozen=True)
class Step:
    """One test of the sequence: at `threshold`, `wrong` of `accepted` labelled answers."""

    coverage: float
    threshold: float
    accepted: int
    wrong: int
    p_value: float
    passed: bool


def level_of(look: int, confidence_level: float) -> float:
    """The confidence level at which fit number `look` (0, 1, …) of one unit's gate is tested.

    The risk is split over all the fits that a unit may see, ¾·¼ʲ of it to the j-th, so that all of
    them together break the promise no more often than one may (Bonferroni). Without an error the
    first needs 65 accepted answers (59 if there were never another), then 92, 119, 146: 27 more a
    look, while labels double from look to look. Halving would ask 72 of the first fit, which is
    the only one for most adapters. Raises ValueError for a negative look.
    """
    if look < 0:
        raise ValueError(f"there is no look number {look}")
    return 1 - (1 - confidence_level) * FIRST_SHARE * (1 - FIRST_SHARE) ** look


def fit_gate(
    confidences: Sequence[float],
    correct: Sequence[bool],
    traffic_confidences: Sequence[float],
    max_error: float,
    confidence_level: float,
    look: int | None = None,
) -> Gate:
    """The gate that n labelled answers certify.

    `confidences` and `correct` have the n labels; `traffic_confidences` are of other, unlabelled
    calls. An answer that can never be served (it does not parse, a hard check fails) is given the
    confidence 0 in both: it counts as traffic but is never accepted. What is not finite counts as
    0. `look` counts the fits of one unit from 0 on and takes its part of the risk (`level_of`);
    None spends all of it, for a gate that is never fitted again. Raises ValueError when the
    lengths differ or a rate is not between 0 and 1.
    """
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences but {len(correct)} labels")
    sure = [_servable(value) for value in confidences]
    labels = [(one, -math.inf if right else one) for one, right in zip(sure, correct, strict=True)]
    traffic = [_servable(value) for value in traffic_confidences]
    return _fit(labels, traffic, max_error, confidence_level, look, "served locally")


def fit_partial_gate(
    answers: Sequence[Sequence[tuple[float, bool]]],
    traffic: Sequence[Sequence[float]],
    max_error: float,
    confidence_level: float,
    look: int | None = None,
) -> Gate:
    """The gate for serving of each answer the parts that are sure enough, as `fit_gate`.

    `answers` have (confidence, right) of each part, `traffic` the confidences of others' parts. An
    answer is served where one part is, and wrong where one of the parts that are served is: parts
    of one answer err together, answers do not.
    """
    labels = [
        (_surest(c for c, _ in parts), _surest(c for c, right in parts if not right))
        for parts in answers
    ]
    surest = [_surest(parts) for parts in traffic]
    how = "served locally, as far as each fact is sure"
    return _fit(labels, surest, max_error, confidence_level, look, how)


def _surest(confidences: Iterable[float]) -> float:
    return max(map(_servable, confidences), default=-math.inf)


def _fit(
    labels: list[tuple[float, float]],
    traffic: list[float],
    max_error: float,
    confidence_level: float,
    look: int | None,
    how: str,
) -> Gate:
    """Each label is (the highest threshold that accepts the answer, the highest at which it is
    accepted and wrong)."""
    if not (0 < max_error < 1 and 0 < confidence_level < 1):
        raise ValueError("max_error and confidence_level lie between 0 and 1")
    level = confidence_level if look is None else level_of(look, confidence_level)
    starts = _starts(len(labels))
    level = 1 - (1 - level) / len(starts)
    steps = [s for start in starts for s in _sequence(labels, traffic, max_error, level, start)]
    evidence = {
        "labels": len(labels),
        "traffic": len(traffic),
        "look": look,
        "level": level,
        "steps": [dict(vars(step)) for step in steps],
    }
    passed = [step for step in steps if step.passed]
    if not passed:
        following = confidence_level if look is None else level_of(look + 1, confidence_level)
        following = 1 - (1 - following) / len(starts)
        missing = _missing(steps, len(labels), max_error, following)
        sentence = _closed(steps, len(labels), len(traffic), max_error, missing)
        return Gate("closed", None, max_error, confidence_level, 0.0, evidence, sentence, missing)
    last = min(passed, key=lambda step: step.threshold)
    covered = sum(value >= last.threshold for value in traffic) / len(traffic)
    sentence = _open(last, covered, max_error, confidence_level, how)
    return Gate("open", last.threshold, max_error, confidence_level, covered, evidence, sentence)


def p_value(wrong: int, accepted: int, max_error: float) -> float:
    """Chance of at most `wrong` errors among `accepted` if the error rate were `max_error`;
    1 where nothing was accepted."""
    from scipy.special import bdtr

    return float(bdtr(wrong, accepted, max_error)) if accepted else 1.0


def labels_needed(error: float, max_error: float, confidence_level: float) -> int | None:
    """The fewest accepted answers that would certify, at this observed error rate; None where no
    reasonable number would."""
    if error >= max_error:
        return None
    if error <= 0:
        return _faultless(max_error, confidence_level)
    import numpy as np
    from scipy.special import bdtr

    # Of all counts with as many errors, the largest has the smallest p-value.
    wrong = np.arange(math.ceil(error * MOST_LABELS) + 1)
    largest = np.minimum(np.floor(wrong / error + 1e-9), MOST_LABELS).astype(int)
    passing = np.flatnonzero(bdtr(wrong, largest, max_error) <= 1 - confidence_level)
    if not passing.size:
        return None
    fewest = int(passing[0])
    counts = np.arange(largest[fewest - 1] + 1, largest[fewest] + 1)
    passes = bdtr(fewest, counts, max_error) <= 1 - confidence_level
    return int(counts[np.argmax(passes)])


def _servable(confidence: float) -> float:
    """The confidence; -inf for what can never be served."""
    return confidence if math.isfinite(confidence) and confidence > 0 else -math.inf


def _starts(labels: int) -> list[int]:
    """Where sequences start, in steps of coverage. They share the risk evenly, so what one passes
    holds whatever the other did (Angelopoulos et al. 2021: several starts). Their places depend on
    the number of labels alone: chosen by what the labels say, they would break the promise.

    A model whose surer half is not good enough still serves its surest quarter; one whose surer
    half is pays a few points of coverage at most (docs/bench_gate.md).
    """
    if labels < EARLY_FROM:
        return [HALF]
    return [HALF, max(EARLIEST, math.ceil(STEPS * EARLY_LABELS / labels))]


def _sequence(
    labels: list[tuple[float, float]],
    traffic: list[float],
    max_error: float,
    level: float,
    start: int,
) -> list[Step]:
    """The tests in order, up to and with the first that fails."""
    thresholds = _thresholds(traffic, start) if labels else []
    counts = _counts(labels, [threshold for _, threshold in thresholds])
    steps: list[Step] = []
    for (coverage, threshold), (accepted, wrong) in zip(thresholds, counts, strict=True):
        p = p_value(wrong, accepted, max_error)
        steps.append(Step(round(coverage, 3), threshold, accepted, wrong, p, p <= 1 - level))
        if not steps[-1].passed:
            break
    return steps


def _counts(labels: list[tuple[float, float]], thresholds: list[float]) -> list[tuple[int, int]]:
    """(accepted, wrong among them) at each threshold."""
    accepted, wrong = (sorted(label[i] for label in labels) for i in (0, 1))
    return [
        (
            len(labels) - bisect_left(accepted, threshold),
            len(labels) - bisect_left(wrong, threshold),
        )
        for threshold in thresholds
    ]


def _thresholds(traffic: list[float], start: int) -> list[tuple[float, float]]:
    """(coverage, the confidence that this share of traffic reaches), highest threshold first."""
    surest = sorted(traffic, reverse=True)
    shares = [step / STEPS for step in range(start, STEPS + 1)] if surest else []
    found = [(c, surest[math.ceil(c * len(surest) - 1e-9) - 1]) for c in shares]
    return [(c, threshold) for c, threshold in found if math.isfinite(threshold)]


def _faultless(max_error: float, level: float) -> int:
    """How many accepted answers certify if none of them is wrong: `labels_needed(0, …)`, without
    the libraries that take a while to load."""
    return math.ceil(math.log(1 - level) / math.log(1 - max_error) - 1e-9)


def _missing(steps: list[Step], labels: int, max_error: float, level: float) -> int | None:
    """About how many more labels would certify the surest half, were they like those so far."""
    if not labels:
        return _faultless(max_error, level)
    if not steps or not steps[0].accepted:
        return None
    accepted = steps[0].accepted
    needed = labels_needed(steps[0].wrong / accepted, max_error, level)
    return None if needed is None else max(1, math.ceil(needed * labels / accepted) - labels)


def _open(last: Step, covered: float, max_error: float, confidence_level: float, how: str) -> str:
    return (
        f"Open from confidence {last.threshold:.3f} on: about {covered:.0%} of calls are {how}, "
        f"{_promise(max_error, confidence_level)} "
        f"({last.wrong} wrong among {last.accepted} checked)."
    )


def _closed(
    steps: list[Step], labels: int, traffic: int, max_error: float, missing: int | None
) -> str:
    if not labels:
        return f"Closed: no checked answers yet; {_at_least(missing)}."
    if not traffic:
        return "Closed: no other calls yet to draw thresholds from."
    if not steps:
        return "Closed: less than half of the calls get an answer that could be served at all."
    first = steps[0]
    if not first.accepted:  # the labelled answers are unlike the traffic
        return f"Closed: none of {labels} checked answers is as sure as the surer half of calls."
    found = f"{first.wrong} wrong among the {first.accepted} surest of {labels} checked answers"
    if missing is None:
        asked = f"at most {_percent(max_error)} wrong"
        return f"Closed: {found}; the model must get better before {asked} can be promised."
    return f"Closed: {found}; about {missing} more checked answers are missing."


def _at_least(missing: int | None) -> str:
    return f"at least {missing} are missing, more if one of them proves wrong"


def _promise(max_error: float, confidence_level: float) -> str:
    wrong, confidence = _percent(max_error), _percent(confidence_level)
    return f"at most {wrong} of them wrong with {confidence} confidence"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
