"""An adapter as it is served: weights, calibrator and gate, one unit with one hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.adapters import sha256
from models.calibration import Calibrator
from models.errors import AdapterMismatch
from store.adapters import Adapter
from valence.gate import Gate


@dataclass(frozen=True)
class Unit:
    """What is served for one boundary; `folder` holds the weights."""

    adapter: Adapter
    folder: Path
    calibrator: Calibrator | None
    gate: Gate

    @property
    def variant(self) -> str:
        return variant_of(self.adapter.base_model, self.adapter.id, self.adapter.prompt_version)


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
    calibrator = parts.get("calibrator")
    gate = parts.get("gate")
    return Unit(
        adapter=adapter,
        folder=adapters_folder / adapter.folder,
        calibrator=Calibrator.from_json(calibrator) if calibrator else None,
        gate=Gate.from_json(gate) if gate else Gate.never_fitted(),
    )


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
