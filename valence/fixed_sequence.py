"""Fixed-sequence testing: how far down a sequence of thresholds the labels carry.

Each threshold is a hypothesis, "of what is accepted here more than `max_error` are wrong", tested
by an exact binomial p-value; the first that cannot be rejected ends the sequence (Angelopoulos et
al. 2021). Where a sequence starts and what its thresholds are hangs on numbers of labels and on
confidences alone, never on what labels say. Knows no gate and no answers.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

Label = tuple[float, float]
"""Of one labelled answer the highest threshold that accepts it, and the highest at which it is
accepted and wrong; -inf where there is none."""

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
class Step:
    """One test of a sequence: at `threshold`, `wrong` of `accepted` labelled answers."""

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
        return faultless(max_error, confidence_level)
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


def labels_of(confidences: Sequence[float], correct: Sequence[bool]) -> list[Label]:
    """Labels of whole answers. Raises ValueError when the lengths differ."""
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences but {len(correct)} labels")
    sure = [servable(value) for value in confidences]
    return [(one, -math.inf if right else one) for one, right in zip(sure, correct, strict=True)]


def servable(confidence: float) -> float:
    """The confidence; -inf for what can never be served."""
    return confidence if math.isfinite(confidence) and confidence > 0 else -math.inf


def starts_of(labels: int) -> list[int]:
    """Where sequences start, in steps of coverage. They share the risk evenly, so what one passes
    holds whatever the other did (Angelopoulos et al. 2021: several starts). Their places depend on
    the number of labels alone: chosen by what the labels say, they would break the promise.

    A model whose surer half is not good enough still serves its surest quarter; one whose surer
    half is pays a few points of coverage at most (docs/bench_gate.md).
    """
    if labels < EARLY_FROM:
        return [HALF]
    return [HALF, max(EARLIEST, math.ceil(STEPS * EARLY_LABELS / labels))]


def sequence(
    labels: Sequence[Label],
    thresholds: Sequence[tuple[float, float]],
    max_error: float,
    level: float,
) -> list[Step]:
    """The tests in order, up to and with the first that fails; `thresholds` are (coverage,
    threshold), highest threshold first."""
    if not labels:
        return []
    counts = counts_of(labels, [threshold for _, threshold in thresholds])
    steps: list[Step] = []
    for (coverage, threshold), (accepted, wrong) in zip(thresholds, counts, strict=True):
        p = p_value(wrong, accepted, max_error)
        steps.append(Step(round(coverage, 3), threshold, accepted, wrong, p, p <= 1 - level))
        if not steps[-1].passed:
            break
    return steps


def counts_of(labels: Sequence[Label], thresholds: Sequence[float]) -> list[tuple[int, int]]:
    """(accepted, wrong among them) at each threshold."""
    accepted, wrong = (sorted(label[i] for label in labels) for i in (0, 1))
    return [
        (
            len(labels) - bisect_left(accepted, threshold),
            len(labels) - bisect_left(wrong, threshold),
        )
        for threshold in thresholds
    ]


def could_open(accepted: Sequence[int], max_error: float, level: float) -> bool:
    """Whether the first test of a sequence, on `accepted[0]` labelled answers, could have passed.
    How many there were hangs on confidences alone: a fit that could not spends none of the risk.
    """
    return bool(accepted) and accepted[0] >= faultless(max_error, level)


def thresholds_of(traffic: Sequence[float], start: int) -> list[tuple[float, float]]:
    """(coverage, the confidence that this share of traffic reaches), highest threshold first, from
    `start` 40ths on."""
    surest = sorted(traffic, reverse=True)
    shares = [step / STEPS for step in range(start, STEPS + 1)] if surest else []
    found = [(c, surest[math.ceil(c * len(surest) - 1e-9) - 1]) for c in shares]
    return [(c, threshold) for c, threshold in found if math.isfinite(threshold)]


def faultless(max_error: float, level: float) -> int:
    """How many accepted answers certify if none of them is wrong: `labels_needed(0, …)`, without
    the libraries that take a while to load."""
    return math.ceil(math.log(1 - level) / math.log(1 - max_error) - 1e-9)
