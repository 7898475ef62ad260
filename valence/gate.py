"""The gate: which confidence is enough to serve an answer, with a guarantee.

Of the answers that are accepted at most `max_error` are wrong, with probability
`confidence_level`, whatever the score is worth: Learn then Test (Angelopoulos et al. 2021) with
fixed-sequence testing, from one start or from two. A poor score costs coverage, never the promise.
It knows confidences and labels only: no boundary, no model, no
ledger, no clock.

The promise holds for traffic like the labelled pairs. They must not have been used to train the
adapter or to fit the scorer, and the traffic that gives the thresholds must be other calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from valence.fixed_sequence import (
    Label,
    Step,
    could_open,
    faultless,
    labels_needed,
    labels_of,
    level_of,
    sequence,
    servable,
    starts_of,
    thresholds_of,
)

State = Literal["closed", "open", "suspended"]


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
        needed = faultless(max_error, level_of(0, confidence_level))
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
        mine = in_words(self.max_error, self.confidence_level)
        asked = in_words(max_error, confidence_level)
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
    traffic = [servable(value) for value in traffic_confidences]
    return _fit(
        labels_of(confidences, correct),
        traffic,
        max_error,
        confidence_level,
        look,
        "served locally",
    )


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
    return max(map(servable, confidences), default=-math.inf)


def _fit(
    labels: list[Label],
    traffic: list[float],
    max_error: float,
    confidence_level: float,
    look: int | None,
    how: str,
) -> Gate:
    if not (0 < max_error < 1 and 0 < confidence_level < 1):
        raise ValueError("max_error and confidence_level lie between 0 and 1")
    level = confidence_level if look is None else level_of(look, confidence_level)
    starts = starts_of(len(labels))
    level = 1 - (1 - level) / len(starts)
    steps = [
        step
        for start in starts
        for step in sequence(labels, thresholds_of(traffic, start), max_error, level)
    ]
    evidence = {
        "labels": len(labels),
        "traffic": len(traffic),
        "look": look,
        "level": level,
        "steps": [dict(vars(step)) for step in steps],
    }
    passed = [step for step in steps if step.passed]
    if not passed:
        spent = could_open([step.accepted for step in steps], max_error, level)
        following = confidence_level if look is None else level_of(look + spent, confidence_level)
        following = 1 - (1 - following) / len(starts)
        missing = _missing(steps, len(labels), max_error, following)
        sentence = _closed(steps, len(labels), len(traffic), max_error, missing)
        return Gate("closed", None, max_error, confidence_level, 0.0, evidence, sentence, missing)
    last = min(passed, key=lambda step: step.threshold)
    covered = sum(value >= last.threshold for value in traffic) / len(traffic)
    sentence = _open(last, covered, max_error, confidence_level, how)
    return Gate("open", last.threshold, max_error, confidence_level, covered, evidence, sentence)


def _missing(steps: list[Step], labels: int, max_error: float, level: float) -> int | None:
    """About how many more labels would certify the surest half, were they like those so far."""
    if not labels:
        return faultless(max_error, level)
    if not steps or not steps[0].accepted:
        return None
    accepted = steps[0].accepted
    needed = labels_needed(steps[0].wrong / accepted, max_error, level)
    return None if needed is None else max(1, math.ceil(needed * labels / accepted) - labels)


def _open(last: Step, covered: float, max_error: float, confidence_level: float, how: str) -> str:
    return (
        f"Open from confidence {last.threshold:.3f} on: about {covered:.0%} of calls are {how}, "
        f"{in_words(max_error, confidence_level)} "
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


def in_words(max_error: float, confidence_level: float) -> str:
    """The promise, as the sentences of gates say it."""
    wrong, confidence = _percent(max_error), _percent(confidence_level)
    return f"at most {wrong} of them wrong with {confidence} confidence"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
