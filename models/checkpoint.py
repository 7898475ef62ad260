"""Checkpoints of a training run: all that is needed to go on as if nothing had happened.

One folder with the adapter, the optimizer's state, the best adapter so far and the counters,
renamed into place whole. Knows arrays and JSON, not what they are trained for.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from models.adapters import put_in_place
from models.errors import TrainingFailed

FOLDER = "checkpoint"


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Where a run stands after `step` steps; losses in nats a token."""

    fingerprint: str
    step: int
    best_step: int
    best_loss: float | None
    waited: int


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Counters and arrays by name."""

    counters: Counters
    adapter: Mapping[str, mx.array]
    best: Mapping[str, mx.array]
    optimizer: Mapping[str, mx.array]


def save(out: Path, checkpoint: Checkpoint) -> None:
    """Write it to `out/checkpoint`; a crash leaves the one before."""
    beside = out / f".{FOLDER}.new"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name in ("adapter", "best", "optimizer"):
        arrays = dict(getattr(checkpoint, name))
        mx.save_safetensors(str(beside / f"{name}.safetensors"), arrays)
    text = json.dumps(asdict(checkpoint.counters))
    (beside / "counters.json").write_text(text, encoding="utf-8")
    put_in_place(beside, out / FOLDER)


def load(out: Path, fingerprint: str) -> Checkpoint | None:
    """The run's last checkpoint, or None. Raises TrainingFailed for another run's."""
    folder = _whole(out)
    if folder is None:
        return None
    try:
        counters = Counters(**json.loads((folder / "counters.json").read_text(encoding="utf-8")))
        arrays: dict[str, Any] = {
            name: mx.load(str(folder / f"{name}.safetensors"))
            for name in ("adapter", "best", "optimizer")
        }
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise TrainingFailed(f"the checkpoint in {folder} cannot be read: {error}") from error
    if counters.fingerprint != fingerprint:
        raise TrainingFailed(f"{folder} is the checkpoint of a run with other data or settings")
    return Checkpoint(counters=counters, **arrays)


def _whole(out: Path) -> Path | None:
    # a crash between the two renames leaves the last one under its old name
    for name in (FOLDER, f".{FOLDER}.old"):
        if (out / name / "counters.json").is_file():
            return out / name
    return None
