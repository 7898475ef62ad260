"""One question to a frontier, from its first try to its last.

It says what is tried again, how often and after which pause. It knows neither protocols nor prices,
nor what the answer means.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from models.frontier_attempt import FrontierAttempt, Recorder, Sent
from models.frontier_wire import ErrorKind, FrontierRequest, Message, Wire, WireFailure

Keep = Callable[[FrontierAttempt], object]
"""Called with each try as soon as it is over."""

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

STOPPED = WireFailure("stopped", "stopped before the answer was whole")


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


class Asking:
    """The tries of one question."""

    def __init__(self, wire: Wire, recorder: Recorder, request: FrontierRequest, keep: Keep):
        self._wire = wire
        self._recorder = recorder
        self._request = request
        self._keep = keep
        self._kinds: Counter[ErrorKind | None] = Counter()
        self._message: Message | None = None
        self._streams = self._refused = False

    @property
    def text(self) -> str:
        """What the model has written so far in the try under way; of one that failed, nothing."""
        return self._message.text if self._message is not None else ""

    @property
    def refused_to_stream(self) -> bool:
        """Whether there was an answer only when it was asked for as a whole."""
        return self._refused and self._kinds[None] > 0

    def quietly(self) -> None:
        """Asks for an answer that comes whole."""
        with suppress(_TryAgain):  # the last attempt says what went wrong
            for one in _tries():
                with one:
                    self._try()

    async def aloud(self, streams: bool) -> None:
        """Asks for an answer that comes piece by piece, unless the server does not stream."""
        self._streams = streams
        with suppress(_TryAgain):
            async for one in _tries():
                with one:
                    await self._try_aloud()

    def _try(self) -> None:
        sent = Sent(self._wire.body(self._request))
        try:
            _check_text(sent.body)
            response = self._wire.send(sent.body)
        except WireFailure as failure:
            self._failed(sent, failure)
        except KeyboardInterrupt:
            self._failed(sent, STOPPED)
            raise
        else:
            self._answered(sent, response)

    async def _try_aloud(self) -> None:
        self._message = message = self._wire.message()
        body = self._wire.body(self._request)
        sent = Sent(self._wire.streamed(body) if self._streams else body, message)
        try:
            _check_text(sent.body)
            response = await self._wire.listen(sent.body, message)
        except WireFailure as failure:
            self._failed(sent, failure)
        except asyncio.CancelledError:
            self._failed(sent, STOPPED)
            raise
        else:
            self._answered(sent, response)

    def _answered(self, sent: Sent, response: str) -> None:
        self._over(self._recorder.answered(sent, response, self._wire.read))

    def _failed(self, sent: Sent, failure: WireFailure) -> None:
        self._over(self._recorder.failed(sent, failure, self._wire.read), failure)

    def _over(self, attempt: FrontierAttempt, failure: WireFailure | None = None) -> None:
        """Keeps the try; raises _TryAgain where another one may help."""
        self._keep(attempt)
        kind = attempt.error_kind
        self._kinds[kind] += 1
        if kind is not None:
            self._message = None
        if failure is not None and failure.hopeless:
            return
        if kind == "bad_request" and self._streams:
            # Some servers know no stream, or not what is asked of it.
            self._streams, self._refused = False, True
            raise _TryAgain(0.0)
        wait_s = failure.retry_after_s if failure is not None else None
        if kind is None or (wait_s or 0) > LONGEST_WAIT_S:
            return
        if self._kinds[kind] < TRIES.get(kind, 1):
            raise _TryAgain(wait_s)


def _tries() -> Any:
    """One context a try, with the pauses between them, for `for` and for `async for`."""
    import stamina

    # Its default hook writes each retry to a log that may be the terminal.
    stamina.instrumentation.set_on_retry_hooks([])
    return stamina.retry_context(
        on=_backoff,
        attempts=max(TRIES.values()) + 1,  # one more where a stream was refused
        timeout=None,
        wait_initial=0.5,
        wait_max=8.0,
        wait_jitter=0.5,
    )


def _check_text(body: dict[str, Any]) -> None:
    try:
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        problem = "the text is not valid Unicode"
        raise WireFailure("bad_request", problem, hopeless=True) from error
