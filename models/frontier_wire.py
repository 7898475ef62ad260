"""What the two frontier protocols share: one request out, one answer or one failure back.

It knows nothing of retries, prices, keys or ledgers, and opens no connection by itself.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import ipaddress
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

    import httpx2

ErrorKind = Literal[
    "auth",
    "rate_limit",
    "timeout",
    "connection",
    "server",
    "bad_request",
    "refusal",
    "truncated",
    "unparsable",
    "stopped",
]

MAX_RESPONSE_BYTES = 8_000_000
"""More than any structured answer needs; a server that never stops is cut off here."""


@dataclass(frozen=True, kw_only=True)
class FrontierRequest:
    """One question. `user` goes out verbatim as the last user message; `schema` is JSON Schema."""

    system: str
    user: str
    schema: dict[str, Any]
    schema_name: str
    max_tokens: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a well-formed response says. `problem` is set where the model did not finish an answer.

    Token counts are totals; `cached_tokens` is the part of `input_tokens` read from a cache.
    """

    text: str
    problem: Literal["refusal", "truncated"] | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


class WireFailure(Exception):
    """A request that brought no usable response: `kind`, a sentence, and what the server wrote."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        response: str | None = None,
        retry_after_s: float | None = None,
        hopeless: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.response = response
        self.retry_after_s = retry_after_s
        self.hopeless = hopeless


class Message(Protocol):
    """A streamed response as far as it has come."""

    pieces: int
    """How many pieces of text came; each is one token at least."""

    @property
    def text(self) -> str:
        """What the model has written so far."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the model has said why it stopped writing."""
        ...

    def add(self, event: Mapping[str, Any]) -> None:
        """Takes one event in. Raises KeyError, TypeError or ValueError on one of another shape."""
        ...

    def response(self) -> dict[str, Any]:
        """What has come, in the form that the protocol's response has when it comes whole."""
        ...


class Wire(Protocol):
    """One protocol: how a request is spelled, sent and read."""

    def body(self, request: FrontierRequest) -> dict[str, Any]:
        """The request as the JSON object that is sent; holds no key."""
        ...

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The same request for a response that comes event by event."""
        ...

    def message(self) -> Message:
        """A streamed response of which nothing has come yet."""
        ...

    def send(self, body: dict[str, Any]) -> str:
        """Raw text of the response. Raises WireFailure."""
        ...

    async def listen(self, body: dict[str, Any], message: Message) -> str:
        """Raw text of the response, as `send` would have it; its events go into `message` as they
        come. Raises WireFailure; when it is cancelled, the connection is closed at once."""
        ...

    def read(self, response: Mapping[str, Any]) -> Reading:
        """Raises KeyError, IndexError, TypeError or ValueError on a response of another shape."""
        ...

    def close(self) -> None: ...


def is_loopback(base_url: str) -> bool:
    """Whether the host of `base_url` is this machine (by name or address; nothing is resolved)."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def http_client(base_url: str, timeout_s: float) -> httpx2.Client:
    """An HTTP client that talks to `base_url` and to nothing else.

    No redirects: a redirect would carry the text to another host.
    No proxy from the environment for this machine's own servers.
    """
    import httpx2

    return httpx2.Client(**_one_server(base_url, timeout_s))


def listening_client(base_url: str, timeout_s: float) -> httpx2.AsyncClient:
    """The same for a response that is heard while it comes."""
    import httpx2

    return httpx2.AsyncClient(**_one_server(base_url, timeout_s))


def _one_server(base_url: str, timeout_s: float) -> dict[str, Any]:
    trust_env = not is_loopback(base_url)
    return {
        "timeout": timeout_s,
        "follow_redirects": False,
        "trust_env": trust_env,
        "verify": _authorities(trust_env),
    }


@cache
def _authorities(trust_env: bool) -> ssl.SSLContext:
    """Whose certificates count; read once, for reading them takes longer than connecting."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)


def read_body(chunks: Iterator[bytes], timeout_s: float) -> str:
    """The whole body as text, within `timeout_s` of now (HTTP timeouts only bound each read).

    Raises WireFailure when the server trickles past the time or past MAX_RESPONSE_BYTES.
    """
    deadline = time.monotonic() + timeout_s
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if time.monotonic() > deadline:
            raise WireFailure("timeout", f"the answer did not end within {timeout_s:g} s")
        if len(body) > MAX_RESPONSE_BYTES:
            raise WireFailure("unparsable", f"the answer is over {MAX_RESPONSE_BYTES} bytes")
    return body.decode("utf-8", errors="replace")


@contextmanager
def failures_of(sdk: Any) -> Iterator[None]:
    """Turns the exceptions of `sdk` (`openai` or `anthropic`: same names) into WireFailure."""
    import httpx2

    try:
        yield
    except sdk.APIStatusError as error:
        raise status_failure(error.response) from error
    except (sdk.APITimeoutError, httpx2.TimeoutException) as error:
        raise WireFailure("timeout", "no answer in time") from error
    except (sdk.APIConnectionError, httpx2.TransportError) as error:
        raise WireFailure("connection", _reason(error)) from error
    except httpx2.DecodingError as error:
        raise WireFailure("unparsable", f"the body cannot be decompressed: {error}") from error
    except httpx2.HTTPStatusError as error:
        raise status_failure(error.response) from error


def status_failure(response: httpx2.Response) -> WireFailure:
    """The failure that an HTTP status other than 2xx stands for."""
    text = response.read().decode("utf-8", errors="replace")
    kind = kind_of_status(response.status_code)
    return WireFailure(
        kind,
        f"HTTP {response.status_code}: {' '.join(text[:300].split()) or 'no text'}",
        response=text,
        retry_after_s=retry_after_s(response.headers),
        # A spent quota is reported as 429 too, but no wait of ours will refill it.
        hopeless=kind == "rate_limit" and "insufficient_quota" in text,
    )


def kind_of_status(status: int) -> ErrorKind:
    """401 and 403 are the key's fault, 408/409/429/5xx may pass, all else is the request's."""
    if status in (401, 403):
        return "auth"
    if status == 429:
        return "rate_limit"
    if status in (408, 504):
        return "timeout"
    return "server" if status == 409 or status >= 500 else "bad_request"


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or an HTTP date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return seconds if seconds is not None or value is None else _seconds_until(value)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _seconds_until(http_date: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(http_date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"no connection: {cause or type(cause).__name__}"
