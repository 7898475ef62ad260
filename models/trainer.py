"""`python -m models.trainer SPEC.json`: one adapter trained in a process of its own.

Writes JSON lines of events to stdout and, at the end, an adapter folder. A process, because
training changes limits that serving relies on, and a crash of it must not be a crash of the
app. Knows nothing of runs' rows, boundaries or promotion.

Exit codes: 0 done; 1 failed, nothing published; 3 stopped, checkpoint kept. Files in the run's
folder `out` steer it: PAUSE (it waits while that is there), STOP, and on a Mac BUSY (fresh: it
yields). SIGTERM and SIGINT stop it too. Started again, it goes on where it was.

Events: start, step, valid, checkpoint, paused, resumed, stopped, done, failed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models import blas, machine
from models.errors import ModelError
from models.training_spec import Steering, read_spec

DONE, FAILED, STOPPED = 0, 1, 3


def main(spec_path: str) -> int:
    """Train by the spec; returns the exit code."""
    emit = _events()
    try:
        return _train(Path(spec_path), emit)
    except ModelError as error:
        emit("failed", reason=str(error))
        return FAILED
    except BrokenPipeError:
        # whoever listened is gone; the last checkpoint stands
        return STOPPED


def _train(spec_path: Path, emit: Callable[..., None]) -> int:
    here = machine.this()
    os.nice(here.nice)
    spec = read_spec(spec_path)
    steering = Steering(Path(spec.out), here.yields)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: steering.stop())
    blas.enable()
    from models import training_job

    ended = training_job.run(spec, here, steering, emit)
    return STOPPED if ended == "stopped" else DONE


def _events() -> Callable[..., None]:
    # whatever a library prints goes to stderr: stdout is for events alone
    stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: str, **data: Any) -> None:
        stream.write(json.dumps({"event": event, **data}) + "\n")

    return emit


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
