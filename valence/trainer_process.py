"""The trainer's process: started, listened to, taken along at the end.

Tells how it ended by what it raises. Knows nothing of MLX, of states, or of examples.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from valence.errors import TrainingError

STOPPED_EXIT = 3

Event = dict[str, Any]
Report = Callable[[Event], None]


class Cancelled(TrainingError):
    """The run was stopped on purpose."""


class Interrupted(TrainingError):
    """Whoever worked on the run had to let go; it can go on where it was."""


def run_trainer(folder: Path, report: Report) -> None:
    """Trains by `folder/spec.json`, from the last checkpoint where there is one, to the end.

    Raises Cancelled (asked for by the file STOP), Interrupted, TrainingError. Whatever `report`
    raises ends the trainer too, which keeps its place.
    """
    command = [sys.executable, "-m", "models.trainer", str(folder / "spec.json")]
    with (folder / "trainer.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    failure = ""
    try:
        for event in _events(process):
            failure = event.get("reason", failure)
            report(event)
        code = process.wait()
    finally:
        _end(process)
    _judge(code, failure, folder)


def _judge(code: int, failure: str, folder: Path) -> None:
    if code == STOPPED_EXIT and (folder / "STOP").exists():
        raise Cancelled("stopped on request")
    if code == STOPPED_EXIT:
        raise Interrupted("the trainer was told to end", do="`valence train-boundary` goes on.")
    if code != 0:
        raise TrainingError(
            failure or f"the trainer ended with exit code {code}", where=str(folder / "trainer.log")
        )


def _events(process: subprocess.Popen[str]) -> Iterator[Event]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)


def _end(process: subprocess.Popen[str]) -> None:
    """Takes the trainer along when this process is interrupted; the checkpoint stays."""
    if process.poll() is None:
        process.terminate()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
