"""What a middle layer of the model holds while it answers: a probe reads it, nobody else does.

The layer halfway up is where models are found to know whether what they say is so (Azaria and
Mitchell 2023). A tap stands in its place for one generation and passes everything on as it is;
without a tap nothing of this runs. Knows models as mlx modules, and rows by their number; no
tokenizer and no score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from models.errors import ModelError
from models.generation import Hidden

Steps = list[tuple[Sequence[int], mx.array]]
"""Of each run of the model, in order: its rows, and the layer's output (rows, tokens, width)."""


@dataclass(frozen=True)
class Fed:
    """What the model was fed in one row: `prompt` tokens, of which the last `own` are the
    request's own, and then every token of the answer."""

    row: int
    prompt: int
    own: int


class _Tap:
    """A layer that keeps what it passes on; in all else it is the layer that it wraps."""

    def __init__(self, layer: Any, rows: Callable[[], Sequence[int]]) -> None:
        self._layer = layer
        self._rows = rows
        self.steps: Steps = []

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        output = self._layer(*inputs, **named)
        # some layers pass on more than the states, which come first
        states = output[0] if isinstance(output, tuple) else output
        self.steps.append((self._rows(), states))
        return output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)


@contextmanager
def tapped(model: Any, rows: Callable[[], Sequence[int]]) -> Iterator[Steps]:
    """Collects the middle layer's output (layers // 2) of every run of the model inside.

    `rows` says which rows a run has. Raises ModelError for a model without a list of layers.
    """
    layers, middle = _middle(model)
    layer = layers[middle]
    tap = layers[middle] = _Tap(layer, rows)
    try:
        yield tap.steps
    finally:
        layers[middle] = layer


def hidden(steps: Steps, fed: Fed, widest: int, positions: Sequence[int]) -> Hidden:
    """Means over the request's own tokens, and over the answer's tokens at `positions`.

    A token's state is the one that the model holds when it reads that token. All prompts but
    their last tokens run padded on the right to `widest - 1`, the longest one's; then come the
    last ones, then the answers.
    """
    held = [states[list(rows).index(fed.row)] for rows, states in steps if fed.row in rows]
    states = mx.concatenate(held)
    prompt = [*range(fed.prompt - 1), widest - 1]
    return Hidden(
        answer=_mean(states, [widest + position for position in positions]),
        input=_mean(states, prompt[-fed.own :]),
    )


def _mean(states: mx.array, places: Sequence[int]) -> list[float]:
    """(tokens, width) -> the mean of the tokens at these places, float32."""
    chosen = states[mx.array(list(places))].astype(mx.float32)
    numbers: Any = chosen.mean(axis=0).tolist()
    return [float(number) for number in numbers]


def _middle(model: Any) -> tuple[list[Any], int]:
    """The model's own list of layers and the place in it; `layers` may be a part or a copy."""
    layer = model.layers[len(model.layers) // 2]
    for module in model.modules():
        for held in module.values():
            place = _place(held, layer)
            if place is not None:
                return held, place
    raise ModelError("this model has no list of layers whose states could be read")


def _place(held: object, layer: Any) -> int | None:
    if not isinstance(held, list):
        return None
    return next((place for place, each in enumerate(held) if each is layer), None)
