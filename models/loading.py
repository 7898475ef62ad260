"""From a checked model folder to a model and its tokenizer, ready on this machine.

The one place that calls mlx-lm's loaders; runtime and trainer share it, so that what is
trained and what is served are the same numbers. Imports mlx: load it on the model's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx_lm.utils import load_model, load_tokenizer

from models import machine
from models.errors import ModelLoadFailed
from models.folder import ModelFolder

# its signature has no types
read_tokenizer: Any = load_tokenizer


@dataclass(frozen=True)
class Loaded:
    """A model in evaluation mode and its tokenizer (mlx-lm's wrapper)."""

    model: Module
    tokenizer: Any
    eos_ids: frozenset[int]


def load(folder: ModelFolder, here: machine.Machine) -> Loaded:
    """Load weights and tokenizer; apply the machine's limits. Raises ModelLoadFailed."""
    machine.apply(here)
    try:
        model, config = load_model(folder.path)
        tokenizer = read_tokenizer(folder.path, eos_token_ids=_listed(config.get("eos_token_id")))
    except (ValueError, KeyError, TypeError, OSError, RuntimeError, ImportError) as error:
        raise ModelLoadFailed(f"{folder.path} could not be loaded: {error}") from error
    if here.float32:
        model.set_dtype(mx.float32)
    model.eval()
    mx.eval(model.parameters())
    return Loaded(model, tokenizer, frozenset(tokenizer.eos_token_ids))


def _listed(eos: int | list[int] | None) -> list[int]:
    if eos is None:
        return []
    return [eos] if isinstance(eos, int) else list(eos)
