"""Asking a frontier model, through whichever protocol its server speaks.

Each try over the network is one `FrontierAttempt`, failed tries included, so that a ledger can
keep them all. Nothing here opens a connection except `Frontier.ask`. It does not know what the
answer means, whether there is money left, or whether the network may be used at all.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from models.errors import ModelError
from models.frontier_answer import understand
from models.frontier_wire import (
    ErrorKind,
    FrontierRequest,
    Reading,
    Wire,
    WireFailure,
    is_loopback,
)
from models.prices import Prices

__all__ = [
    "BASE_URLS",
    "ErrorKind",
    "Frontier",
    "FrontierAttempt",
    "FrontierMisconfigured",
    "FrontierRequest",
    "make_frontier",
]

BASE_URLS = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
}

TRIES: dict[ErrorKind, int] = {
    "rate_limit": 4,
    "server": 4,
    "connection": 3,
    "timeout": 2,
    "unparsable": 2,
}
"""How often each kind is tried in all; a kind that is not named here is never tried again."""

LONGEST_WAIT_S = 30.0
"""A server that asks for a longer pause is not waited for: a person is sitting there."""

_PLACEHOLDER_KEY = "no-key-needed"


class FrontierMisconfigured(ModelError):
    """The frontier cannot be asked as configured: provider, model, address or key."""


@dataclass(frozen=True, kw_only=True)
class FrontierAttempt:
    """One try: what was sent, what came back, and what it took.

    `request` is the JSON body; `response` the raw body of the answer, None when none came; `data`
    the parsed answer, None exactly when `error_kind` is set. No field ever holds the key.
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


class Frontier(Protocol):
    """A model behind an API."""

    provider: str
    model: str
    base_url: str

    def ask(self, request: FrontierRequest) -> list[FrontierAttempt]:
        """All tries in order, at least one; the last is the outcome. Blocks; thread-safe.

        Never raises for what the server or the network does: that is in the last attempt.
        """
        ...

    def close(self) -> None:
        """Closes idle connections; a later `ask` opens them again."""
        ...


def make_frontier(
    *,
    provider: str,
    model: str,
    base_url: str | None = None,
    timeout_s: float = 60.0,
    key: str | None = None,
    prices: Prices | None = None,
) -> Frontier:
    """A frontier that is ready to be asked; opens nothing yet.

    Raises FrontierMisconfigured when it could not work: unknown provider, no model, an address
    that is not http(s), or no key for a server that is not on this machine.
    """
    if provider not in BASE_URLS:
        raise FrontierMisconfigured(f"frontier provider {provider!r} is not one of {[*BASE_URLS]}")
    if not model:
        raise FrontierMisconfigured("no frontier model is set")
    url = (base_url or BASE_URLS[provider]).rstrip("/")
    _check(provider, url, key)
    wire_key = key or _PLACEHOLDER_KEY

    def connect() -> Wire:
        return _connect(provider, model, url, timeout_s, wire_key)

    return _RetryingFrontier(provider, model, url, key, prices or Prices(), connect)


def _check(provider: str, url: str, key: str | None) -> None:
    if not url.startswith(("http://", "https://")):
        raise FrontierMisconfigured(f"frontier address {url!r} is not an http(s) address")
    if not key and not is_loopback(url):
        raise FrontierMisconfigured(f"no key for {provider}, and {url} is not on this machine")
    if key and (not key.isascii() or not key.isprintable() or " " in key):
        raise FrontierMisconfigured(f"the key for {provider} has characters no key has")


def _connect(provider: str, model: str, url: str, timeout_s: float, key: str) -> Wire:
    if provider == "anthropic":
        from models.frontier_anthropic import AnthropicWire

        return AnthropicWire(model, url, timeout_s, key)
    from models.frontier_openai import OpenAIWire

    return OpenAIWire(model, url, timeout_s, key)


class _TryAgain(Exception):
    """Carries the wait that the server asked for to the retry layer."""

    def __init__(self, wait_s: float | None) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


def _backoff(error: Exception) -> bool | float:
    if not isinstance(error, _TryAgain):
        return False
    if error.wait_s is None:
        return True
    return error.wait_s + random.uniform(0, 0.25)


class _RetryingFrontier:
    """Tries, waits and tries again over one wire that is made at the first question."""

    def __init__(
        self,
        provider: str,
        model: str,
        base_url: str,
        key: str | None,
        prices: Prices,
        connect: Callable[[], Wire],
    ) -> None:
        self.provider = provider
        self.model = model
        self.base_url = base_url
        self._key = key
        self._prices = prices
        self._connect = connect
        self._wire: Wire | None = None
        self._lock = threading.Lock()

    def ask(self, request: FrontierRequest) -> list[FrontierAttempt]:
        import stamina

        # Its default hook writes each retry to a log that may be the terminal.
        stamina.instrumentation.set_on_retry_hooks([])
        attempts: list[FrontierAttempt] = []
        tries = stamina.retry_context(
            on=_backoff,
            attempts=max(TRIES.values()),
            timeout=None,
            wait_initial=0.5,
            wait_max=8.0,
            wait_jitter=0.5,
        )
        try:
            for one in tries:
                with one:
                    self._try(request, attempts)
        except _TryAgain:
            pass  # the last attempt says what went wrong
        return attempts

    def close(self) -> None:
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _try(self, request: FrontierRequest, attempts: list[FrontierAttempt]) -> None:
        wire = self._open()
        body = wire.body(request)
        started = time.perf_counter()
        try:
            _check_text(body)
            response = wire.send(body)
        except WireFailure as failure:
            attempts.append(self._failed(body, failure, _ms_since(started)))
            self._again(attempts, failure)
            return
        attempts.append(self._answered(body, response, wire.read, _ms_since(started)))
        self._again(attempts, None)

    def _open(self) -> Wire:
        with self._lock:
            if self._wire is None:
                self._wire = self._connect()
            return self._wire

    def _again(self, attempts: list[FrontierAttempt], failure: WireFailure | None) -> None:
        kind = attempts[-1].error_kind
        if kind is None or sum(a.error_kind == kind for a in attempts) >= TRIES.get(kind, 1):
            return
        wait_s = failure.retry_after_s if failure else None
        if (failure and failure.hopeless) or (wait_s or 0) > LONGEST_WAIT_S:
            return
        raise _TryAgain(wait_s)

    def _failed(
        self, body: dict[str, Any], failure: WireFailure, latency_ms: float
    ) -> FrontierAttempt:
        return FrontierAttempt(
            model=self.model,
            request=body,
            response=self._without_key(failure.response),
            data=None,
            error=self._without_key(str(failure)),
            error_kind=failure.kind,
            input_tokens=0,
            output_tokens=0,
            latency_ms=latency_ms,
            cost_usd=0.0,
            cost_known=True,
        )

    def _answered(
        self,
        body: dict[str, Any],
        response: str,
        read: Callable[[Any], Reading],
        latency_ms: float,
    ) -> FrontierAttempt:
        reading, data, kind, error = understand(response, read)
        cost = self._prices.cost(
            self.model,
            provider=self.provider,
            base_url=self.base_url,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cached_tokens=reading.cached_tokens,
        )
        return FrontierAttempt(
            model=self.model,
            request=body,
            response=self._without_key(response),
            data=data,
            error=self._without_key(error),
            error_kind=kind,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            latency_ms=latency_ms,
            cost_usd=cost.usd,
            cost_known=cost.known,
        )

    def _without_key(self, text: str | None) -> str | None:
        # A few letters are no key of a real server, and may well be part of a word.
        if text is None or self._key is None or len(self._key) < 8:
            return text
        return text.replace(self._key, "[key]")


def _check_text(body: dict[str, Any]) -> None:
    try:
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise WireFailure("bad_request", "the text is not valid Unicode") from error


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
