"""Success rates of pairs (group, way), each pair leaning on what its group and its way say.

A Beta-Binomial hierarchy on counts: the overall rate is the prior of each group's and each way's
rate, and the two together, added in log-odds, that of their pair. How strongly, in trials, is
what predicts groups of trials that were left out best (empirical Bayes). Counts may be fractions.
Knows numbers and names only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

STRENGTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Trials that a prior may be worth."""
Pair = tuple[str | None, str]


@dataclass(frozen=True)
class Trial:
    """One outcome, 0 to 1, of a way in a group (None: of no known group); trials of one `unit`
    are left out together."""

    group: str | None
    way: str
    outcome: float
    unit: str


@dataclass
class Count:
    successes: float = 0.0
    trials: float = 0.0

    def add(self, outcome: float, sign: int = 1) -> None:
        self.successes += sign * outcome
        self.trials += sign

    def rate(self, prior: float, strength: float) -> float:
        """The mean of the posterior, always between 0 and 1."""
        return (max(self.successes, 0.0) + strength * prior) / (max(self.trials, 0) + strength)


@dataclass
class Hierarchy:
    """Counts of pairs, and the strength of the priors in trials."""

    pairs: dict[Pair, Count] = field(default_factory=dict)
    strength: float = STRENGTHS[2]
    _groups: dict[str | None, Count] = field(default_factory=dict)
    _ways: dict[str, Count] = field(default_factory=dict)
    _all: Count = field(default_factory=Count)

    @classmethod
    def of(cls, counts: Mapping[Pair, Count], strength: float) -> Hierarchy:
        """From counts that were kept."""
        made = cls(strength=strength)
        for (group, way), count in counts.items():
            for each in made._cells(group, way):
                each.successes += count.successes
                each.trials += count.trials
        return made

    def prior(self, group: str | None, way: str) -> float:
        """P(success) of a pair before its own trials: what its group and its way say."""
        overall = self._all.rate(0.5, 2.0)
        way_rate = self._ways.get(way, Count()).rate(overall, self.strength)
        group_rate = self.group_rate(group)
        return _expit(_logit(way_rate) + _logit(group_rate) - _logit(overall))

    def group_rate(self, group: str | None) -> float:
        """P(success) in the group whatever the way: what a model knows that ignores it."""
        overall = self._all.rate(0.5, 2.0)
        if group is None:
            return overall
        return self._groups.get(group, Count()).rate(overall, self.strength)

    def predict(self, group: str | None, way: str) -> float:
        """P(success), strictly between 0 and 1."""
        prior = self.prior(group, way)
        if group is None:
            return prior
        return self.pairs.get((group, way), Count()).rate(prior, self.strength)

    def interval(self, group: str | None, way: str, level: float) -> tuple[float, float]:
        """The credible interval of a pair's rate, of equal tails."""
        from scipy.special import betaincinv

        count = self.pairs.get((group, way), Count()) if group is not None else Count()
        prior = self.prior(group, way)
        a = count.successes + self.strength * prior
        b = count.trials - count.successes + self.strength * (1 - prior)
        tail = (1 - level) / 2
        return float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail))

    def add(self, trials: Iterable[Trial], sign: int = 1) -> None:
        """Counts the trials, or with sign -1 leaves them out again."""
        for trial in trials:
            for count in self._cells(trial.group, trial.way):
                count.add(trial.outcome, sign)

    def _cells(self, group: str | None, way: str) -> tuple[Count, ...]:
        return (
            self.pairs.setdefault((group, way), Count()),
            self._groups.setdefault(group, Count()),
            self._ways.setdefault(way, Count()),
            self._all,
        )


def fit_hierarchy(trials: Sequence[Trial]) -> Hierarchy:
    """The hierarchy of the trials, with the strength that predicts left-out units best."""
    made = Hierarchy()
    made.add(trials)
    units: dict[str, list[Trial]] = {}
    for trial in trials:
        units.setdefault(trial.unit, []).append(trial)
    if len(units) > 1:
        made.strength = max(STRENGTHS, key=lambda s: _left_out(made, units, s))
    return made


def log_score(p: float, outcome: float) -> float:
    """Log-likelihood of an outcome from 0 to 1 under a prediction strictly between them."""
    return outcome * math.log(p) + (1 - outcome) * math.log1p(-p)


def _left_out(made: Hierarchy, units: Mapping[str, list[Trial]], strength: float) -> float:
    """Log-likelihood of all units, each predicted from the others."""
    made.strength = strength
    total = 0.0
    for trials in units.values():
        made.add(trials, sign=-1)
        total += sum(log_score(made.predict(t.group, t.way), t.outcome) for t in trials)
        made.add(trials)
    return total


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))
