"""The parts of a scorer: what fuses features into a score, and what makes a probability of it.

Plain numbers, read from JSON with every one of them checked, used in plain Python, fast enough for
each call. A score is in log-odds. Knows neither how the numbers were found nor what they mean.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, TypeAlias

MOST_LOG_ODDS = 30.0
"""A link's log-odds end here, so that no confidence rounds to exactly 0 or 1."""

HAIR = 1e-3
"""How much of an isotonic confidence comes from the score itself: enough to rank by, too little to
be seen in the calibration."""

Tree: TypeAlias = "float | tuple[int, float, Tree, Tree]"
"""A leaf's log-odds, or (feature's place, threshold, tree up to the threshold, tree above it)."""


@dataclass(frozen=True)
class Linear:
    """bias + Σ weight · (feature − mean) / scale; three tuples of one length."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def __call__(self, values: Sequence[float]) -> float:
        parts = zip(values, self.mean, self.scale, self.weights, strict=True)
        return self.bias + sum(w * ((v - m) / s) for v, m, s, w in parts)

    def to_json(self) -> dict[str, Any]:
        return {"kind": "linear", **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], features: int) -> Linear:
        mean, scale, weights = (_numbers(data[name]) for name in ("mean", "scale", "weights"))
        if {len(mean), len(scale), len(weights)} != {features} or min(scale) <= 0:
            raise ValueError("its lists do not fit one another")
        return cls(mean, scale, weights, _number(data["bias"]))


@dataclass(frozen=True)
class Trees:
    """baseline + Σ what each tree says: gradient boosting (Friedman 2001)."""

    baseline: float
    trees: tuple[Tree, ...]

    def __call__(self, values: Sequence[float]) -> float:
        return self.baseline + sum(_leaf(tree, values) for tree in self.trees)

    def to_json(self) -> dict[str, Any]:
        return {"kind": "trees", **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], features: int) -> Trees:
        trees = tuple(_tree(tree, features) for tree in data["trees"])
        return cls(_number(data["baseline"]), trees)


@dataclass(frozen=True)
class Platt:
    """sigmoid(slope · score + offset) (Platt 1999); surer scores are never less confident."""

    slope: float
    offset: float

    def __call__(self, score: float) -> float:
        log_odds = self.slope * score + self.offset
        return _sigmoid(max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, log_odds)))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "platt", **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Platt:
        made = cls(_number(data["slope"]), _number(data["offset"]))
        if made.slope < 0:
            raise ValueError("its slope falls")
        return made


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between rising knots, level beyond them (Zadrozny & Elkan 2002); two tuples
    of one length, confidences between 0 and 1, both excluded.

    Levels lean by a hair with the score: what the curve calls equally sure can be most of what is
    answered, and a gate could only take or leave it whole.
    """

    scores: tuple[float, ...]
    confidences: tuple[float, ...]

    def __call__(self, score: float) -> float:
        return (1 - HAIR) * self._level(score) + HAIR * _sigmoid(score)

    def _level(self, score: float) -> float:
        above = bisect_right(self.scores, score)
        if above in (0, len(self.scores)):
            return self.confidences[min(above, len(self.scores) - 1)]
        left, right = self.scores[above - 1 : above + 1]
        low, high = self.confidences[above - 1 : above + 1]
        return low + (high - low) * ((score - left) / (right - left))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "isotonic", **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Isotonic:
        made = cls(_numbers(data["scores"]), _numbers(data["confidences"]))
        made._check()
        return made

    def _check(self) -> None:
        if not self.scores or len(self.scores) != len(self.confidences):
            raise ValueError("its lists do not fit one another")
        rising = all(a < b for a, b in pairwise(self.scores))
        if not rising or any(a > b for a, b in pairwise(self.confidences)):
            raise ValueError("its knots do not rise")
        if not 0 < self.confidences[0] <= self.confidences[-1] < 1:
            raise ValueError("its confidences do not lie between 0 and 1")


def model_of(data: Mapping[str, Any], features: int) -> Linear | Trees:
    """The model over as many features; raises what reading raises where the data is none."""
    kinds: dict[str, type[Linear] | type[Trees]] = {"linear": Linear, "trees": Trees}
    return kinds[data["kind"]].from_json(data, features)


def link_of(data: Mapping[str, Any]) -> Platt | Isotonic:
    """The link; raises what reading raises where the data is none."""
    kinds: dict[str, type[Platt] | type[Isotonic]] = {"platt": Platt, "isotonic": Isotonic}
    return kinds[data["kind"]].from_json(data)


def _leaf(tree: Tree, values: Sequence[float]) -> float:
    while isinstance(tree, tuple):
        place, threshold, low, high = tree
        tree = low if values[place] <= threshold else high
    return tree


def _tree(data: Any, features: int) -> Tree:
    if not isinstance(data, list | tuple):
        return _number(data)
    place, threshold, low, high = data
    if type(place) is not int or not 0 <= place < features:
        raise ValueError("a tree asks for a feature that is not there")
    return place, _number(threshold), _tree(low, features), _tree(high, features)


def _numbers(data: Any) -> tuple[float, ...]:
    return tuple(map(_number, data))


def _number(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not math.isfinite(data):
        raise ValueError(f"{data!r} is no finite number")
    return float(data)


def _sigmoid(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    return math.exp(value) / (1 + math.exp(value))
