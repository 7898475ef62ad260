"""LoRA adapter folders in mlx-lm's format: written whole or not at all, read with care.

`adapters.safetensors` holds `<module>.lora_a` (inputs, rank) and `<module>.lora_b` (rank,
outputs); `adapter_config.json` their rank and scale. Knows no model beyond its modules' shapes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import AdapterMismatch

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"
LAYER = re.compile(r".*?\.(?P<layer>\d+)\.(?P<key>.+)")


@dataclass(frozen=True)
class Stored:
    """An adapter read from its folder: weights by name (mlx arrays), rank, scale = alpha/rank."""

    weights: Mapping[str, Any]
    rank: int
    scale: float

    @property
    def modules(self) -> list[str]:
        """Names of the adapted modules."""
        return sorted({name.rpartition(".")[0] for name in self.weights})


def config_of(rank: int, scale: float, modules: Iterable[str]) -> dict[str, Any]:
    """The adapter_config.json that mlx-lm reads, for adapted modules by their full names."""
    inside = [LAYER.fullmatch(module) for module in modules]
    layers = {found["layer"] for found in inside if found}
    keys = sorted({found["key"] for found in inside if found})
    lora = {"rank": rank, "scale": scale, "dropout": 0.0, "keys": keys}
    return {"fine_tune_type": "lora", "num_layers": len(layers), "lora_parameters": lora}


def save(folder: Path, weights: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Write an adapter folder beside its place, sync it to disk, and rename it into place.

    Returns the sha256 of its weights. A folder already there is replaced.
    """
    import mlx.core as mx

    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    mx.save_safetensors(str(beside / WEIGHTS), dict(weights), metadata={"format": "mlx"})
    (beside / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
    put_in_place(beside, folder)
    return sha256(folder)


def put_in_place(beside: Path, folder: Path) -> None:
    """Sync a finished folder to disk and rename it to `folder`; a crash leaves old or new."""
    for file in beside.iterdir():
        _sync(file)
    _sync(beside)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path) -> Stored:
    """Read an adapter folder. Raises AdapterMismatch when it is not a whole LoRA adapter."""
    import mlx.core as mx

    lora = _lora_parameters(folder)
    try:
        weights: Any = mx.load(str(folder / WEIGHTS))
        mx.eval(weights)
    except (OSError, RuntimeError, ValueError) as error:
        raise AdapterMismatch(f"{folder / WEIGHTS} cannot be read: {error}") from error
    try:
        return Stored(dict(weights), int(lora["rank"]), float(lora["scale"]))
    except (KeyError, TypeError, ValueError) as error:
        raise AdapterMismatch(f"{folder / CONFIG} lacks a rank or a scale") from error


def check(stored: Stored, shapes: Mapping[str, tuple[int, int]], source: Path) -> None:
    """Raise AdapterMismatch unless the adapter fits modules of these (inputs, outputs)."""
    if not stored.weights:
        raise AdapterMismatch(f"{source} holds no weights")
    for module in stored.modules:
        if module not in shapes:
            raise AdapterMismatch(f"{source} adapts {module}, which the base model does not have")
        inputs, outputs = shapes[module]
        wanted = {"lora_a": (inputs, stored.rank), "lora_b": (stored.rank, outputs)}
        for part, shape in wanted.items():
            found = stored.weights.get(f"{module}.{part}")
            if found is None or tuple(found.shape) != shape:
                has = "is missing" if found is None else f"has shape {tuple(found.shape)}"
                raise AdapterMismatch(
                    f"{source} was made for another base: {module}.{part} {has}, not {shape}"
                )


def sha256(folder: Path) -> str:
    """Hex sha256 of an adapter's weights file. Raises AdapterMismatch when it is missing."""
    try:
        with (folder / WEIGHTS).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise AdapterMismatch(f"{folder} has no readable {WEIGHTS}") from error


def _lora_parameters(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind, lora = config.get("fine_tune_type", "lora"), config["lora_parameters"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise AdapterMismatch(f"{folder} has no readable {CONFIG}") from error
    if kind != "lora" or not isinstance(lora, dict):
        raise AdapterMismatch(f"{folder} is a {kind} adapter; only LoRA adapters are served")
    return lora


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
