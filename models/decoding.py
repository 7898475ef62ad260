"""Greedy decoding loops: one sequence, and many at once. Arrays in, arrays out.

Both keep what the scores need, computed from float32 logits before anything is masked. Know
models as functions of (tokens, cache); know no tokenizer, prompt or adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx

Cache = list[Any]
# its type stub says nothing
async_eval: Any = mx.async_eval
PREFILL_STEP = 2048
STATS_ROWS = 64


def prefill(model: Any, cache: Cache, ids: Sequence[int]) -> None:
    """Run prompt tokens through the model for their cache entries alone."""
    for start in range(0, len(ids), PREFILL_STEP):
        model(mx.array([ids[start : start + PREFILL_STEP]]), cache=cache)
        mx.eval([entry.state for entry in cache])


def decode(
    model: Any, cache: Cache, ids: Sequence[int], take: Callable[[int], bool]
) -> list[mx.array]:
    """Decode greedily after prompt `ids` until `take(token)` says that the output is finished.

    Returns the logits of each step, shape (1, vocabulary). The next step is under way while a
    token is read, so the model runs one step further than what is returned.
    """
    prefill(model, cache, ids[:-1])
    logits = model(mx.array([ids[-1:]]), cache=cache)[:, -1]
    token = mx.argmax(logits, axis=-1)
    async_eval(token)
    kept = []
    while True:
        kept.append(logits)
        next_logits = model(token[:, None], cache=cache)[:, -1]
        next_token = mx.argmax(next_logits, axis=-1)
        async_eval(next_token)
        number: Any = token.item()
        if take(number):
            return kept
        logits, token = next_logits, next_token


def stats(logits: mx.array, tokens: mx.array) -> mx.array:
    """(rows, vocabulary) logits and (rows,) tokens -> (rows, 3): float32 nats.

    Columns: log-probability of the token, margin over the best other token, entropy.
    """
    logits = logits.astype(mx.float32)
    index = tokens[:, None]
    best = logits.max(axis=-1, keepdims=True)
    # a weight of 0 times minus infinity is to be 0
    below = mx.maximum(logits - best, -1e4)
    weights = mx.exp(below)
    total = weights.sum(axis=-1)
    chosen = mx.take_along_axis(below, index, axis=-1)[:, 0]
    others = mx.put_along_axis(below, index, mx.array(-mx.inf), axis=-1).max(axis=-1)
    entropy = mx.log(total) - (weights * below).sum(axis=-1) / total
    return mx.stack([chosen - mx.log(total), chosen - others, entropy], axis=-1)


def stats_of(logits: Sequence[mx.array], tokens: Sequence[int]) -> list[list[float]]:
    """`stats` of the steps of one output, as numbers; some rows at a time to bound memory."""
    rows: list[list[float]] = []
    for start in range(0, len(tokens), STATS_ROWS):
        some = mx.concatenate(list(logits[start : start + STATS_ROWS]))
        numbers: Any = stats(some, mx.array(list(tokens[start : start + STATS_ROWS]))).tolist()
        rows.extend(numbers)
    return rows


class BatchDecoder:
    """Greedy decoding of several prompts at once, after one shared cache of their prefix."""

    def __init__(self, model: Any, prefix: Cache, prompts: Sequence[Sequence[int]]) -> None:
        """`prompts`: ids after the prefix, one row each, none empty."""
        self._model = model
        self._prompts = prompts
        self._cache = [entry.merge([entry] * len(prompts)) for entry in prefix]
        self.rows = list(range(len(prompts)))
        """The rows that the next run of the model has; finished ones are dropped in time."""

    def run(self, take: Callable[[int, int], bool]) -> list[list[list[float]]]:
        """Decode until `take(row, token)` has said of every row that it is finished.

        Returns the `stats` of each row's steps. To be run once.
        """
        self._prefill(self._prompts)
        last = mx.array([[prompt[-1]] for prompt in self._prompts])
        self._tokens, self._stats = self._step(last)
        collected: list[list[list[float]]] = [[] for _ in self.rows]
        live = set(self.rows)
        while live:
            before: tuple[Any, Any] = self._tokens, self._stats
            self._tokens, self._stats = self._step(self._tokens[:, None])
            numbers = (array.tolist() for array in before)
            for row, token, scored in zip(self.rows, *numbers, strict=True):
                if row in live:
                    collected[row].append(scored)
                    if take(row, token):
                        live.remove(row)
            self._drop_finished(live)
        return collected

    def _prefill(self, prompts: Sequence[Sequence[int]]) -> None:
        width = max(map(len, prompts)) - 1
        if width == 0:
            return
        lengths = [len(prompt) - 1 for prompt in prompts]
        padding = [width - length for length in lengths]
        padded = [
            [*prompt[:-1], *([0] * pad)] for prompt, pad in zip(prompts, padding, strict=True)
        ]
        for entry in self._cache:
            entry.prepare(lengths=lengths, right_padding=padding)
        self._model(mx.array(padded), cache=self._cache)
        for entry in self._cache:
            entry.finalize()
        mx.eval([entry.state for entry in self._cache])

    def _step(self, tokens: mx.array) -> tuple[mx.array, mx.array]:
        logits = self._model(tokens, cache=self._cache)[:, -1]
        chosen = mx.argmax(logits, axis=-1)
        scored = stats(logits, chosen)
        async_eval(chosen, scored)
        return chosen, scored

    def _drop_finished(self, live: set[int]) -> None:
        # each drop copies the cache: worth it when half of the rows are done
        if not live or 2 * len(live) > len(self.rows):
            return
        keep = [i for i, row in enumerate(self.rows) if row in live]
        index = mx.array(keep)
        for entry in self._cache:
            entry.filter(index)
        self._tokens, self._stats = self._tokens[index], self._stats[index]
        self.rows = [self.rows[i] for i in keep]
