"""The real program on a real terminal (a pty): it opens, answers, quits, and whatever untrusted
text it shows, on whichever page, sends nothing that a terminal acts on."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.calls import Attempt, Call
from store.graph import Provenance
from valence.app import Valence

PAYLOAD = "\x1b]52;c;ZXZpbA==\x07 \x9d0;owned\x9c \x1b[2J \x1bP+q\x1b\\ \u202e [/ [b + x"
EVIL = f"{PAYLOAD} Tom is a baker."
ACTED_ON = re.compile(
    "\x1b\\](?:52|0|1|2|7|8|9|1337);|\x1bP\\+q|\x1b\\[2J|[\x80-\x9f\u202a-\u202e\u2066-\u2069]"
)
"""What the app itself never sends: clipboard, titles, links, requests, clearing, C1, bidi."""


class Program:
    """`valence` without arguments on a pty."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "valence"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        self.written = b""
        self._read = 0

    def type(self, keys: str) -> None:
        """Types, and looks from here on at what is written."""
        self._read = len(self.written)
        os.write(self._ours, keys.encode())

    def read_until(self, wanted: str | None) -> None:
        """Reads until `wanted` was written since the last keys, or with None to the end."""
        deadline = time.monotonic() + 60
        while wanted is None or wanted.encode() not in self.written[self._read :]:
            assert time.monotonic() < deadline, (wanted, self.written[-3000:])
            piece = b""
            with contextlib.suppress(OSError):  # Linux says EIO where the program has ended
                piece = os.read(self._ours, 65536)
            if not piece:
                assert wanted is None, self.written[-3000:]
                return
            self.written += piece

    def read_for(self, seconds: float) -> None:
        """Reads what is written meanwhile: a program whose output nobody reads stands still."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._ours], [], [], left)[0]:
                self.written += os.read(self._ours, 65536)

    def quit(self) -> str:
        """Closes the app; all that it ever wrote."""
        self.type("\x11")
        self.read_until(None)
        assert self.process.wait(60) == 0
        return self.written.decode("utf-8")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@contextlib.contextmanager
def running() -> Iterator[Program]:
    program = Program()
    try:
        yield program
    finally:
        program.close()


def introduced(valence: Valence) -> None:
    valence.locations.place.write_text(json.dumps({"introduced": True}))


def poison(valence: Valence) -> None:
    """Untrusted text wherever the app keeps any."""
    reply = valence.assistant.ask(EVIL)
    valence.memory.conversations.rename(reply.turn.conversation_id, f"title {PAYLOAD}")
    kept = valence.memory.conversations.turn(reply.turn.id).answer
    said = {"answer": f"{PAYLOAD} **bold** [link](x:{PAYLOAD})", "reason": PAYLOAD}
    valence.memory.conversations.answer(reply.turn.id, dict(kept or {}) | said)
    attempt = Attempt(
        role="answer", route="builtin", decision="accepted", reason=PAYLOAD, request=EVIL,
        response=EVIL, error=PAYLOAD, model=PAYLOAD,
    )  # fmt: skip
    call = Call(
        boundary="decompose", input=EVIL, output=json.dumps({"triples": [[PAYLOAD, "is", EVIL]]}),
        route="builtin", reason=PAYLOAD, domain=PAYLOAD, attempts=(attempt,),
    )  # fmt: skip
    valence.stores.ledger.record(call)
    stated = Provenance(origin="told", confidence=1.0, call_id=call.id)
    valence.memory.knowledge.learn([(f"{PAYLOAD} name", "knows", f"{PAYLOAD} other")], stated)
    run = valence.stores.runs.start("decompose", "manual", {})
    valence.stores.runs.move(run.id, "failed", PAYLOAD)
    valence.locations.place.write_text(
        json.dumps({"introduced": True, "conversation": reply.turn.conversation_id})
    )


def test_no_page_sends_a_payload_to_the_terminal(home: Path) -> None:
    with Valence.open() as valence:
        poison(valence)
    with running() as program:
        program.read_until("Tom is a baker.")
        program.type("Grace is a sailor.\r")
        program.read_until("sailor\x1b")
        for keys, shown in (
            ("\x1b", "Correct"),  # the answers
            ("k", ""),
            ("o", ""),  # no source
            ("c", "subject"),  # the editor
            ("\x1b", ""),
            ("\x1bOQ", "Learning"),  # F2
            ("\x1bOR", "Ledger"),  # F3
            ("\r", "decompose"),  # one call's story
            ("\x1b", ""),
            ("\x1bOS", "Memory"),  # F4
            ("\r", ""),
            ("\x1b[15~", "Settings"),  # F5
            ("\x10", "Search"),  # the palette
            ("\x1b", ""),
            ("\x1bOP", "Keys"),  # F1
            ("\x1b", ""),
            ("1", "Chat"),
            ("\x0f", "title"),  # the conversations
            ("\x1b", ""),
        ):
            program.type(keys)
            if shown:
                program.read_until(shown)
            # an escape that is read together with the next keys would be another key
            program.read_for(1.0 if keys == "\x1b" else 0.2)
        text = program.quit()
    assert not ACTED_ON.search(text), ACTED_ON.search(text)
    assert "Traceback" not in text


def test_the_program_corrects_in_the_persons_editor(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'Tom | profession | baker' > \"$1\"\n")
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    with Valence.open() as valence:
        introduced(valence)
        with running() as program:
            program.read_until("Tell something")
            program.type("Tom is a baker.\r")
            program.read_until("unverified")
            program.type("\x1b")
            program.read_until("Correct")
            program.type("c")
            program.read_until("subject | relation")
            program.type("\x07")
            program.read_until("profession")
            program.type("\x13")
            program.read_until("corrected by you")
            program.quit()
        facts = [fact.triple for fact in valence.memory.graph.facts()]
    assert facts == [("Tom", "profession", "baker")]


def test_a_second_program_says_that_it_only_reads(home: Path) -> None:
    with Valence.open() as valence:
        introduced(valence)
    with running() as first:
        first.read_until("Tell something")
        with running() as second:
            second.read_until("read-only")
            second.quit()
        first.quit()
    with running() as third:
        third.read_until("Tell something")
        assert "read-only" not in third.quit()


def test_without_a_terminal_the_welcome_is_printed(home: Path) -> None:
    command = [sys.executable, "-m", "valence"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("Try:")
