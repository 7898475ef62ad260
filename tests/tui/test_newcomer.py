"""The newcomer's way, in tmux, from the first screen to an adapter that was promoted: nothing but
what stands on the screen is needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import ROOT, Home, pairs

PATIENCE_S = 240.0


@dataclass
class Tmux:
    """The program in a tmux of its own, which nobody else's settings reach."""

    socket: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout

    def open(self) -> None:
        size = ("-x", "100", "-y", "32")
        self.run("new-session", "-d", "-s", "valence", *size, sys.executable, "-m", "valence")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.run("send-keys", "-t", "valence", key)

    def write(self, text: str) -> None:
        self.run("send-keys", "-t", "valence", "-l", text)

    @property
    def screen(self) -> str:
        return self.run("capture-pane", "-p", "-t", "valence")

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.screen
            time.sleep(0.2)

    def shows(self, *texts: str) -> None:
        self.until(lambda: all(text in self.screen for text in texts))

    def say(self, text: str, answer: str) -> None:
        self.write(text)
        self.press("Enter")
        self.shows(answer)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Where someone has brought pairs along; what remains to be done is told on the screen."""
    home = Home.make(tmp_path / "home", TRAINING__EPOCHS=5, GATE__MAX_ERROR=0.3)
    home.learn_from(pairs(150))
    return home


@pytest.fixture
def tmux(tmp_path: Path, home: Home) -> Iterator[Tmux]:
    program = Tmux(tmp_path / "tmux", home.environment | {"TERM": "xterm-256color"})
    program.open()
    yield program
    subprocess.run(["tmux", "-S", str(program.socket), "kill-server"], check=False)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not on this machine")
def test_a_newcomer_tells_asks_corrects_and_trains(tmux: Tmux, home: Home) -> None:
    tmux.shows("A model of your own", "1 of 3")
    tmux.press("G", "Enter")  # not now
    tmux.shows("2 of 3", "Stay local")
    tmux.press("Enter")
    tmux.shows("3 of 3", "All calls")
    tmux.press("Enter")
    tmux.shows("Tell Valence something")

    tmux.say("My sister Anna works for Siemens.", "Noted.")
    tmux.say("Tom was born in Lviv.", "Tom – ")
    tmux.say("Grace is a sailor.", "Grace – ")
    tmux.say("What is Grace?", "[1] “Grace is a sailor.”")

    tmux.press("Escape")
    tmux.shows("c Correct")
    tmux.press("k", "c")
    tmux.shows("One fact a line: subject | relation | object")
    tmux.press("C-a", "C-k")
    tmux.until(lambda: " | " not in tmux.screen.partition("object")[2])  # as a person types
    tmux.write("Grace | profession | sailor")
    tmux.shows("Grace | profession | sailor")
    tmux.press("C-s")
    tmux.shows("corrected by you", "Grace – profession – sailor")

    tmux.press("F2")
    tmux.shows("decompose", "Train")
    tmux.press("t")
    tmux.until(lambda: home.state not in (None, "pending"))
    tmux.until(lambda: home.state == "active")
    assert home.active is not None
    tmux.shows("Adapters", "active")
    tmux.until(lambda: "training" not in tmux.screen.splitlines()[0])
    tmux.press("C-q")
    tmux.until(lambda: not alive(tmux))


def alive(tmux: Tmux) -> bool:
    asked = ["tmux", "-S", str(tmux.socket), "has-session", "-t", "valence"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0
