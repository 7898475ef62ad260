"""One optimizer step on a batch of rows, and the loss without one.

AdamW (Loshchilov and Hutter 2019) with warm-up, cosine decay and gradient clipping, on the
trainable part of a model. Knows arrays; not epochs, validation policy, files or processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx.nn.losses import cross_entropy
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from models import lora
from models.training_data import Row, padded, pieces

CLIP_NORM = 1.0
WARMUP_SHARE = 0.06
FINAL_SHARE = 0.05
# its signature has no types
clip: Any = optim.clip_grad_norm
WEIGHT_DECAY = 0.01


class Learner:
    """An adapted model and its optimizer. `seconds` and `tokens` add up over `update`s."""

    def __init__(
        self, model: Any, learning_rate: float, steps: int, micro_tokens: int | None
    ) -> None:
        self._model = model
        self._micro_tokens = micro_tokens
        self._optimizer = optim.AdamW(
            learning_rate=schedule(learning_rate, steps), weight_decay=WEIGHT_DECAY
        )
        self._optimizer.init(model.trainable_parameters())
        self._gradients = value_and_grad(model, completion_loss)
        self.seconds = 0.0
        self.tokens = 0

    @property
    def learning_rate(self) -> float:
        rate: Any = self._optimizer.learning_rate.item()
        return float(rate)

    @property
    def weights(self) -> dict[str, mx.array]:
        return lora.weights(self._model)

    @property
    def state(self) -> dict[str, mx.array]:
        """The optimizer's state by name."""
        flat: Any = tree_flatten(self._optimizer.state)
        return dict(flat)

    def restore(self, weights: Mapping[str, mx.array], state: Mapping[str, mx.array]) -> None:
        """Set both back to what they were."""
        lora.put_weights(self._model, weights)
        self._optimizer.state = tree_unflatten(list(state.items()))
        mx.eval(self._model.trainable_parameters(), self._optimizer.state)

    def update(self, rows: Sequence[Row], between: Callable[[], object]) -> float:
        """One step on these rows; returns their mean loss, in nats a completion token.

        Computed in pieces where the machine wants it so; `between()` is called before each.
        """
        count = completion_tokens(rows)
        total, gradients = 0.0, None
        for piece in pieces(rows, self._micro_tokens):
            between()
            began = time.perf_counter()
            loss, some = self._gradients(self._model, *arrays(piece), count)
            gradients = some if gradients is None else tree_map(mx.add, gradients, some)
            mx.eval(loss, gradients)
            total += loss.item()
            self.seconds += time.perf_counter() - began
        began = time.perf_counter()
        clipped, _ = clip(gradients, CLIP_NORM)
        self._optimizer.update(self._model, clipped)
        mx.eval(self._model.trainable_parameters(), self._optimizer.state)
        self.seconds += time.perf_counter() - began
        self.tokens += sum(len(row.ids) for row in rows)
        return total

    def loss(self, batches: Sequence[Sequence[Row]]) -> float:
        """Mean loss over all completion tokens of these batches, without learning from them."""
        count = sum(completion_tokens(rows) for rows in batches)
        total = 0.0
        for rows in batches:
            part: Any = completion_loss(self._model, *arrays(rows), count).item()
            total += part
        return total


def completion_tokens(rows: Sequence[Row]) -> int:
    """How many tokens the loss is over."""
    return sum(len(row.ids) - row.prompt_length for row in rows)


def arrays(rows: Sequence[Row]) -> tuple[mx.array, mx.array]:
    """(rows, width) token ids and (rows, 2) completion spans."""
    batch = padded(rows)
    return mx.array(batch.ids), mx.array(batch.spans)


def completion_loss(model: Any, ids: mx.array, spans: mx.array, count: int) -> mx.array:
    """Cross-entropy of completion tokens (end-of-sequence included), summed, over `count`."""
    targets = ids[:, 1:]
    losses = cross_entropy(model(ids[:, :-1]).astype(mx.float32), targets)
    position = mx.arange(1, ids.shape[1])
    counted = (position >= spans[:, :1]) & (position < spans[:, 1:])
    return mx.where(counted, losses, 0.0).sum() / count


def schedule(peak: float, steps: int) -> Callable[[Any], mx.array]:
    """Linear warm-up over the first steps, then a cosine down to a twentieth of the peak."""
    warmup = max(1, round(WARMUP_SHARE * steps))
    up = optim.linear_schedule(peak / (warmup + 1), peak, warmup)
    down = optim.cosine_decay(peak, max(1, steps - warmup), peak * FINAL_SHARE)
    joined: Callable[[Any], mx.array] = optim.join_schedules([up, down], [warmup])
    return joined
