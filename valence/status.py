"""How each boundary is doing: on its way from frontier to local, with its promise and its proof.

Reads figures from the stores and puts them together; loads no model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from store.demonstrations import demonstrated
from valence.app import Stores
from valence.boundaries import BOUNDARIES
from valence.config import Settings
from valence.gate import Gate

RECENT = 1000


@dataclass(frozen=True)
class BoundaryStatus:
    """One boundary. Rates 0 to 1, latencies in milliseconds; None where nothing is known yet.

    `accuracy` and `calibration` compare local answers with the demonstrations of the same
    calls (shadow, audit, corrections).
    """

    boundary: str
    calls: int
    fallback_rate: float | None
    recent_fallback_rate: float | None
    routes: dict[str, dict[str, float]]
    cost_usd: float
    accuracy: dict[str, Any]
    gate: dict[str, Any]
    adapter: str | None
    examples: dict[str, int]
    until_training: int
    last_run: dict[str, Any] | None
    over_time: list[dict[str, Any]]


def status_of(stores: Stores, settings: Settings, name: str) -> BoundaryStatus:
    """The status of one boundary, called or not."""
    figures = stores.statistics.of(name, RECENT)
    adapter = stores.adapters.active(name)
    fitted = (adapter.calibration or {}).get("gate") if adapter else None
    gate = Gate.from_json(fitted) if fitted else Gate.never_fitted()
    waiting = stores.examples.untrained(name)
    runs = stores.runs.list(name, limit=1)
    return BoundaryStatus(
        boundary=name,
        calls=figures.calls,
        fallback_rate=figures.fallback_rate,
        recent_fallback_rate=figures.recent_fallback_rate,
        routes={route: asdict(values) for route, values in figures.routes.items()},
        cost_usd=figures.cost_usd,
        accuracy=_accuracy(stores, name, adapter.id) if adapter else NOTHING_CHECKED,
        gate={
            "state": gate.state,
            "threshold": gate.threshold,
            "certified_coverage": gate.certified_coverage,
            "max_error": settings.gate.max_error,
            "confidence_level": settings.gate.confidence_level,
            "sentence": gate.sentence,
        },
        adapter=adapter.id if adapter else None,
        examples=stores.examples.counts(name),
        until_training=max(0, settings.training.trigger_examples - waiting),
        last_run=(
            {"run_id": runs[0].id, "state": runs[0].state, "reason": runs[0].reason}
            if runs
            else None
        ),
        over_time=[asdict(bucket) for bucket in stores.statistics.by_bucket(name)],
    )


def all_statuses(stores: Stores, settings: Settings) -> list[BoundaryStatus]:
    return [status_of(stores, settings, name) for name in sorted(BOUNDARIES)]


NOTHING_CHECKED: dict[str, Any] = {
    "checked": 0,
    "right": None,
    "served_checked": 0,
    "served_right": None,
    "ece": None,
    "brier": None,
}


def _accuracy(stores: Stores, name: str, adapter_id: str) -> dict[str, Any]:
    """Local answers beside the demonstrations of their calls, where the active adapter gave
    them; `served` are those that a person got (known from audits and corrections)."""
    from models.calibration import brier, ece

    pairs = demonstrated(stores.database, adapter_id)
    boundary = BOUNDARIES[name]
    judged = [
        (pair.confidence, pair.served, _right(boundary, pair.input, pair.local, pair.shown))
        for pair in pairs
    ]
    sure = [(c, right) for c, _, right in judged if c is not None]
    served = [right for _, was_served, right in judged if was_served]
    return {
        "checked": len(judged),
        "right": _share([right for _, _, right in judged]),
        "served_checked": len(served),
        "served_right": _share(served),
        "ece": ece([c for c, _ in sure], [r for _, r in sure]) if sure else None,
        "brier": brier([c for c, _ in sure], [r for _, r in sure]) if sure else None,
    }


def _right(boundary: Any, given: str, local: str, shown: str) -> bool:
    return bool(
        boundary.correct(
            boundary.output_from_text(local),
            boundary.output_from_text(shown),
            boundary.input_from_text(given),
        )
    )


def _share(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None
