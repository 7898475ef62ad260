"""Adapters held in memory beside one base model, and switched by reference.

With no adapter in use the base's own linear layers run, at no cost. Knows modules and weights;
not who is served, nor why.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mlx.nn.layers.base import Module

from models import adapters
from models.generation import AdapterRef
from models.lora import linear_layers, low_rank, named_modules, shape_of

KEPT = 8


class AdapterBank:
    """The adapters of one base model; at most the last few stay in memory."""

    def __init__(self, model: Module) -> None:
        self._plain = linear_layers(model)
        self._places = _places(model, self._plain)
        self._kept: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._in_use: Mapping[str, Any] = {}
        self._id: str | None = None

    def use(self, adapter: AdapterRef | None) -> None:
        """Have the model run with this adapter, or bare. Raises AdapterMismatch."""
        if (adapter.id if adapter else None) == self._id:
            return
        layers = self._layers(adapter) if adapter else {}
        for name in self._in_use.keys() - layers.keys():
            self._put(name, self._plain[name])
        for name, layer in layers.items():
            self._put(name, layer)
        self._in_use = layers
        self._id = adapter.id if adapter else None

    def _layers(self, adapter: AdapterRef) -> Mapping[str, Any]:
        if adapter.id not in self._kept:
            self._kept[adapter.id] = self._load(adapter)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(adapter.id)
        return self._kept[adapter.id]

    def _load(self, adapter: AdapterRef) -> Mapping[str, Any]:
        stored = adapters.load(adapter.folder)
        shapes = {name: shape_of(linear) for name, linear in self._plain.items()}
        adapters.check(stored, shapes, adapter.folder)
        layers = {}
        for name in stored.modules:
            layer = low_rank(self._plain[name], stored.rank, stored.scale)
            layer.lora_a = stored.weights[f"{name}.lora_a"]
            layer.lora_b = stored.weights[f"{name}.lora_b"]
            layers[name] = layer.eval()
        return layers

    def _put(self, name: str, layer: Any) -> None:
        parent, attribute = self._places[name]
        setattr(parent, attribute, layer)


def _places(model: Module, linears: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    modules = dict(named_modules(model))
    places = {}
    for name in linears:
        parent, _, attribute = name.rpartition(".")
        places[name] = (modules[parent], attribute)
    return places
