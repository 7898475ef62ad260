"""From checked answers to what an adapter is served with: its scorer, and the gate that it earns.

A third of the calibration answers fits the scorer, the rest opens the gate, the test inputs give
the thresholds. Knows answers that are already judged: not how they were got, nor what is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.errors import ScorerError
from models.scorer import Scorer, fit_scorer
from store.evaluations import Item
from valence.config import GateSettings
from valence.gate import Gate, fit_gate, fit_partial_gate


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
) -> Certified:
    """Scorer and gate of the adapter of these weights; `scorer` where it brought its own.

    `calibration` has its answers to the calibration examples; `traffic` those to others, whose
    labels are not looked at. An answer without features was vetoed and can never be served.
    """
    try:
        scorer = scorer or _fit([i for i in calibration if for_score(i.example_id)], weights_sha256)
    except ScorerError as error:
        return Certified(None, _unscored(error, settings))
    for_gate = [item for item in calibration if not for_score(item.example_id)]
    gate = fit_gate(
        confidences(scorer, for_gate),
        [item.correct for item in for_gate],
        confidences(scorer, traffic),
        settings.max_error,
        settings.confidence_level,
        look=0,
    )
    return Certified(scorer, gate, _certify_parts(calibration, traffic, weights_sha256, settings))


def _certify_parts(
    calibration: Sequence[Item],
    traffic: Sequence[Item],
    weights_sha256: str,
    settings: GateSettings,
) -> Certified | None:
    """The scorer of parts and the gate for serving the sure ones; None without parts to fit on."""
    fitting = [p for i in calibration if for_score(i.example_id) for p in i.parts]
    if not fitting:
        return None
    features, right = zip(*fitting, strict=True)
    scorer = fit_scorer(features, right, weights_sha256)
    gate = fit_partial_gate(
        [_scored(scorer, item) for item in calibration if not for_score(item.example_id)],
        [[confidence for confidence, _ in _scored(scorer, item)] for item in traffic],
        settings.max_error,
        settings.confidence_level,
        look=0,
    )
    return Certified(scorer, gate)


def _scored(scorer: Scorer, item: Item) -> list[tuple[float, bool]]:
    return [(scorer(features), right) for features, right in item.parts]


def for_score(example_id: str) -> bool:
    """Whether a calibration example fits the scorer, fixed by its id; the others open the gate."""
    return draw(example_id) % 3 == 0


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
