"""How good a variant is on held-out examples, and whether one is better than another.

Judges outputs that are already there. Knows no model, no ledger, and nothing of what follows from
a verdict: that is promotion's.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic

from valence.boundaries.base import Boundary, Input, Output

RESAMPLES = 9999
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trial(Generic[Input, Output]):
    """One held-out example and what a variant made of it; None where that did not parse.

    `latency_ms` is None where it was not measured as a call would be."""

    input: Input
    reference: Output
    output: Output | None
    latency_ms: float | None = None


@dataclass(frozen=True)
class Interval:
    """A share and its two-sided 95% interval, all 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Metrics:
    """Figures over n items. Rates 0 to 1, latencies in milliseconds.

    `exact` is the share that the boundary counts as right; `score` the mean of its score an item.
    precision, recall and f1 are micro over sets of triples, chrf is corpus chrF 0 to 100; each is
    None where the output has no such thing.
    """

    items: int
    exact: Interval
    score: float
    parse_rate: float
    precision: float | None
    recall: float | None
    f1: float | None
    chrf: float | None
    latency_p50_ms: float
    latency_p95_ms: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Evaluated:
    """A variant's metrics with its verdict on each item, in the order of the items."""

    variant: str
    metrics: Metrics
    scores: tuple[float, ...]
    correct: tuple[bool, ...]


@dataclass(frozen=True)
class Comparison:
    """Candidate against incumbent on the same items; `difference` is of mean scores."""

    difference: float
    p_value: float
    wins: int
    losses: int
    ties: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    boundary: Boundary[Input, Output], variant: str, trials: Sequence[Trial[Input, Output]]
) -> Evaluated:
    """Judges each trial and sums up. Raises ValueError without trials."""
    if not trials:
        raise ValueError("there is nothing to evaluate on")
    scores = tuple(_score(boundary, trial) for trial in trials)
    correct = tuple(_correct(boundary, trial) for trial in trials)
    return Evaluated(variant, _metrics(trials, scores, correct), scores, correct)


def compare(
    candidate_scores: Sequence[float], incumbent_scores: Sequence[float], seed: int = 0
) -> Comparison:
    """Paired one-sided test that the candidate's mean score is the higher one.

    Sign-flip permutation of the differences (Fisher 1935): exact for up to 13 items, else 9,999
    seeded resamples. Raises ValueError when the lengths differ.
    """
    pairs = list(zip(candidate_scores, incumbent_scores, strict=True))
    differences = [ours - theirs for ours, theirs in pairs]
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    ties = len(differences) - wins - losses
    if not wins and not losses:
        return Comparison(0.0, 1.0, 0, 0, ties)
    mean = math.fsum(differences) / len(differences)
    return Comparison(mean, _sign_flip(differences, seed), wins, losses, ties)


def mcnemar(candidate_correct: Sequence[bool], incumbent_correct: Sequence[bool]) -> float:
    """Exact one-sided p-value that the candidate is right more often (McNemar 1947)."""
    from scipy.stats import binomtest

    pairs = list(zip(candidate_correct, incumbent_correct, strict=True))
    wins, losses = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    if not wins + losses:
        return 1.0
    return float(binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue)


def share(successes: int, trials: int) -> Interval:
    """A share with its exact interval (Clopper and Pearson 1934); 0 to 1 without trials.

    In plain Python: a status is wanted at once, and scipy takes a second to load.
    """
    if not trials:
        return Interval(0.0, 0.0, 1.0)
    low = 1 - _highest_rate(trials - successes, trials)
    return Interval(successes / trials, low, _highest_rate(successes, trials))


def _highest_rate(successes: int, trials: int) -> float:
    """The rate at which so few successes have half of the chance that the interval leaves out."""
    if successes == trials:
        return 1.0
    low, high = successes / trials, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        if _chance_of_at_most(successes, trials, middle) > (1 - CONFIDENCE) / 2:
            low = middle
        else:
            high = middle
    return high


def _chance_of_at_most(successes: int, trials: int, rate: float) -> float:
    """The lower binomial tail, for a rate above successes / trials and below 1: its terms fall
    from the last one on, so that few of them matter."""
    ways = (
        math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    )
    failures = (trials - successes) * math.log1p(-rate)
    total = term = math.exp(ways + successes * math.log(rate) + failures)
    odds = (1 - rate) / rate
    for count in range(successes, 0, -1):
        term *= count * odds / (trials - count + 1)
        total += term
        if term < total * sys.float_info.epsilon:
            break
    return total


def percentile(values: Sequence[float], q: float) -> float:
    """The q-quantile (0 to 1) by nearest rank; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else 0.0


def _score(boundary: Boundary[Input, Output], trial: Trial[Input, Output]) -> float:
    return 0.0 if trial.output is None else boundary.score(trial.output, trial.reference)


def _correct(boundary: Boundary[Input, Output], trial: Trial[Input, Output]) -> bool:
    output = trial.output
    return output is not None and boundary.correct(output, trial.reference, trial.input)


def _metrics(
    trials: Sequence[Trial[Any, Any]], scores: tuple[float, ...], correct: tuple[bool, ...]
) -> Metrics:
    count = len(trials)
    latencies = [trial.latency_ms for trial in trials if trial.latency_ms is not None]
    precision, recall, f1 = _of_sets(trials)
    return Metrics(
        items=count,
        exact=share(sum(correct), count),
        score=math.fsum(scores) / count,
        parse_rate=sum(trial.output is not None for trial in trials) / count,
        precision=precision,
        recall=recall,
        f1=f1,
        chrf=_of_texts(trials),
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
    )


def _of_sets(
    trials: Sequence[Trial[Any, Any]],
) -> tuple[float | None, float | None, float | None]:
    """Micro precision, recall and F1 where outputs are tuples of parts."""
    if not isinstance(trials[0].reference, tuple):
        return None, None, None
    found = sum(len(set(t.output or ())) for t in trials)
    wanted = sum(len(set(t.reference)) for t in trials)
    hits = sum(len(set(t.output or ()) & set(t.reference)) for t in trials)
    return (
        hits / found if found else 0.0,
        hits / wanted if wanted else 0.0,
        2 * hits / (found + wanted) if found + wanted else 0.0,
    )


def _of_texts(trials: Sequence[Trial[Any, Any]]) -> float | None:
    """Corpus chrF (Popović 2015; sacrebleu), 0 to 100, where outputs are texts."""
    if not isinstance(trials[0].reference, str):
        return None
    from sacrebleu.metrics.chrf import CHRF

    outputs = [trial.output or "" for trial in trials]
    return float(CHRF().corpus_score(outputs, [[t.reference for t in trials]]).score)


def _sign_flip(differences: list[float], seed: int) -> float:
    import numpy as np
    from scipy.stats import permutation_test

    found = permutation_test(
        (np.array(differences),),
        np.mean,
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, 2_000_000 // len(differences)),
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)
