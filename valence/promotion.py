"""From candidate to active: whether a trained adapter is good enough to serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from valence.evaluation import Comparison, Evaluated, compare

MAX_P_VALUE = 0.05
MIN_PARSE_RATE = 0.5


@dataclass(frozen=True)
class Decision:
    """Whether the candidate is promoted, and why in a sentence a person understands."""

    promote: bool
    reason: str
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


def decide(candidate: Evaluated, incumbents: Mapping[str, Evaluated], seed: int = 0) -> Decision:
    """Promotes a candidate that parses and is better beyond chance than every incumbent.

    `incumbents` (builtin, base, previous) are judged on the same items in the same order. Being
    better than all of them is one claim that every test must carry, so no correction for several
    tests is due (intersection-union test; Berger 1982).
    """
    comparisons = {
        name: compare(candidate.scores, other.scores, seed) for name, other in incumbents.items()
    }
    problem = _unreadable(candidate) or _not_better(candidate, incumbents, comparisons)
    if problem:
        return Decision(False, problem, comparisons)
    return Decision(True, _better(candidate, incumbents, comparisons), comparisons)


def _unreadable(candidate: Evaluated) -> str | None:
    rate = candidate.metrics.parse_rate
    if rate >= MIN_PARSE_RATE:
        return None
    return f"only {rate:.0%} of its answers can be read; at least {MIN_PARSE_RATE:.0%} must be"


def _not_better(
    candidate: Evaluated,
    incumbents: Mapping[str, Evaluated],
    comparisons: Mapping[str, Comparison],
) -> str | None:
    for name, found in comparisons.items():
        figures = _figures(candidate, incumbents[name], found)
        if found.difference <= 0:
            return f"not better than {name}: {figures}"
        if found.p_value > MAX_P_VALUE:
            return f"not better than {name} beyond chance: {figures}"
    return None


def _better(
    candidate: Evaluated,
    incumbents: Mapping[str, Evaluated],
    comparisons: Mapping[str, Comparison],
) -> str:
    parts = [
        f"{name} ({_figures(candidate, incumbents[name], found)})"
        for name, found in comparisons.items()
    ]
    return "better than " + ", ".join(parts) if parts else "nothing to compare it with"


def _figures(candidate: Evaluated, other: Evaluated, found: Comparison) -> str:
    return (
        f"score {candidate.metrics.score:.3f} against {other.metrics.score:.3f} on "
        f"{candidate.metrics.items} held-out texts, {found.wins} better and {found.losses} worse, "
        f"p = {found.p_value:.2g}"
    )
