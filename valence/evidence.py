"""What is fairly known of an adapter's answers: labels to certify a gate on, and thresholds to try.

Fair are shadows, which every call could have become, the adapter's own evaluation on examples
that fitted neither weights nor scorer and that no gate had turned away, and below an open gate's
threshold all that it turned away. Corrections are not: people correct what looks wrong.
Knows no gate and decides nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from store.demonstrations import Demonstrated, gated_examples, shadows, turned_away
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.certification import FEWEST_FOR_THRESHOLDS, confidences, for_score
from valence.quality import PARTIAL, is_right, parts_are_right
from valence.unit import Unit


@dataclass(frozen=True)
class Evidence:
    """`labels` are (confidence, right) an answer, `traffic` confidences of others; `shadows`
    counts the answers beside real calls that both were taken from."""

    labels: list[tuple[float, bool]]
    traffic: list[float]
    shadows: int


def fair_evidence(app: Valence, unit: Unit, since: str | None) -> Evidence:
    """All fair evidence on the answers of a unit; after a suspension what came `since`, because
    what was measured before did not hold. Confidence 0 is for what could not be served."""
    fresh = shadows(app.stores.database, unit.adapter.id, since or "")
    boundary = app.boundaries.get(unit.adapter.boundary)
    traffic = [_confidence(pair) for pair in fresh if _gives_threshold(pair)]
    labels = [
        (_confidence(pair), holds(boundary, pair, pair.frontier or ""))
        for pair in fresh
        if not _gives_threshold(pair)
    ]
    if since:
        return Evidence(labels, traffic, len(fresh))
    stored, tested = _evaluated(app, unit)
    enough = len(traffic) >= FEWEST_FOR_THRESHOLDS
    return Evidence(stored + labels, traffic if enough else tested, len(fresh))


def turned_away_labels(app: Valence, unit: Unit, since: str) -> list[tuple[float, bool]]:
    """(confidence, right) of each answer that a unit's open gate has turned away since it opened. A
    person's corrections are no part of it."""
    boundary = app.boundaries.get(unit.adapter.boundary)
    found = turned_away(app.stores.database, unit.adapter.id, unit.gate.threshold or 0.0, since)
    return [(pair.confidence or 0.0, holds(boundary, pair, pair.frontier or "")) for pair in found]


def holds(boundary: Boundary[Any, Any], pair: Demonstrated, shown: str) -> bool:
    """Whether what was served (of an answer in part: each part) is right beside what was shown."""
    if pair.reason == PARTIAL:
        return parts_are_right(boundary, pair.answer, shown)
    return is_right(boundary, pair.input, pair.local, shown)


def _evaluated(app: Valence, unit: Unit) -> tuple[list[tuple[float, bool]], list[float]]:
    """From the adapter's own evaluation: labels on the calibration examples that did not fit the
    scorer, and confidences on the test examples."""
    if unit.scorer is None:
        return [], []
    stores, name = app.stores, unit.adapter.boundary
    gated = gated_examples(stores.database, name)
    held_out = [
        e.id
        for e in stores.examples.of(name, "calibration")
        if not for_score(e.id, unit.scored_one_in) and e.id not in gated
    ]
    tests = [e.id for e in stores.examples.of(name, "test")]
    items = stores.evaluations.items_of(unit.variant, name, held_out + tests)
    known = [items[key] for key in held_out if key in items]
    tested = [items[key] for key in tests if key in items]
    right = [item.correct for item in known]
    labels = list(zip(confidences(unit.scorer, known), right, strict=True))
    return labels, confidences(unit.scorer, tested)


def _gives_threshold(pair: Demonstrated) -> bool:
    """A third of the shadows, fixed by their ids: their labels are never read."""
    return int.from_bytes(hashlib.sha256(pair.id.encode()).digest()[:8]) % 3 == 0


def _confidence(pair: Demonstrated) -> float:
    """An unseen attempt has a reason only where it failed or was vetoed."""
    return 0.0 if pair.reason or not pair.local else pair.confidence or 0.0
