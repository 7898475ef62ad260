"""Low-rank adaptation (Hu et al. 2021, "LoRA") of a model's linear layers, quantised or not.

Knows modules and their shapes; not adapters' files, nor what they are trained or served for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.linear import Linear
from mlx.nn.layers.quantized import QuantizedLinear
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.tuner.lora import LoRALinear


def linear_layers(model: Module) -> dict[str, Any]:
    """The linear layers inside a model's blocks, quantised or not, by their full names."""
    blocks = {id(module) for block in model.layers for module in block.modules()}
    return {
        name: module
        for name, module in named_modules(model).items()
        if isinstance(module, Linear | QuantizedLinear) and id(module) in blocks
    }


def shape_of(linear: Any) -> tuple[int, int]:
    """(inputs, outputs) of a linear layer, quantised or not."""
    outputs, inputs = linear.weight.shape
    if isinstance(linear, QuantizedLinear):
        inputs = inputs * 32 // linear.bits
    return inputs, outputs


def low_rank(linear: Any, rank: int, scale: float) -> Any:
    """A LoRA layer around a linear one (Hu et al. 2021), its output at first unchanged."""
    return LoRALinear.from_base(linear, r=rank, dropout=0.0, scale=scale)


def adapt(model: Any, rank: int, scale: float, seed: int) -> None:
    """Freeze a model and put trainable low-rank layers on all linear layers of its blocks."""
    mx.random.seed(seed)
    model.freeze()
    layers = {name: low_rank(linear, rank, scale) for name, linear in linear_layers(model).items()}
    model.update_modules(tree_unflatten(list(layers.items())))
    mx.eval(model.trainable_parameters())


def weights(model: Any) -> dict[str, mx.array]:
    """The trainable arrays of an adapted model, by name."""
    flat: Any = tree_flatten(model.trainable_parameters())
    return dict(flat)


def put_weights(model: Module, arrays: Mapping[str, mx.array]) -> None:
    """Set arrays of an adapted model by name."""
    model.update(tree_unflatten(list(arrays.items())))


def named_modules(model: Any) -> dict[str, Any]:
    """All modules of a model by their full names."""
    return dict(model.named_modules())
