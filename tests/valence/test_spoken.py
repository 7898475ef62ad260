"""`valence ask` on a real terminal (a pty): the words of a frontier as they come, wiped off where
they are taken back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drafting import TOLD, drafting
from tests.loopback import Fault, LoopbackFrontier
from tests.valence.conftest import Run
from valence.app import Valence
from valence.cli.spoken import Spoken

COLUMNS = 40
QUESTION = "Where was Ada Lovelace born?"
DRAFT = "As far as I can see from here she must have been born somewhere in London or nearby."
SAID = "It is told that Ada Lovelace was born in the city of London, and nowhere else at all."


class Terminal:
    """A pty of 40 columns that keeps what is written on it."""

    def __init__(self) -> None:
        self._ours, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self.written = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def shows(self, text: str) -> bool:
        """Waits until the text was written."""
        with self._changed:
            return self._changed.wait_for(lambda: text in self.written, 60)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # Linux says EIO where the program has ended
            while piece := os.read(self._ours, 65536):
                with self._changed:
                    self.written += piece.decode("utf-8")
                    self._changed.notify_all()

    def close(self) -> None:
        """Reads what is left; nobody writes any more."""
        os.close(self.end)
        self._reader.join(60)
        os.close(self._ours)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[LoopbackFrontier]:
    """The frontier of a home that has been told one thing."""
    with LoopbackFrontier(drafting(DRAFT, SAID)) as running:
        named = {"PROVIDER": "openai", "MODEL": "gpt-4o-mini", "BASE_URL": running.base_url}
        for name, value in named.items():
            monkeypatch.setenv(f"VALENCE_FRONTIER__{name}", value)
        with Valence.open() as app:
            app.assistant.ask(TOLD)
        running.requests.clear()
        yield running


def asking(terminal: Terminal) -> subprocess.Popen[bytes]:
    """`valence ask`, on the terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "valence", "ask", QUESTION],
        env=os.environ | {"TERM": "xterm-256color"},
        stdout=terminal.end,
        stderr=subprocess.DEVNULL,
    )


def test_words_come_as_they_are_written_and_go_when_they_do_not_stand(
    server: LoopbackFrontier,
) -> None:
    server.faults.append(Fault(breaks=True))
    terminal = Terminal()
    # The server goes on when the beginning of what it says stands on the terminal.
    wanted = iter([DRAFT[:4], SAID[:4]])
    server.pace = lambda sent: terminal.shows(next(wanted)) if sent == 6 else None
    assert asking(terminal).wait(60) == 0
    terminal.close()
    before, wiping, after = terminal.written.partition("\r\x1b[J")
    assert wiping
    assert DRAFT.startswith(before)
    assert after == f"{SAID} [1]\r\n"


def test_ctrl_c_ends_it_at_once_and_what_was_written_has_been_paid_for(
    server: LoopbackFrontier, home: Path
) -> None:
    terminal = Terminal()
    server.pace = lambda sent: server.left.wait(0.2) if sent > 6 else None
    process = asking(terminal)
    assert terminal.shows(DRAFT[:4])
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 1
    terminal.close()
    assert server.left.wait(20)
    with Valence.open() as app:
        [call] = app.stores.ledger.list("recompose")
    assert (call.reason, call.output) == ("stopped", None)
    assert call.cost_usd > 0


def test_where_nobody_looks_nothing_but_the_answer_is_written(
    run: Run, server: LoopbackFrontier
) -> None:
    assert run("ask", QUESTION).out == f"{DRAFT} [1]\n"
    assert run("ask", QUESTION, "--json").record["answer"] == f"{SAID} [1]"
    assert not any("stream" in request.body for request in server.requests)


@pytest.mark.parametrize(
    ("text", "wiping"),
    [
        ("x" * COLUMNS, "\r\x1b[J"),
        ("x" * (COLUMNS + 1), "\r\x1b[1A\x1b[J"),
        ("x" * (2 * COLUMNS + 1), "\r\x1b[2A\x1b[J"),
        ("語" * 20, "\r\x1b[J"),
        ("x" + "語" * 20, "\r\x1b[1A\x1b[J"),
        ("e\u0301" * COLUMNS, "\r\x1b[J"),
    ],
)
def test_what_is_wiped_off_is_all_that_was_written(
    text: str,
    wiping: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    spoken = Spoken()
    for word in (text[:7], text[7:]):
        spoken("words", {"text": word})
    spoken("unsaid", {"text": text})
    assert capsys.readouterr().out == text + wiping
