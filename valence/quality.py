"""How good the local answers proved to be: accuracy, calibration and ranking, from labels.

Judges labels by their boundary and sums them up. Corrections are left out of the figures: a
person corrects what looks wrong, so they are no fair sample and are only counted. Reads no store
and knows neither gate nor adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.labels import Label
from valence.boundaries.base import Boundary
from valence.errors import BoundaryError
from valence.evaluation import share

BINS = 10
PARTIAL = "partial"
"""The reason of an attempt of which only the sure parts were served."""


@dataclass(frozen=True)
class Verdict:
    """One label, judged. `fair`: the frontier judged it, whatever it said; a correction alone
    is none. `audited`: it was served and drawn for an audit; `kept`: what was served of it is
    right, where `right` is of the whole answer. `corrected`: it was served, and a
    person gave a better one."""

    at: str
    domain: str | None
    adapter_id: str | None
    confidence: float | None
    right: bool
    fair: bool
    audited: bool
    kept: bool
    corrected: bool


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence: the mean of it, the share that was right, how many."""

    confidence: float
    right: float
    count: int


@dataclass(frozen=True)
class Quality:
    """Local answers beside demonstrations. Shares 0 to 1; None where nothing was checked.

    `checked` are answers that the frontier gave too (shadow, audit, below the threshold);
    `served_checked` those that a person had got and that were drawn for an audit. Each `right`
    has its exact 95% interval. `ece` to `reliability` are of answers with a confidence;
    `risk_coverage` has (coverage, error) points. `corrected` counts served answers to which
    a person gave a better one; none of the other figures knows of it.

    Behind an open gate all unsure answers are checked but only few of the sure ones, so that all
    figures but the served ones lean to the unsure side.
    """

    checked: int
    right: float | None
    right_low: float | None
    right_high: float | None
    served_checked: int
    served_right: float | None
    served_right_low: float | None
    served_right_high: float | None
    corrected: int
    ece: float | None
    brier: float | None
    auroc: float | None
    aurc: float | None
    risk_coverage: list[tuple[float, float]]
    reliability: list[Bin]


def judged(boundary: Boundary[Any, Any], labels: Sequence[Label]) -> list[Verdict]:
    """The labels with the boundary's word on each, in their order."""
    return [_judged(boundary, label) for label in labels]


def _judged(boundary: Boundary[Any, Any], label: Label) -> Verdict:
    right = is_right(boundary, label.input, label.local, label.shown)
    return Verdict(
        at=label.created_at,
        domain=label.domain,
        adapter_id=label.adapter_id,
        confidence=label.confidence,
        right=right,
        fair=label.frontier is not None,
        audited=label.served and label.audited,
        kept=parts_are_right(boundary, label.answer, label.shown)
        if label.reason == PARTIAL
        else right,
        corrected=label.served and label.correction is not None,
    )


def is_right(boundary: Boundary[Any, Any], given: str, local: str, shown: str) -> bool:
    """Whether the local answer to what was given counts as right beside what was shown, all of
    them ledger texts; what cannot be read any more (another version wrote it) does not."""
    try:
        reference = boundary.output_from_text(shown)
        value = boundary.input_from_text(given)
        return boundary.correct(boundary.output_from_text(local), reference, value)
    except BoundaryError:
        return False


def parts_are_right(boundary: Boundary[Any, Any], answer: str | None, shown: str) -> bool:
    """Whether each part of an answer that was served in part was shown too."""
    try:
        served = boundary.output_from_text(answer or "")
        return set(served) <= set(boundary.output_from_text(shown))
    except BoundaryError:
        return False


def quality(verdicts: Sequence[Verdict]) -> Quality:
    """The figures of these verdicts."""
    from models.metrics import aurc, auroc, brier, ece, risk_coverage

    fair = [verdict for verdict in verdicts if verdict.fair]
    sure = [(v.confidence, v.right) for v in fair if v.confidence is not None]
    confidences, right = [c for c, _ in sure], [r for _, r in sure]
    served = [verdict for verdict in fair if verdict.audited]
    return Quality(
        checked=len(fair),
        **_share("right", [verdict.right for verdict in fair]),
        served_checked=len(served),
        **_share("served_right", [verdict.kept for verdict in served]),
        corrected=sum(verdict.corrected for verdict in verdicts),
        ece=ece(confidences, right) if sure else None,
        brier=brier(confidences, right) if sure else None,
        auroc=auroc(confidences, right),
        aurc=aurc(confidences, right),
        risk_coverage=risk_coverage(confidences, right),
        reliability=reliability(confidences, right),
    )


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """The bins of equal width that hold answers, as `models.metrics.ece` forms them."""
    cells: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, is_right in zip(confidences, right, strict=True):
        cells[min(int(confidence * BINS), BINS - 1)].append((confidence, is_right))
    return [
        Bin(
            confidence=sum(confidence for confidence, _ in cell) / len(cell),
            right=sum(is_right for _, is_right in cell) / len(cell),
            count=len(cell),
        )
        for cell in cells
        if cell
    ]


def _share(name: str, right: Sequence[bool]) -> dict[str, Any]:
    """The share that was right and its interval, under the names that `Quality` gives them."""
    names = (name, f"{name}_low", f"{name}_high")
    if not right:
        return dict.fromkeys(names)
    found = share(sum(right), len(right))
    return dict(zip(names, (found.value, found.low, found.high), strict=True))
