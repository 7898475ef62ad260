"""What has worked: for each kind of problem the approaches, with how often they succeeded.

Plain data that any model can use. It proposes an approach only where enough problems of the kind
were gone about in that way, and says what that rests on. Knows neither where trajectories come
from nor what becomes of a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from models.logistic import Logistic, best_prior, fit_logistic, out_of_fold
from valence.strategies.approach import PHASES, phases_in
from valence.strategies.kinds import Kinds, Space
from valence.strategies.outcome import folds_of

FEWEST = 5
"""Trials of an approach at a kind of problem below which it is not proposed."""
LEVEL = 0.9
"""Of the interval: the lower end has a chance of 95% to be below the rate."""
EVIDENCE = 5
"""Trajectories that are named as evidence, at most."""
FORMAT = 1

Told = Sequence[str | None]
"""The kind of each case's problem; None where it is like no kind."""


@dataclass(frozen=True)
class Case:
    """A trajectory as it is learned from: its outcome is P(success), 0 to 1; `task` groups it."""

    id: str
    task: str
    problem: str
    approach: str
    outcome: float


@dataclass(frozen=True)
class Strategy:
    """An approach to a kind of problem: P(success) with its interval, how often it was taken, how
    often it succeeded (in sum of outcomes), and trajectories in which it did."""

    kind: str
    approach: str
    probability: float
    low: float
    high: float
    trials: int
    successes: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """The strategy for a problem, or why there is none; `usual` is P(success) of the kind whatever
    the approach, `others` what else was tried."""

    kind: str | None
    best: Strategy | None
    reason: str
    usual: float
    others: tuple[Strategy, ...] = ()


@dataclass(frozen=True)
class Strategies:
    """The strategies of one agent. `predictor` tells P(success) of any kind and approach, `alone`
    of a kind by itself, and `fusion` told the outcomes that they were fitted on."""

    kinds: Kinds
    strategies: tuple[Strategy, ...]
    predictor: Logistic
    alone: Logistic
    fusion: Logistic

    def propose(self, problem: str, space: Space | None) -> Proposal:
        """The approach whose success is surest at problems of this kind."""
        [kind] = self.kinds.of([problem], space)
        usual = self.usual(kind)
        if kind is None:
            return Proposal(None, None, "no evidence: like no kind of problem seen before", usual)
        ranked = self.ranked(kind)
        best = next((each for each in ranked if each.trials >= FEWEST), None)
        if best is None:
            reason = f"no evidence: no approach was taken {FEWEST} times at such problems"
            return Proposal(kind, None, reason, usual, tuple(ranked))
        others = tuple(each for each in ranked if each is not best)
        reason = f"it worked {best.successes:.3g} of {best.trials} times at such problems"
        return Proposal(kind, best, reason, usual, others)

    def ranked(self, kind: str) -> list[Strategy]:
        """The strategies for a kind, the surest first."""
        found = [each for each in self.strategies if each.kind == kind]
        return sorted(found, key=lambda each: (-each.low, each.approach))

    def usual(self, kind: str | None) -> float:
        """P(success) at a kind of problem, whatever the approach."""
        return self.alone(_features(kind))

    def predict(self, cases: Sequence[Case], space: Space | None) -> list[float]:
        """P(success) of each case by its problem and approach."""
        told = self.kinds.of([case.problem for case in cases], space)
        return [
            self.predictor(_features(kind, case.approach))
            for kind, case in zip(told, cases, strict=True)
        ]

    def portable(self) -> Strategies:
        """Without vectors and ids: no more of a problem than words that several of them have."""
        return replace(
            self,
            kinds=self.kinds.without_vectors(),
            strategies=tuple(replace(each, evidence=()) for each in self.strategies),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **self.kinds.to_json(),
            "strategies": [asdict(each) for each in self.strategies],
            "predictor": self.predictor.to_json(),
            "alone": self.alone.to_json(),
            "fusion": self.fusion.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Strategies:
        """Raises LookupError, TypeError, ValueError or AttributeError when the data holds none."""
        if not isinstance(data, Mapping):
            raise TypeError("it is not a JSON object")
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}, this one reads {FORMAT}")
        return cls(
            kinds=Kinds.from_json(data),
            strategies=tuple(map(_strategy, data["strategies"])),
            predictor=Logistic.from_json(data["predictor"]),
            alone=Logistic.from_json(data["alone"]),
            fusion=Logistic.from_json(data["fusion"]),
        )


def learn_strategies(
    cases: Sequence[Case], kinds: Kinds, told: Told, fusion: Logistic
) -> Strategies:
    """The strategies that the cases (at least one) teach."""
    rows, outcomes = _rows(cases, told), [case.outcome for case in cases]
    folds = folds_of([case.task for case in cases])
    fitted = fit_logistic(rows, outcomes, best_prior(rows, outcomes, folds))
    strategies = tuple(
        Strategy(
            kind,
            approach,
            fitted.model(_features(kind, approach)),
            *fitted.interval(_features(kind, approach), LEVEL),
            trials=len(own),
            successes=sum(case.outcome for case in own),
            evidence=tuple(case.id for case in own if case.outcome >= 0.5)[-EVIDENCE:],
        )
        for (kind, approach), own in _pairs(cases, told).items()
    )
    by_kind = [_features(kind) for kind in told]
    alone = fit_logistic(by_kind, outcomes, best_prior(by_kind, outcomes, folds))
    return Strategies(kinds, strategies, fitted.model, alone.model, fusion)


def held_out(cases: Sequence[Case], told: Told) -> tuple[list[float], list[float]]:
    """P(success) of each case with its approach and by its kind alone, fitted on other tasks."""
    rows, outcomes = _rows(cases, told), [case.outcome for case in cases]
    folds = folds_of([case.task for case in cases])
    by_kind = [_features(kind) for kind in told]
    with_approach = out_of_fold(rows, outcomes, folds, best_prior(rows, outcomes, folds))
    by_kind_alone = out_of_fold(by_kind, outcomes, folds, best_prior(by_kind, outcomes, folds))
    return with_approach, by_kind_alone


def _rows(cases: Sequence[Case], told: Told) -> list[set[str]]:
    return [_features(kind, case.approach) for kind, case in zip(told, cases, strict=True)]


def _features(kind: str | None, approach: str | None = None) -> set[str]:
    """The kind, the phases of the approach, and the two together: what few cases say of a pair
    leans on what all say of its parts."""
    features = set() if kind is None else {f"kind: {kind}"}
    if approach is not None:
        features |= {f"phase: {phase}" for phase in phases_in(approach)}
        features |= {f"pair: {kind} / {approach}"}
    return features


def _pairs(cases: Sequence[Case], told: Told) -> dict[tuple[str, str], list[Case]]:
    pairs: dict[tuple[str, str], list[Case]] = {}
    for kind, case in zip(told, cases, strict=True):
        if kind is not None:
            pairs.setdefault((kind, case.approach), []).append(case)
    return pairs


def _strategy(data: Mapping[str, Any]) -> Strategy:
    made = Strategy(
        kind=str(data["kind"]),
        approach=str(data["approach"]),
        probability=float(data["probability"]),
        low=float(data["low"]),
        high=float(data["high"]),
        trials=int(data["trials"]),
        successes=float(data["successes"]),
        evidence=tuple(map(str, data["evidence"])),
    )
    if not 0 <= made.successes <= made.trials or not 0 <= made.low <= made.high <= 1:
        raise ValueError(f"{made.approach!r} at {made.kind!r} has counts that cannot be")
    if not set(phases_in(made.approach)) <= PHASES:
        raise ValueError(f"{made.approach!r} is no approach")
    return made
