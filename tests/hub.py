"""The Hub on this machine for tests: real HTTP, a folder served in the Hub's layout.

`with LoopbackHub(folder) as hub:` with HF_ENDPOINT set to `hub.endpoint`. Every model id is that
folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from tests.commands import TINY

COMMIT = hashlib.sha1(b"the only one").hexdigest()
LARGE = "large.safetensors"
MIB = 1 << 20
SIZE = 24 * MIB
"""The client writes what it has received every 10 MiB."""


def tiny_and_large(folder: Path) -> Path:
    """The tests' tiny model with a large file beside its weights."""
    shutil.copytree(TINY, folder)
    with (folder / LARGE).open("wb") as file:
        file.truncate(SIZE)
    return folder


class LoopbackHub:
    """Serves the files of a folder. Of `broken`, a file's name, half is sent at first; then the
    connection waits for `go_on` and breaks. `ranges` are the ranges that were asked for."""

    def __init__(self, folder: Path, broken: str = "") -> None:
        self.folder, self.broken = folder, broken
        self.go_on = threading.Event()
        self.ranges: list[str] = []

    def __enter__(self) -> LoopbackHub:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: LoopbackHub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_HEAD(self) -> None:
        self._file(urlsplit(self.path).path)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/api/models/"):
            self._told(self._tree() if "/tree/" in path else {"id": path, "sha": COMMIT})
        else:
            self._file(path)

    def _tree(self) -> list[dict[str, object]]:
        files = (path for path in self.server.hub.folder.iterdir() if path.is_file())
        return [
            {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": _oid(path)}
            for path in files
        ]

    def _told(self, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _file(self, path: str) -> None:
        _, found, name = path.partition(f"/resolve/{COMMIT}/")
        file = self.server.hub.folder / name
        if not found or not file.is_file():
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if found else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(file, self.headers.get("Range", ""))

    def _send(self, file: Path, wanted: str) -> None:
        data = file.read_bytes()
        begin = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        self.send_response(206 if wanted else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{_oid(file)}"')
        self.send_header("Content-Length", str(len(data) - begin))
        if wanted:
            self.server.hub.ranges.append(wanted)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if self.command == "GET":
            self._body(file.name, data[begin:], anew=not wanted)

    def _body(self, name: str, data: bytes, anew: bool) -> None:
        hub = self.server.hub
        if name != hub.broken or not anew:
            self.wfile.write(data)
            return
        self.wfile.write(data[: len(data) // 2])
        hub.go_on.wait()
        self.close_connection = True


def _oid(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
