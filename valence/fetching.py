"""A model that is being fetched by a process of its own: how far it is, and how it ended.

The process is the command a person would give; it goes on when the app is closed, and over a
connection that breaks. Knows no screen.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.hub import drop_leftovers
from valence.locations import Locations

State = Literal["running", "done", "failed"]


@dataclass
class Fetch:
    """One model on its way. `expected` is the size of its weights in bytes."""

    model: str
    expected: float
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def state(self) -> State:
        ended = self.process.poll()
        return "running" if ended is None else "failed" if ended else "done"

    @property
    def progress(self) -> float:
        """From 0 to 1, by the bytes that are there; 1 only when it is done."""
        if self.state == "done":
            return 1.0
        return min(0.99, _bytes_in(self.folder) / self.expected)

    def stop(self) -> None:
        """Ends it. The files that are whole stay, for another time."""
        self.process.terminate()
        self.process.wait()
        drop_leftovers(self.folder)

    @property
    def problem(self) -> str:
        """Why it failed, in the command's own sentence."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        told = [line for line in lines if line.startswith("Error: ")]
        return told[-1].removeprefix("Error: ") if told else "the download ended without a word"


def start(locations: Locations, model: str, gigabytes: float) -> Fetch:
    """Fetches `model` in the background; when it is there, the settings name it."""
    log = locations.logs / "fetch.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "valence", "models", "fetch", model],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    folder = locations.models / model.replace("/", "--")
    return Fetch(model, gigabytes * 1e9, folder, log, process)


def _bytes_in(folder: Path) -> int:
    """Of all files under it; one that moves away meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
