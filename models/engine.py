"""Generation with one loaded model, on the one thread that loaded it.

Puts prompt, adapter, prefix cache, decoding and scores together. `models.runtime` owns the
thread and is the door; nothing else uses this module. All results are Python numbers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import mlx.core as mx
from mlx.nn.losses import cross_entropy

from models import loading, machine
from models.bank import AdapterBank
from models.decoding import BatchDecoder, decode, stats_of
from models.errors import PromptTooLong
from models.folder import ModelFolder
from models.generation import Completion, Generation
from models.prefix_cache import PrefixCache
from models.prompting import Prompt, Prompter
from models.scores import TokenScores, features
from models.tokens import Output, Words

NLL_BATCH = 16


class Engine:
    """A model with its tokenizer, adapters and caches. Not thread-safe: one thread only."""

    def __init__(self, folder: ModelFolder) -> None:
        loaded = loading.load(folder, machine.this())
        self._model = loaded.model
        self._window = folder.window
        self._prompter = Prompter(loaded.tokenizer)
        self._words = Words(loaded.tokenizer, loaded.eos_ids)
        self._bank = AdapterBank(loaded.model)
        self._prefixes = PrefixCache(loaded.model)

    def generate(self, request: Generation) -> Completion:
        """Answer one request."""
        began = time.perf_counter()
        prompt = self._prompt(request)
        output = self._output(request, prompt)
        adapter_id = self._use(request)
        cached = len(prompt.prefix) if self._prefixes.holds(adapter_id, prompt.prefix) else 0
        cache, held = self._prefixes.start(adapter_id, prompt.prefix)
        logits = decode(self._model, cache, prompt.ids[held:], output.add)
        scored = output.scored
        rows = stats_of([logits[i] for i in scored], [output.emitted[i] for i in scored])
        return _completion(output, rows, prompt, cached, 1000 * (time.perf_counter() - began))

    def generate_batch(self, requests: Sequence[Generation]) -> list[Completion]:
        """Answer requests that share an adapter, all at once."""
        began = time.perf_counter()
        prompts = [self._prompt(request) for request in requests]
        outputs = [self._output(*pair) for pair in zip(requests, prompts, strict=True)]
        adapter_id = self._use(requests[0])
        # one prefix for all rows, or none
        shared = prompts[0].prefix if len({prompt.prefix for prompt in prompts}) == 1 else ()
        cached = len(shared) if self._prefixes.holds(adapter_id, shared) else 0
        cache, held = self._prefixes.start(adapter_id, shared)
        decoder = BatchDecoder(self._model, cache, [prompt.ids[held:] for prompt in prompts])
        rows = decoder.run(lambda row, token: outputs[row].add(token))
        latency = 1000 * (time.perf_counter() - began) / len(requests)
        return [
            _completion(output, [every[i] for i in output.scored], prompt, cached, latency)
            for output, every, prompt in zip(outputs, rows, prompts, strict=True)
        ]

    def by_prompt_length(self, requests: Sequence[Generation]) -> list[int]:
        """Positions of the requests, the longest prompt first; raises PromptTooLong early."""
        lengths = [len(self._prompt(request).ids) for request in requests]
        return sorted(range(len(requests)), key=lambda i: -lengths[i])

    def fits(self, request: Generation) -> bool:
        """Whether the prompt leaves room for an answer."""
        prompt = self._prompter.prompt(request.system, request.user)
        return len(prompt.ids) < self._window

    def nll(self, texts: Sequence[str]) -> float:
        """Mean negative log-likelihood in nats a token, under the base, of plain texts."""
        self._bank.use(None)
        rows = [ids for text in texts if len(ids := self._prompter.plain(text)[: self._window]) > 1]
        total, count = 0.0, 0
        for start in range(0, len(rows), NLL_BATCH):
            some = rows[start : start + NLL_BATCH]
            total += self._nll_sum(some)
            count += sum(len(row) - 1 for row in some)
        return total / count if count else 0.0

    def _nll_sum(self, rows: list[list[int]]) -> float:
        width = max(map(len, rows))
        batch = mx.array([[*row, *([0] * (width - len(row)))] for row in rows])
        logits = self._model(batch[:, :-1]).astype(mx.float32)
        losses = cross_entropy(logits, batch[:, 1:])
        lengths = mx.array([len(row) - 1 for row in rows])
        total: Any = mx.where(mx.arange(width - 1) < lengths[:, None], losses, 0.0).sum().item()
        return float(total)

    def _prompt(self, request: Generation) -> Prompt:
        prompt = self._prompter.prompt(request.system, request.user)
        if len(prompt.ids) >= self._window:
            raise PromptTooLong(
                f"the prompt has {len(prompt.ids)} tokens; the model's window is {self._window}"
            )
        return prompt

    def _output(self, request: Generation, prompt: Prompt) -> Output:
        room = self._window - len(prompt.ids)
        return Output(self._words, request.stop, min(request.max_tokens, room))

    def _use(self, request: Generation) -> str | None:
        self._bank.use(request.adapter)
        return request.adapter.id if request.adapter else None


def _completion(
    output: Output, rows: list[list[float]], prompt: Prompt, cached: int, latency_ms: float
) -> Completion:
    tokens = tuple(output.tokens)
    logprobs, margins, entropies = ([row[i] for row in rows] for i in range(3))
    return Completion(
        text=output.text(),
        tokens=tokens,
        features=features(TokenScores(logprobs, margins, entropies, len(output.values))),
        finished=output.finished or "length",
        input_tokens=len(prompt.ids),
        cached_tokens=cached,
        output_tokens=len(tokens),
        latency_ms=latency_ms,
        tokens_per_s=1000 * len(output.emitted) / latency_ms,
    )
