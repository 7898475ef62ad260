"""What has worked: for each kind of problem the approaches with their counts of success.

Plain data that any model can use: kinds, approaches, counts. It proposes an approach only where
enough problems of the kind were gone about in that way, and says what that rests on. Knows
neither where trajectories come from nor what becomes of a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.hierarchy import Count, Hierarchy, Pair, Trial, fit_hierarchy
from valence.strategies.kinds import Kinds, Space

if TYPE_CHECKING:
    from models.label_model import LabelModel

FEWEST = 5.0
"""Trials of an approach at a kind of problem below which it is not proposed."""
LEVEL = 0.9
"""Of the interval: the lower end has a chance of 95% to be below the rate."""
EVIDENCE = 5
"""Trajectories that are named as evidence, at most."""
FORMAT = 1


@dataclass(frozen=True)
class Case:
    """A trajectory as it is learned from: its outcome is P(success), 0 to 1; `task` groups it."""

    id: str
    task: str
    problem: str
    approach: str
    outcome: float


@dataclass(frozen=True)
class Estimate:
    """How often an approach works at a kind of problem: P(success) with its interval, and what it
    rests on."""

    approach: str
    probability: float
    low: float
    high: float
    trials: float
    successes: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """The approach for a problem, or why there is none; `usual` is P(success) of the kind
    whatever the approach."""

    kind: str | None
    best: Estimate | None
    reason: str
    usual: float
    others: tuple[Estimate, ...] = ()


@dataclass(frozen=True)
class Strategies:
    """The strategies of one agent, and the fusion that told its outcomes."""

    kinds: Kinds
    hierarchy: Hierarchy
    fusion: LabelModel
    evidence: Mapping[Pair, tuple[str, ...]] = field(default_factory=dict)

    def propose(self, problem: str, space: Space | None) -> Proposal:
        """The approach whose success is surest at problems of this kind."""
        [kind] = self.kinds.of([problem], space)
        usual = self.hierarchy.group_rate(kind)
        if kind is None:
            return Proposal(None, None, "no evidence: like no kind of problem seen before", usual)
        known = self.estimates(kind)
        ranked = sorted(known, key=lambda each: (-each.low, each.approach))
        enough = [each for each in ranked if each.trials >= FEWEST]
        if not enough:
            reason = f"no evidence: no approach was taken {FEWEST:.0f} times at such problems"
            return Proposal(kind, None, reason, usual, tuple(ranked))
        best = enough[0]
        others = tuple(each for each in ranked if each is not best)
        reason = f"worked {best.successes:.4g} of {best.trials:.4g} times at such problems"
        return Proposal(kind, best, reason, usual, others)

    def estimates(self, kind: str) -> list[Estimate]:
        """Each approach that was taken at the kind."""
        return [
            self._estimate(pair, count)
            for pair, count in self.hierarchy.pairs.items()
            if pair[0] == kind and count.trials > 0
        ]

    def predict(self, cases: Sequence[Case], space: Space | None) -> list[float]:
        """P(success) of each case by its problem and approach."""
        kinds = self.kinds.of([case.problem for case in cases], space)
        return [
            self.hierarchy.predict(kind, case.approach)
            for kind, case in zip(kinds, cases, strict=True)
        ]

    def _estimate(self, pair: Pair, count: Count) -> Estimate:
        kind, approach = pair
        low, high = self.hierarchy.interval(kind, approach, LEVEL)
        return Estimate(
            approach=approach,
            probability=self.hierarchy.predict(kind, approach),
            low=low,
            high=high,
            trials=count.trials,
            successes=count.successes,
            evidence=self.evidence.get(pair, ()),
        )

    def to_json(self, vectors: bool = True, evidence: bool = True) -> dict[str, Any]:
        """Plain JSON; without vectors and evidence it holds no more of a problem than words that
        several have."""
        return {
            "format": FORMAT,
            **self.kinds.to_json(vectors),
            "strength": self.hierarchy.strength,
            "strategies": [
                {
                    "kind": kind,
                    "approach": approach,
                    "trials": round(count.trials, 6),
                    "successes": round(count.successes, 6),
                    "evidence": list(self.evidence.get((kind, approach), ())) if evidence else [],
                }
                for (kind, approach), count in self.hierarchy.pairs.items()
                if count.trials > 0
            ],
            "fusion": self.fusion.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Strategies:
        """Raises KeyError, TypeError or ValueError when the data holds none."""
        from models.label_model import LabelModel

        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}, this one reads {FORMAT}")
        counts: dict[Pair, Count] = {}
        evidence: dict[Pair, tuple[str, ...]] = {}
        for each in data["strategies"]:
            pair = (None if each["kind"] is None else str(each["kind"]), str(each["approach"]))
            counts[pair] = _count(each)
            evidence[pair] = tuple(map(str, each.get("evidence", ())))
        hierarchy = Hierarchy.of(counts, _positive(data["strength"]))
        return cls(
            Kinds.from_json(data), hierarchy, LabelModel.from_json(data["fusion"]), evidence
        )


def learn_strategies(
    cases: Sequence[Case], kinds: Kinds, told: Sequence[str | None], fusion: LabelModel
) -> Strategies:
    """The strategies that the cases teach; `told` is the kind of each."""
    evidence: dict[Pair, tuple[str, ...]] = {}
    for kind, case in zip(told, cases, strict=True):
        if case.outcome >= 0.5:
            before = evidence.get((kind, case.approach), ())
            evidence[kind, case.approach] = (*before, case.id)[-EVIDENCE:]
    return Strategies(kinds, fit_hierarchy(trials_of(cases, told)), fusion, evidence)


def trials_of(cases: Sequence[Case], told: Sequence[str | None]) -> list[Trial]:
    """The cases as trials of their approach at their kind of problem."""
    return [
        Trial(kind, case.approach, case.outcome, case.task)
        for kind, case in zip(told, cases, strict=True)
    ]


def _count(data: Mapping[str, Any]) -> Count:
    count = Count(float(data["successes"]), float(data["trials"]))
    if not 0 <= count.successes <= count.trials < float("inf"):
        raise ValueError(f"{count.successes} of {count.trials} is no count of successes")
    return count


def _positive(value: Any) -> float:
    number = float(value)
    if not 0 < number < float("inf"):
        raise ValueError(f"{number} is no strength of a prior")
    return number
