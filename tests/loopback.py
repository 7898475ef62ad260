"""A frontier on this machine for tests: real HTTP, real protocol, answers and faults by script.

Speaks the OpenAI chat-completions and the Anthropic Messages protocol at the same `base_url`, whole
or streamed, as it is asked to.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.loopback_protocols import (
    complaint_about,
    error_body,
    error_event,
    events_of,
    response_to,
)

Answer = Callable[[str, dict[str, Any]], "dict[str, Any] | str"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One misbehaviour, used up by one request.

    status and text replace the response; `drop` closes the connection without one, `hang` never
    answers, `trickle` sends a byte a moment without end; refusal and truncated are well-formed.
    Of a stream, the second half goes missing: `breaks` closes the connection there, `complains`
    says that it cannot go on, `ends` does as if that had been all. `no_usage` tells no counts,
    `whole` does not stream what it was asked to.
    """

    status: int = 200
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False
    trickle: bool = False
    refusal: bool = False
    truncated: bool = False
    breaks: bool = False
    complains: bool = False
    ends: bool = False
    no_usage: bool = False
    whole: bool = False


NO_FAULT = Fault()


def rate_limited(retry_after: str = "0") -> Fault:
    return Fault(status=429, text=error_body("slow down"), headers={"retry-after": retry_after})


def server_error(status: int = 500) -> Fault:
    return Fault(status=status, text=error_body("it broke"))


def unauthorized() -> Fault:
    return Fault(status=401, text=error_body("invalid key"))


def garbage(text: str = "<html>not JSON") -> Fault:
    return Fault(text=text)


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it arrived; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def user(self) -> str:
        """The last message's text."""
        return str(self.body["messages"][-1]["content"])


class LoopbackFrontier:
    """`with LoopbackFrontier(lambda user, body: {"triples": []}) as server: server.base_url`.

    `requests` is the log, in order of arrival; `faults` is consumed from the left, one a request.
    `pace` is called before each event of a stream with the number of those that were sent before,
    and may take its time. `left` is set when a client has gone away in the middle of a stream.
    """

    def __init__(
        self,
        answer: Answer,
        faults: list[Fault] | None = None,
        pace: Callable[[int], object] = lambda sent: None,
    ) -> None:
        self.answer = answer
        self.faults = deque(faults or [])
        self.pace = pace
        self.left = threading.Event()
        self.requests: list[Received] = []
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> LoopbackFrontier:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.frontier = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the other side may have left just now
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def log(self, received: Received) -> Fault:
        with self._lock:
            self.requests.append(received)
            return self.faults.popleft() if self.faults else NO_FAULT

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    frontier: LoopbackFrontier


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment an answer: with Nagle, header and body wait 40 ms for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.frontier.opened(self.connection)

    def finish(self) -> None:
        self.server.frontier.closed(self.connection)
        # The client, or the end of the test, may have been faster.
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.server.frontier.log(Received(path=self.path, headers=headers, body=body))
        if fault.drop or fault.hang or fault.trickle:
            self._silence(fault, body)
        elif fault.status != 200 or fault.text is not None:
            self._reply(fault.status, fault.text or "", fault.headers)
        else:
            self._answer(body, headers, fault)

    def _silence(self, fault: Fault, body: dict[str, Any]) -> None:
        self.close_connection = True
        closing = self.server.frontier.closing
        if fault.hang:
            closing.wait()
        if fault.trickle:
            self._begin("text/event-stream" if body.get("stream") else "application/json")
        while fault.trickle and not closing.wait(0.02):
            self._chunk(": ping\n\n" if body.get("stream") else " ")

    def _answer(self, body: dict[str, Any], headers: dict[str, str], fault: Fault) -> None:
        anthropic = self.path.endswith("/messages")
        if complaint := complaint_about(anthropic, body, headers):
            self._reply(400, error_body(complaint), {})
            return
        said = self.server.frontier.answer(str(body["messages"][-1]["content"]), body)
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        response = response_to(anthropic, body, text, fault.refusal, fault.truncated)
        if body.get("stream") and not fault.whole:
            options = body.get("stream_options") or {}
            usage = anthropic or options.get("include_usage", False)
            self._stream([*events_of(response, usage and not fault.no_usage)], fault)
            return
        if fault.no_usage:
            del response["usage"]
        self._reply(200, json.dumps(response), {})

    def _stream(self, events: list[str], fault: Fault) -> None:
        if fault.breaks or fault.complains or fault.ends:
            del events[len(events) // 2 :]
        if fault.complains:
            events.append(error_event("overloaded"))
        self._begin("text/event-stream; charset=utf-8")
        try:
            for number, event in enumerate(events):
                self.server.frontier.pace(number)
                self._chunk(event)
        except OSError:
            self.server.frontier.left.set()
            raise
        if fault.breaks:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _begin(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, text: str) -> None:
        data = text.encode("utf-8", errors="backslashreplace")
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _reply(self, status: int, text: str, headers: dict[str, str]) -> None:
        data = text.encode("utf-8")
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
