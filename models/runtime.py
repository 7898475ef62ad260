"""The local model as the rest of Valence sees it: thread-safe, blocking, Python numbers only.

One thread of its own loads the model and does all generation, because an mlx array may be
evaluated only on the thread that made it. Knows nothing of boundaries, gates or the ledger;
imports no mlx itself (the thread does).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from models import blas
from models.errors import RuntimeClosed
from models.folder import ModelFolder, markers
from models.generation import Completion, Generation
from models.prompting import Markers

if TYPE_CHECKING:
    from models.engine import Engine

T = TypeVar("T")
Progress = Callable[[int, int], None]


class LocalRuntime:
    """A base model held in memory, with adapters switched by reference."""

    def __init__(self, folder: ModelFolder) -> None:
        """Load the model (ModelLoadFailed); returns when it is ready to answer."""
        self.folder = folder
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlx")
        try:
            self._engine = self._thread.submit(_load, folder).result()
        except BaseException:
            self._thread.shutdown()
            raise

    @cached_property
    def markers(self) -> Markers:
        """How triples are written for this model."""
        return markers(self.folder)

    @property
    def chance_nll(self) -> float:
        """Nats a token of a model that knows nothing: the logarithm of its vocabulary's size."""
        text = self.folder.config.get("text_config", self.folder.config)
        return math.log(int(text["vocab_size"]))

    def generate(self, request: Generation) -> Completion:
        """Answer one request; callable from any thread.

        Raises PromptTooLong, AdapterMismatch, RuntimeClosed.
        """
        return self._run(lambda engine: engine.generate(request))

    def fits(self, request: Generation) -> bool:
        """Whether the prompt leaves room for an answer in the model's window."""
        return self._run(lambda engine: engine.fits(request))

    def generate_batch(
        self,
        requests: Sequence[Generation],
        batch_size: int = 32,
        progress: Progress | None = None,
    ) -> list[Completion]:
        """Answer many requests, all for one adapter, in their order.

        Several times faster than `generate` in turn; features agree with it to 1e-3 nats. A
        request by `generate` waits for one batch at most. `progress(done, total)` is called on
        the caller's thread. `latency_ms` of a completion is its share of its batch's time.
        """
        if len({request.adapter for request in requests}) > 1:
            raise ValueError("a batch is generated with one adapter")
        order = self._run(lambda engine: engine.by_prompt_length(requests))
        done: dict[int, Completion] = {}
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            answers = self._run(partial(_generate_batch, [requests[i] for i in rows]))
            done.update(zip(rows, answers, strict=True))
            if progress is not None:
                progress(len(done), len(requests))
        return [done[i] for i in range(len(requests))]

    def nll(self, texts: Sequence[str]) -> float:
        """Mean negative log-likelihood (nats a token) of plain texts under the base model."""
        return self._run(lambda engine: engine.nll(texts))

    def close(self) -> None:
        """Free the model; a request after this raises RuntimeClosed. May be called twice."""
        self._closed = True
        self._thread.shutdown()
        self.__dict__.pop("_engine", None)

    def _run(self, job: Callable[[Engine], T]) -> T:
        if self._closed:
            raise RuntimeClosed("the local runtime has been closed")
        future: Future[T] = self._thread.submit(lambda: job(self._engine))
        return future.result()


def _generate_batch(batch: list[Generation], engine: Engine) -> list[Completion]:
    return engine.generate_batch(batch)


def _load(folder: ModelFolder) -> Engine:
    blas.enable()
    from models.engine import Engine

    return Engine(folder)
