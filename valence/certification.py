"""From checked answers to what an adapter is served with: its scorer, and the gate that it earns.

The answers to the test examples and a ninth of the calibration ones fit the scorer, the fair ones
of the rest open the gate, the test inputs give the thresholds. Knows answers that are already
judged: not how they were got, nor what is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from models.errors import ScorerError
from models.scorer import Scorer, fit_scorer
from store.evaluations import Item
from valence.config import GateSettings
from valence.gate import Gate, fit_gate, fit_partial_gate

SCORED_ONE_IN = 9
"""Of so many calibration examples one fits the scorer: the test answers carry most of it, and a
label is worth more where it opens the gate (docs/bench_gate.md)."""

FEWEST_FOR_THRESHOLDS = 20
"""With fewer fair answers for it, the thresholds come from all that there are."""


@dataclass(frozen=True)
class Certified:
    """What was fitted for one adapter; without a scorer its gate is closed."""

    scorer: Scorer | None
    gate: Gate
    partial: Certified | None = None
    """The same for parts of answers, where the boundary's answers have parts."""

    def to_json(self) -> dict[str, Any]:
        scorer = {"scorer": self.scorer.to_json()} if self.scorer else {}
        partial = {"partial": self.partial.to_json()} if self.partial else {}
        return {**scorer, "gate": self.gate.to_json(), **partial}


def certify(
    calibration: Sequence[Item],
    traffic: Sequence[Item],
    weights_sha256: str,
    settings: GateSettings,
    scorer: Scorer | None = None,
    gated: AbstractSet[str] = frozenset(),
) -> Certified:
    """Scorer and gate of the adapter of these weights; `scorer` where it brought its own.

    `gated` are the ids of examples that an open gate has turned away. They are harder than the
    traffic: they may fit a scorer, but a gate that they were to open would open too late.

    `calibration` has its answers to the calibration examples; `traffic` those to others, whose
    labels fit the scorer and have no say in the gate. An answer without features was vetoed and
    can never be served.
    """
    fitting = [*(item for item in calibration if for_score(item.example_id)), *traffic]
    try:
        scorer = scorer or _fit(fitting, weights_sha256)
    except ScorerError as error:
        return Certified(None, _unscored(error, settings))
    fair, traffic = _fair(calibration, traffic, gated)
    gate = fit_gate(
        confidences(scorer, fair),
        [item.correct for item in fair],
        confidences(scorer, traffic),
        settings.max_error,
        settings.confidence_level,
        look=0,
    )
    return Certified(scorer, gate, _certify_parts(fitting, fair, traffic, weights_sha256, settings))


def _fair(
    calibration: Sequence[Item], traffic: Sequence[Item], gated: AbstractSet[str]
) -> tuple[list[Item], list[Item]]:
    """What opens the gate, and what gives the thresholds: of calls that no gate had a say in. Where
    such traffic is too little for thresholds, all of it: they need no guarantee."""
    known = [i for i in calibration if not for_score(i.example_id) and i.example_id not in gated]
    seen = [item for item in traffic if item.example_id not in gated]
    return known, seen if len(seen) >= FEWEST_FOR_THRESHOLDS else list(traffic)


def _certify_parts(
    fitting: Sequence[Item],
    fair: Sequence[Item],
    traffic: Sequence[Item],
    weights_sha256: str,
    settings: GateSettings,
) -> Certified | None:
    """The scorer of parts and the gate for serving the sure ones; None without parts to fit on."""
    parts = [part for item in fitting for part in item.parts]
    if not parts:
        return None
    features, right = zip(*parts, strict=True)
    scorer = fit_scorer(features, right, weights_sha256)
    gate = fit_partial_gate(
        [_scored(scorer, item) for item in fair],
        [[confidence for confidence, _ in _scored(scorer, item)] for item in traffic],
        settings.max_error,
        settings.confidence_level,
        look=0,
    )
    return Certified(scorer, gate)


def _scored(scorer: Scorer, item: Item) -> list[tuple[float, bool]]:
    return [(scorer(features), right) for features, right in item.parts]


def for_score(example_id: str, one_in: int = SCORED_ONE_IN) -> bool:
    """Whether a calibration example fits the scorer, fixed by its id; the others open the gate."""
    return draw(example_id) % one_in == 0


def draw(example_id: str) -> int:
    """A number that is as good as random, and the same every time."""
    return int.from_bytes(hashlib.sha256(example_id.encode()).digest()[:8])


def confidences(scorer: Scorer, items: Sequence[Item]) -> list[float]:
    """One an answer; 0 where it can never be served."""
    return [scorer(item.features) if item.features else 0.0 for item in items]


def _fit(items: list[Item], weights_sha256: str) -> Scorer:
    scored = [(item.features, item.correct) for item in items if item.features]
    return fit_scorer([f for f, _ in scored], [right for _, right in scored], weights_sha256)


def _unscored(error: ScorerError, settings: GateSettings) -> Gate:
    never = Gate.never_fitted(settings.max_error, settings.confidence_level)
    return replace(never, sentence=f"Closed: {error}.")
