"""A response that is heard while it comes: server-sent events, read in time, one message of them.

It knows no protocol (a `Message` says what an event adds), and nothing of retries, prices or what
the text means.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from models.frontier_answer import ODD_SHAPES
from models.frontier_wire import MAX_RESPONSE_BYTES, Message, WireFailure

Hear = Callable[[str], None]
"""Called with what a model has written so far in the try under way, "" while it is nothing."""

TICK_S = 0.05
"""So often is told what there is to hear: smooth to the eye, and a stop takes no longer."""


def hear_out(asking: Coroutine[Any, Any, None], text: Callable[[], str], hear: Hear) -> None:
    """Runs `asking` to its end and calls `hear` with the `text` of the moment, in this thread.

    It is called all the while, also when nothing new has come: what it raises cancels `asking`
    and goes on from here.
    """
    asyncio.run(_hear_out(asking, text, hear))


async def _hear_out(asking: Coroutine[Any, Any, None], text: Callable[[], str], hear: Hear) -> None:
    task = asyncio.create_task(asking)
    try:
        while not task.done():
            hear(text())
            await asyncio.wait({task}, timeout=TICK_S)
    finally:
        task.cancel()
        await asyncio.wait({task})
    task.result()


@asynccontextmanager
async def deadline(timeout_s: float) -> AsyncIterator[None]:
    """Time for a whole response, however it trickles. Raises WireFailure when it is over."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise WireFailure("timeout", f"the answer did not end within {timeout_s:g} s") from error


async def read_stream(response: Any, message: Message) -> str:
    """The raw text of an SDK's open response, put together where it comes as events.

    A server that does not stream answers with the whole; then nothing goes into `message`. Raises
    WireFailure where the stream breaks off, tells an error or is of another shape.
    """
    chunks = _bounded(response.iter_bytes())
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        return b"".join([chunk async for chunk in chunks]).decode("utf-8", errors="replace")
    try:
        async for event in _events(chunks):
            message.add(event)
    except ODD_SHAPES as error:
        raise WireFailure("unparsable", f"not an answer of this protocol: {error!r}") from error
    if not message.finished:
        raise WireFailure("connection", "the answer broke off")
    return written(message)


def written(message: Message) -> str:
    """What has come, as the raw text of a response."""
    text = json.dumps(message.response(), ensure_ascii=False)
    # Half a surrogate pair, which can be neither stored nor sent, becomes JSON's escape of it.
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """The JSON of each event, which both protocols write on one line; the rest says nothing."""
    async for line in _lines(chunks):
        if not line.startswith(b"data:"):
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            return
        event = json.loads(data)
        if event.get("error"):
            raise WireFailure("server", f"the answer broke off: {_complaint(event['error'])}")
        yield event


def _complaint(error: Any) -> str:
    text = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(text or error)[:300].split())


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    yield rest


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            raise WireFailure("unparsable", f"the answer is over {MAX_RESPONSE_BYTES} bytes")
        yield chunk
