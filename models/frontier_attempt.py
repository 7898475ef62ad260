"""One try of a frontier, as it is kept: what was sent, what came back, and what it took.

It knows prices and the key that must not be kept; nothing of retries, nor of how a request is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from models.frontier_answer import NOTHING, ODD_SHAPES, understand
from models.frontier_stream import written
from models.frontier_wire import ErrorKind, Message, Reading, WireFailure
from models.prices import Prices

Read = Callable[[Any], Reading]


@dataclass(frozen=True, kw_only=True)
class FrontierAttempt:
    """One try: what was sent, what came back, and what it took.

    `request` is the JSON body; `response` the raw body of the answer, None when none came (of a
    stream: what had come, in the form of a body that comes whole); `data` the parsed answer, None
    exactly when `error_kind` is set. `cost_known` is False without a price, and where the server
    did not tell all tokens. No field ever holds the key.
    """

    model: str
    request: dict[str, Any]
    response: str | None
    data: dict[str, Any] | None
    error: str | None
    error_kind: ErrorKind | None
    input_tokens: int
    output_tokens: int
    latency_ms: float
    cost_usd: float
    cost_known: bool


@dataclass(frozen=True)
class Sent:
    """A request on its way; `message` takes in what comes of a streamed response."""

    body: dict[str, Any]
    message: Message | None = None
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True)
class Recorder:
    """Makes the attempts of one model at one address."""

    model: str
    provider: str
    base_url: str
    key: str | None = field(repr=False)
    prices: Prices

    def answered(self, sent: Sent, response: str, read: Read) -> FrontierAttempt:
        """A try that brought a whole response, be it an answer or none."""
        reading, data, kind, error = understand(response, read)
        attempt = self._attempt(sent, response, _counted(reading, sent.message))
        return replace(attempt, data=data, error_kind=kind, error=self._without_key(error))

    def failed(self, sent: Sent, failure: WireFailure, read: Read) -> FrontierAttempt:
        """A try that brought none; the beginning of one has been paid for as well."""
        reading, response = _begun(sent.message, read)
        attempt = self._attempt(sent, failure.response or response, reading)
        return replace(
            attempt,
            error=self._without_key(str(failure)),
            error_kind=failure.kind,
            cost_known=response is None,
        )

    def _attempt(self, sent: Sent, response: str | None, reading: Reading) -> FrontierAttempt:
        cost = self.prices.cost(
            self.model,
            provider=self.provider,
            base_url=self.base_url,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cached_tokens=reading.cached_tokens,
        )
        return FrontierAttempt(
            model=self.model,
            request=sent.body,
            response=self._without_key(response),
            data=None,
            error=None,
            error_kind=None,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            latency_ms=(time.perf_counter() - sent.started) * 1000,
            cost_usd=cost.usd,
            cost_known=cost.known and reading.input_tokens > 0,
        )

    def _without_key(self, text: str | None) -> str | None:
        # A few letters are no key of a real server, and may well be part of a word.
        if text is None or self.key is None or len(self.key) < 8:
            return text
        return text.replace(self.key, "[key]")


def _begun(message: Message | None, read: Read) -> tuple[Reading, str | None]:
    """What a response that was not finished has told, and its text; NOTHING and None of none."""
    if message is None:
        return NOTHING, None
    try:
        reading = _counted(read(message.response()), message)
    except ODD_SHAPES:
        reading = _counted(NOTHING, message)
    came = reading.input_tokens or reading.output_tokens
    return reading, written(message) if came else None


def _counted(reading: Reading, message: Message | None) -> Reading:
    """Where a server has not told how much it wrote, each piece of it counts as one token."""
    if message is None or (message.finished and reading.output_tokens):
        return reading
    return replace(reading, output_tokens=max(reading.output_tokens, message.pieces))
