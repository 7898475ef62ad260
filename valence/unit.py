"""An adapter as it is served: weights, scorer and gate, one unit with one hash.

A scorer that was fitted for other weights, or cannot be read, scores nothing: the gate is closed
then, and says why.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.adapters import sha256
from models.errors import AdapterMismatch, ScorerError
from models.scorer import Scorer
from store.adapters import Adapter
from valence.config import GateSettings
from valence.errors import AdapterError
from valence.familiarity import Familiar
from valence.gate import Gate

RETIRED = frozenset(
    {"first_logprob", "mean_entropy", "mean_margin", "min_logprob", "q25_logprob", "relation_known"}
)
"""Features of earlier versions, which attempts no longer have (docs/bench_gate.md)."""
RETIRED_OF = {"decompose": frozenset({"builtin_agreement", "n_triples"})}
"""Those that one boundary's attempts no longer have."""

EARLIER = "its scorer was fitted by an earlier version; train it anew"


@dataclass(frozen=True)
class Unit:
    """What is served for one boundary; `folder` holds the weights. Without a scorer no answer has
    a confidence, so none is served."""

    adapter: Adapter
    folder: Path
    scorer: Scorer | None
    gate: Gate
    familiar: Familiar | None = None
    parts_scorer: Scorer | None = None
    """Set where answers are served in part: it scores each part, and `gate` is one of parts."""
    scored_one_in: int = 3
    """Of so many calibration examples one fits the scorer, a third in earlier versions."""
    guided: bool = False
    """Whether it was certified on prompts with guidance, as calls have it, and so is shown it."""

    @property
    def variant(self) -> str:
        return variant_of(self.adapter.base_model, self.adapter.id, self.adapter.prompt_version)


def retired(boundary: str) -> frozenset[str]:
    """Features that a scorer of an earlier version may ask for and attempts no longer have."""
    return RETIRED | RETIRED_OF.get(boundary, frozenset())


def variant_of(base_model: str, adapter_id: str | None, prompt_version: str) -> str:
    """The name of base + adapter + prompt; two equal names give equal answers."""
    return (
        f"{base_model}+{adapter_id}#{prompt_version}"
        if adapter_id
        else (f"{base_model}#{prompt_version}")
    )


def load_unit(adapter: Adapter, adapters_folder: Path) -> Unit:
    """The unit of a registered adapter, read from its row."""
    parts = adapter.calibration or {}
    gate = Gate.from_json(parts["gate"]) if parts.get("gate") else Gate.never_fitted()
    scorer, problem = _scorer_of(adapter, parts)
    familiar, unread = _familiar_of(adapters_folder / adapter.folder, parts)
    problem = problem or unread
    return Unit(
        adapter=adapter,
        folder=adapters_folder / adapter.folder,
        scorer=scorer,
        gate=_closed(gate, problem) if problem else gate,
        familiar=familiar,
        scored_one_in=parts.get("scored_one_in", Unit.scored_one_in),
        guided=bool(parts.get("guided")),
    )


def resting(adapter: Adapter, revision: str, prompt_version: str) -> str:
    """Why an adapter does not serve beside the base model and the prompt that there are now, in
    words; "" where it does."""
    if adapter.base_revision != revision:
        return f"it was learnt on {adapter.base_model} and rests until that model is used again"
    if adapter.prompt_version != prompt_version:
        return "it was learnt for an earlier prompt; train it anew"
    return ""


def serving(unit: Unit, settings: GateSettings) -> Unit:
    """The unit as the settings have it: in parts where a person asked for that and it is certified
    for it, and closed where its gate was fitted for less than is promised now."""
    chosen = (settings.partial and _in_parts(unit)) or unit
    gate = chosen.gate.under(settings.max_error, settings.confidence_level)
    return replace(chosen, gate=gate)


def _in_parts(unit: Unit) -> Unit | None:
    """The unit that serves parts of answers; None where nothing has opened its gate."""
    partial = (unit.adapter.calibration or {}).get("partial")
    if unit.scorer is None or not partial:
        return None
    gate = Gate.from_json(partial["gate"])
    scorer, _ = _scorer_of(unit.adapter, partial)
    return (
        replace(unit, gate=gate, parts_scorer=scorer) if scorer and gate.state == "open" else None
    )


def _scorer_of(adapter: Adapter, parts: dict[str, Any]) -> tuple[Scorer | None, str]:
    """The adapter's own scorer, or None and, where there is one that is of no use, why it is."""
    if "calibrator" in parts:
        return None, EARLIER
    if not parts.get("scorer"):
        return None, ""
    try:
        scorer = Scorer.from_json(parts["scorer"])
    except ScorerError:
        return None, "its scorer cannot be read; train it anew"
    if retired(adapter.boundary).intersection(scorer.features):
        return None, EARLIER
    if scorer.weights_sha256 != adapter.weights_sha256:
        return None, "its scorer was fitted for another adapter; train it anew"
    return scorer, ""


def _familiar_of(folder: Path, parts: dict[str, Any]) -> tuple[Familiar | None, str]:
    """What the scorer's features lean on; without it they would mean something else."""
    if not parts.get("familiar"):
        return None, ""
    try:
        return Familiar.load(folder, parts["familiar"]), ""
    except AdapterError as error:
        return None, f"{error}; train it anew"


def _closed(gate: Gate, problem: str) -> Gate:
    never = Gate.never_fitted(gate.max_error, gate.confidence_level)
    return replace(never, sentence=f"Closed: {problem}.", labels_missing=None)


def is_sealed(unit: Unit) -> bool:
    """Whether weights and calibration are still the ones that were hashed together."""
    try:
        weights = sha256(unit.folder)
    except AdapterMismatch:
        return False
    adapter = unit.adapter
    if adapter.calibration is None:
        return weights == adapter.weights_sha256
    return unit_hash(weights, adapter.calibration) == adapter.unit_sha256


def unit_hash(weights_sha256: str, calibration: dict[str, Any]) -> str:
    """sha256 over the weights' sum and the calibration, so that neither changes unseen."""
    text = json.dumps([weights_sha256, calibration], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
