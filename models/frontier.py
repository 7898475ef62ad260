"""Asking a frontier model, through whichever protocol its server speaks.

Each try over the network is one `FrontierAttempt`, failed tries included, so that a ledger can
keep them all. Nothing here opens a connection except `Frontier.ask`. It does not know what the
answer means, whether there is money left, or whether the network may be used at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from models.errors import ModelError
from models.frontier_asking import Asking, Keep
from models.frontier_attempt import FrontierAttempt, Recorder
from models.frontier_stream import Hear, hear_out
from models.frontier_wire import ErrorKind, FrontierRequest, Wire, is_loopback
from models.prices import Prices

__all__ = [
    "BASE_URLS",
    "ErrorKind",
    "Frontier",
    "FrontierAttempt",
    "FrontierMisconfigured",
    "FrontierRequest",
    "Hear",
    "Keep",
    "make_frontier",
]

BASE_URLS = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
}

_PLACEHOLDER_KEY = "no-key-needed"


class FrontierMisconfigured(ModelError):
    """The frontier cannot be asked as configured: provider, model, address or key."""


class Frontier(Protocol):
    """A model behind an API."""

    provider: str
    model: str
    base_url: str

    def ask(self, request: FrontierRequest, keep: Keep, hear: Hear | None = None) -> None:
        """Tries until there is an answer or no more hope; blocks; thread-safe.

        `keep` is called with each try as soon as it is over, at least once; the last is the
        outcome. Never raises for what the server or the network does: that is in the attempts.

        With `hear` the answer is streamed, and `hear` is called in this thread with what the model
        has written so far, over and over, until the question is decided; no event loop may be
        running in it. What `hear` raises closes the connection at once, its try is kept as
        `stopped`, and the exception goes on.
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
        self._recorder = Recorder(model, provider, base_url, key, prices)
        self._connect = connect
        self._wire: Wire | None = None
        self._lock = threading.Lock()
        self._streams = True

    def ask(self, request: FrontierRequest, keep: Keep, hear: Hear | None = None) -> None:
        asking = Asking(self._open(), self._recorder, request, keep)
        if hear is None:
            asking.quietly()
            return
        hear_out(asking.aloud(self._streams), lambda: asking.text, hear)
        if asking.refused_to_stream:
            self._streams = False

    def close(self) -> None:
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _open(self) -> Wire:
        with self._lock:
            if self._wire is None:
                self._wire = self._connect()
            return self._wire
