"""How each boundary is doing: on its way from frontier to local, with its promise and its proof.

Reads figures from the stores and puts them together; loads no model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from models.errors import ModelError
from models.folder import find
from store import entropy
from store.adapters import Adapter
from store.entropy import WHOLE
from store.labels import labels
from valence.boundaries.base import Boundary
from valence.boundaries.registry import Boundaries
from valence.config import Settings
from valence.figures import Figures, figures_of
from valence.gate import Gate
from valence.locations import Locations
from valence.quality import judged
from valence.stores import Stores
from valence.unit import is_sealed, load_unit, resting, serving

MOST_LABELS = 2000

UNLEARNT = (
    "Closed: nothing has been learnt yet; once it has, {needed} checked answers open it, more if "
    "one of them proves wrong."
)
CHANGED = (
    "Closed: the adapter or its calibration is not as it was sealed; go back to an earlier adapter "
    "or train anew."
)
MISSING = (
    "the model that its adapter stands on is not on this machine, or not whole; `valence doctor` "
    "says how to get it"
)


@dataclass(frozen=True, kw_only=True)
class BoundaryStatus(Figures):
    """One boundary: the figures of all its calls, and what stands behind them.

    `domains` has the same figures for the calls of each domain. `gate` is the one that serves
    now, with the promise that the settings ask for.
    """

    boundary: str
    domains: dict[str, dict[str, Any]]
    gate: dict[str, Any]
    adapter: str | None
    examples: dict[str, int]
    until_training: int
    last_run: dict[str, Any] | None


def all_statuses(stores: Stores, settings: Settings, locations: Locations) -> list[BoundaryStatus]:
    """The status of each boundary, called or not."""
    names = Boundaries(locations.boundaries).names()
    return [status_of(stores, settings, locations, name) for name in names]


def status_of(
    stores: Stores, settings: Settings, locations: Locations, name: str
) -> BoundaryStatus:
    """The status of one boundary."""
    boundary = Boundaries(locations.boundaries).get(name)
    adapter = stores.adapters.active(name)
    whole, domains = _figures(stores, boundary, adapter.id if adapter else None)
    trigger = boundary.training_defaults.trigger_examples or settings.training.trigger_examples
    waiting = stores.examples.untrained(name)
    return BoundaryStatus(
        **{field.name: getattr(whole, field.name) for field in fields(Figures)},
        boundary=name,
        domains={domain: asdict(found) for domain, found in domains.items()},
        gate=_gate(gate_of(adapter, boundary, settings, locations), settings),
        adapter=adapter.id if adapter else None,
        examples=stores.examples.counts(name),
        until_training=max(0, trigger - waiting),
        last_run=_last_run(stores, name),
    )


def _figures(
    stores: Stores, boundary: Boundary[Any, Any], adapter_id: str | None
) -> tuple[Figures, dict[str, Figures]]:
    """Those of all calls, and those of each domain that calls were given."""
    name = boundary.name
    verdicts = judged(boundary, labels(stores.database, name, MOST_LABELS))
    thresholds = entropy.thresholds(stores.database, name)
    pooled = thresholds.get(WHOLE)
    whole = figures_of(stores, name, verdicts, adapter_id, pooled)
    domains = {
        domain: figures_of(
            stores,
            name,
            [verdict for verdict in verdicts if verdict.domain == domain],
            adapter_id,
            thresholds.get(domain, replace(pooled, pooled=True) if pooled else None),
            domain,
        )
        for domain in stores.statistics.domains(name)
    }
    return whole, domains


def gate_of(
    adapter: Adapter | None, boundary: Boundary[Any, Any], settings: Settings, locations: Locations
) -> Gate:
    """The gate as the router would find it: closed unless its unit is whole and does not rest."""
    closed = Gate.never_fitted(settings.gate.max_error, settings.gate.confidence_level)
    if adapter is None:
        return replace(closed, sentence=UNLEARNT.format(needed=closed.labels_missing))
    try:
        unit = load_unit(adapter, locations.adapters)
        whole = is_sealed(unit)
    except (ModelError, ValueError, TypeError, KeyError):  # a calibration that is none
        whole = False
    if not whole:
        return replace(closed, sentence=CHANGED)
    problem = _resting(adapter, boundary, settings, locations)
    if problem:
        return replace(closed, sentence=f"Closed: {problem}.", labels_missing=None)
    return serving(unit, settings.gate).gate


def _resting(
    adapter: Adapter, boundary: Boundary[Any, Any], settings: Settings, locations: Locations
) -> str:
    """Why the adapter does not serve, whole as it is."""
    if boundary.learner == "lora" and not settings.local.enabled:
        return "the local model is switched off (local.enabled)"
    revision = _revision(boundary, settings, locations)
    return MISSING if revision is None else resting(adapter, revision, boundary.prompt_version)


def _revision(boundary: Boundary[Any, Any], settings: Settings, locations: Locations) -> str | None:
    """Of the model that the boundary's adapters stand on; None where it is not here."""
    name, pinned = settings.local.model, settings.local.revision
    if boundary.learner == "heads":
        name, pinned = settings.memory.embedding_model, settings.memory.embedding_revision
    try:
        return find(name, locations.models, pinned).revision
    except ModelError:
        return None


def _gate(gate: Gate, settings: Settings) -> dict[str, Any]:
    evidence = gate.evidence
    return {
        "state": gate.state,
        "threshold": gate.threshold,
        "certified_coverage": gate.certified_coverage,
        "max_error": settings.gate.max_error,
        "confidence_level": settings.gate.confidence_level,
        "labels_missing": gate.labels_missing,
        "look": evidence.get("look"),
        "evidence": _summary(evidence),
        "sentence": gate.sentence,
    }


def _summary(evidence: dict[str, Any]) -> dict[str, Any]:
    """The evidence of a look without its single tests: of them only the one that decided."""
    steps = evidence.get("steps") or []
    passed = [step for step in steps if step["passed"]]
    decided = min(passed, key=lambda step: step["threshold"]) if passed else None
    told = {name: value for name, value in evidence.items() if name != "steps"}
    if "widening" in evidence:
        told["widening"] = [_summary(look) for look in evidence["widening"]]
    for step in [decided] if decided else steps[:1]:
        told |= {"accepted": step["accepted"], "wrong": step["wrong"], "p_value": step["p_value"]}
    return told


def _last_run(stores: Stores, name: str) -> dict[str, Any] | None:
    for run in stores.runs.list(name, limit=1):
        return {"run_id": run.id, "state": run.state, "reason": run.reason}
    return None
