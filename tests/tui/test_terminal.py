"""The real program on a real terminal (a pty), and the picture of it in the documentation."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from store.calls import Call
from valence.app import Valence

EVIL = "\x1b]52;c;ZXZpbA==\x07 \x9d0;owned\x9c \u202e [/ [b + x Tom is a baker."
PICTURE = Path(__file__).parents[2] / "docs" / "terminal.svg"


class Program:
    """`valence` without arguments on a pty of 80×24."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "valence"]
        environment = os.environ | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.written = b""

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read_until(self, wanted: bytes | None) -> None:
        """Reads until `wanted` was written, or with None to the end."""
        deadline = time.monotonic() + 60
        while wanted is None or wanted not in self.written:
            assert time.monotonic() < deadline, self.written[-2000:]
            piece = b""
            with contextlib.suppress(OSError):  # Linux says EIO where the program has ended
                piece = os.read(self._ours, 65536)
            if not piece:
                break
            self.written += piece
        assert wanted is None or wanted in self.written

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def test_the_program_opens_answers_quits_and_sends_no_payload(home: Path) -> None:
    with Valence.open() as valence:
        valence.stores.ledger.record(
            Call(
                boundary="decompose",
                input=EVIL,
                output='{"triples":[["\\u001b]52;c;eA==\\u0007","\\u009d0;x\\u009c","[/ [b + x"]]}',
                route="builtin",
                reason="\x1b]0;owned\x07",
            )
        )
    program = Program()
    try:
        program.read_until(b"Tom is a baker.")
        program.type("Grace is a sailor.\r")
        program.read_until(b"unverified")
        program.type("\x11")
        program.read_until(None)
        assert program.process.wait(60) == 0
    finally:
        program.close()
    text = program.written.decode("utf-8")
    # The app itself may use OSC for colours and the pointer; never 52 or 0, and never C1 or bidi.
    assert not re.search("\x1b\\](?:52|0|2);|[\x80-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "Traceback" not in text


def test_without_a_terminal_the_welcome_is_printed(home: Path) -> None:
    command = [sys.executable, "-m", "valence"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("Try:")


def test_the_picture_shows_what_the_app_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PICTURE.parents[1] / "scripts"))
    import draw_terminal

    assert draw_terminal.draw() == PICTURE.read_text("utf-8"), "run scripts/draw_terminal.py"
