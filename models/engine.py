"""Generation with one loaded model, on the one thread that loaded it.

Puts prompt, adapter, prefix cache, decoding and scores together. `models.runtime` owns the
thread and is the door; nothing else uses this module. All results are Python numbers. Knows
nothing of what a piece or a word of an output means.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx.nn.losses import cross_entropy

from models import loading, machine
from models.bank import AdapterBank
from models.decoding import BatchDecoder, Cache, decode, stats_of
from models.errors import PromptTooLong
from models.folder import ModelFolder
from models.generation import Completion, Generation, Hidden
from models.hidden import Fed, Steps, hidden, tapped
from models.prefix_cache import PrefixCache
from models.prompting import Prompt, Prompter
from models.scores import Stats, TokenScores, features
from models.spelling import Spelling
from models.tokens import Output, Words

NLL_BATCH = 16


@dataclass(frozen=True)
class _Asked:
    """One request with its prompt and the output that grows. Of the prompt's ids `held` are in
    the cache that decoding starts from, `cached` of them from an earlier request."""

    request: Generation
    prompt: Prompt
    output: Output
    held: int
    cached: int

    @property
    def fed(self) -> list[int]:
        """The ids of the prompt that the model still has to read."""
        return self.prompt.ids[self.held :]


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
        [asked], cache = self._started([request])
        output = asked.output
        with self._watching([request], lambda: [0]) as steps:
            logits = decode(self._model, cache, asked.fed, output.add)
        scored = output.scored
        rows = stats_of([logits[i] for i in scored], [output.emitted[i] for i in scored])
        stats = dict(zip(scored, rows, strict=True))
        seen = _seen(steps, asked, 0, len(asked.fed))
        return _completion(asked, stats, _ms_since(began), seen)

    def generate_batch(self, requests: Sequence[Generation]) -> list[Completion]:
        """Answer requests that share an adapter, all at once."""
        began = time.perf_counter()
        every, cache = self._started(requests)
        decoder = BatchDecoder(self._model, cache, [asked.fed for asked in every])
        with self._watching(requests, lambda: decoder.rows) as steps:
            rows = decoder.run(lambda row, token: every[row].output.add(token))
        latency = _ms_since(began) / len(requests)
        widest = max(len(asked.fed) for asked in every)
        seen = [_seen(steps, asked, row, widest) for row, asked in enumerate(every)]
        return [
            _completion(asked, dict(enumerate(stats)), latency, states)
            for asked, stats, states in zip(every, rows, seen, strict=True)
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

    def _started(self, requests: Sequence[Generation]) -> tuple[list[_Asked], Cache]:
        """Puts the requests' adapter to use; a cache of the prefix that all of them have, or of
        nothing."""
        prompts = [self._prompt(request) for request in requests]
        adapter_id = self._use(requests[0])
        shared = prompts[0].prefix if len({prompt.prefix for prompt in prompts}) == 1 else ()
        cached = len(shared) if self._prefixes.holds(adapter_id, shared) else 0
        cache, held = self._prefixes.start(adapter_id, shared)
        every = [
            _Asked(request, prompt, self._output(request, prompt), held, cached)
            for request, prompt in zip(requests, prompts, strict=True)
        ]
        return every, cache

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

    def _watching(
        self, requests: Sequence[Generation], rows: Callable[[], Sequence[int]]
    ) -> AbstractContextManager[Steps | None]:
        """Collects hidden states where a request asks for them; else the model runs as it is."""
        if not any(request.hidden for request in requests):
            return nullcontext()
        return tapped(self._model, rows)

    def _use(self, request: Generation) -> str | None:
        self._bank.use(request.adapter)
        return request.adapter.id if request.adapter else None


def _completion(
    asked: _Asked, stats: Mapping[int, Stats], latency_ms: float, seen: Hidden | None
) -> Completion:
    output, spelling = asked.output, asked.output.spelling
    tokens = tuple(output.tokens)
    return Completion(
        text=output.text(),
        tokens=tokens,
        scores=TokenScores.of(stats, output.scored, len(output.values)),
        finished=output.finished or "length",
        input_tokens=len(asked.prompt.ids),
        cached_tokens=asked.cached,
        output_tokens=len(tokens),
        latency_ms=latency_ms,
        tokens_per_s=1000 * len(output.emitted) / latency_ms,
        parts=_parts(spelling, asked.request.separator, stats),
        uncertain=output.uncertain(spelling, stats),
        hidden=seen,
    )


def _parts(
    spelling: Spelling, separator: str, stats: Mapping[int, Stats]
) -> tuple[dict[str, float], ...]:
    """Features of each piece; none where one of them cannot be scored by itself."""
    pieces = spelling.pieces(separator) if separator else []
    if not all(pieces):
        return ()
    return tuple(features(TokenScores.of(stats, piece, len(piece))) for piece in pieces)


def _seen(steps: Steps | None, asked: _Asked, row: int, widest: int) -> Hidden | None:
    if steps is None or not asked.request.hidden:
        return None
    fed = Fed(row, len(asked.fed), len(asked.prompt.rest))
    return hidden(steps, fed, widest, asked.output.scored)


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
