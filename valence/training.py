"""The life of a run: curate → train → evaluate → promote or reject, resumable at every step.

One run at a time (a lease row). The training itself is a subprocess (`models.trainer`) that
this module feeds with files and listens to; what it learns is judged in `heldout` and
published in `publication`. Knows nothing of MLX.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from store.examples import Example
from store.runs import Run
from store.states import FINISHED
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.base import Boundary
from valence.errors import AlreadyRunning, NotEnoughExamples, TrainingError, UntrainedBase
from valence.publication import Verdict, judge_and_publish

LEASE = "training"
LEASE_S = 120.0
VALIDATION_SHARE = 0.05
VALIDATION_MOST = 200
STOPPED_EXIT = 3

Event = dict[str, Any]
Report = Callable[[Event], None]


@dataclass(frozen=True)
class TrainingResult:
    """What `valence train-boundary --json` ends with."""

    run_id: str
    boundary: str
    state: str
    adapter: str | None
    examples: int
    metrics: dict[str, Any]
    reason: str
    curation: dict[str, Any]


class Cancelled(Exception):
    """The run was stopped on purpose; its state says so."""


def train_boundary(app: Valence, name: str, report: Report) -> TrainingResult:
    """Runs the whole of it now, or goes on with the run that was interrupted.

    Raises AlreadyRunning, NotEnoughExamples, UntrainedBase, TrainingError, ModelError.
    """
    boundary = get(name)
    runs, leases = app.stores.runs, app.stores.leases
    if not leases.acquire(LEASE, LEASE_S):
        raise AlreadyRunning(
            "another run is training", do="`valence runs list` shows it; try again when it is done"
        )
    try:
        run = _unfinished(app, name) or runs.start(name, "manual", {})
        return _live(app, boundary, run, _keeping_lease(app, report))
    finally:
        leases.release(LEASE)


def _unfinished(app: Valence, name: str) -> Run | None:
    """A run of the boundary that never came to an end; the lease is ours, so nobody works on it."""
    return next((run for run in app.stores.runs.unfinished() if run.boundary == name), None)


def _keeping_lease(app: Valence, report: Report) -> Report:
    renewed = time.monotonic()

    def keep(event: Event) -> None:
        nonlocal renewed
        if time.monotonic() - renewed > LEASE_S / 4:
            app.stores.leases.renew(LEASE, LEASE_S)
            renewed = time.monotonic()
        report(event)

    return keep


def _live(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> TrainingResult:
    """Takes the run from wherever it is to its end; what goes wrong is its last state."""
    try:
        return _stages(app, boundary, run, report)
    except Cancelled as stop:
        app.stores.runs.move(run.id, "cancelled", str(stop))
        return _result(app, run.id, boundary, {}, {})
    except UntrainedBase as error:
        app.stores.runs.move(run.id, "rejected", str(error))
        return _result(app, run.id, boundary, {}, {})
    except Exception as error:
        app.stores.runs.move(run.id, "failed", str(error) or type(error).__name__)
        raise
    finally:
        _clean(app, run.id)


def _stages(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> TrainingResult:
    folder = app.locations.runs / run.id
    curated: dict[str, Any] = {}
    if run.state in ("pending", "curating"):
        curated = _curate(app, boundary, run, report)
        _require_language_model(app, boundary)
        spec = _write_spec(app, boundary, run, folder)
        count = len(_read_json(folder / "examples.json"))
        app.stores.runs.move(run.id, "training", settings=spec, examples=count)
    elif run.state == "training":
        app.stores.runs.move(run.id, "training", "goes on", pid=os.getpid())
    if app.stores.runs.get(run.id).state == "training":
        _train(app, run, folder, report)
    app.stores.runs.move(run.id, "evaluating", pid=os.getpid())
    trained_on = _read_json(folder / "examples.json")
    verdict = judge_and_publish(app, boundary, run.id, folder / "adapter", trained_on, report)
    return _finish(app, boundary, run, verdict, curated)


def _finish(
    app: Valence,
    boundary: Boundary[Any, Any],
    run: Run,
    verdict: Verdict,
    curated: dict[str, Any],
) -> TrainingResult:
    result = {"metrics": verdict.metrics, "gate": verdict.gate}
    if verdict.promoted:
        app.stores.runs.move(run.id, "candidate", "better beyond chance")
    app.stores.runs.move(
        run.id,
        "active" if verdict.promoted else "rejected",
        verdict.reason,
        adapter_id=verdict.adapter_id,
        result=result,
    )
    return _result(app, run.id, boundary, verdict.metrics, curated)


def _result(
    app: Valence,
    run_id: str,
    boundary: Boundary[Any, Any],
    metrics: dict[str, Any],
    curated: dict[str, Any],
) -> TrainingResult:
    run = app.stores.runs.get(run_id)
    blank = {"base": None, "previous": None, "candidate": None}
    return TrainingResult(
        run_id=run.id,
        boundary=boundary.name,
        state=run.state,
        adapter=run.adapter_id,
        examples=run.examples or 0,
        metrics=blank | metrics,
        reason=run.reason or "",
        curation=curated,
    )


# -- curating ----------------------------------------------------------------------------------


def _curate(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> dict[str, Any]:
    """Brings the examples up to date and checks that there are enough to train and to judge."""
    app.stores.runs.move(run.id, "curating", pid=os.getpid())
    curated = asdict(app.curate(boundary))
    counts = app.stores.examples.counts(boundary.name)
    report({"event": "curated", "counts": counts, **curated})
    need = boundary.training_defaults
    for split, least in (
        ("train", need.min_train),
        ("test", need.min_test),
        ("calibration", need.min_test),
    ):
        if counts.get(split, 0) < least:
            raise NotEnoughExamples(
                f"{boundary.name} has {counts.get(split, 0)} {split} examples and needs {least}",
                do="Use it more, or bring examples with `valence ledger import`.",
            )
    return curated


def _require_language_model(app: Valence, boundary: Boundary[Any, Any]) -> None:
    """A base that predicts text no better than chance teaches an adapter nothing."""
    if app.local is None:
        app.model_folder()  # raises with the way to get a model
        raise TrainingError("the local model is switched off (local.enabled)")
    texts = [example.input for example in app.stores.examples.of(boundary.name, "train", 32)]
    runtime = app.local.runtime
    nll, chance = runtime.nll(texts), runtime.chance_nll
    if nll > 0.9 * chance:
        raise UntrainedBase(
            f"the base model predicts text no better than chance ({nll:.2f} nats a token, "
            f"{chance:.2f} by guessing): its weights are untrained",
            where=app.local.model,
            do="Choose another with `valence models use`.",
        )


# -- the files that the trainer reads ------------------------------------------------------------


def _write_spec(
    app: Valence, boundary: Boundary[Any, Any], run: Run, folder: Path
) -> dict[str, Any]:
    """Writes data and spec; the spec comes last, so that it stands for all of them."""
    previous = app.unit(boundary.name)
    lineage = set(app.stores.adapters.lineage(previous.adapter.id)) if previous else set()
    chosen = _chosen(app, boundary.name, run.id, lineage)
    valid_count = min(VALIDATION_MOST, max(4, int(len(chosen) * VALIDATION_SHARE)))
    # Which examples validate is fixed by their ids: a resumed run draws the same ones.
    valid = {e.id for e in sorted(chosen, key=lambda e: e.fold_key)[:valid_count]}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_rows(app, boundary, folder / "train.jsonl", [e for e in chosen if e.id not in valid])
    _write_rows(app, boundary, folder / "valid.jsonl", [e for e in chosen if e.id in valid])
    _write_json(folder / "examples.json", sorted({e.id for e in chosen} | lineage))
    settings = app.settings.training
    spec = {
        "model": str(app.model_folder().path),
        "data": {"train": str(folder / "train.jsonl"), "valid": str(folder / "valid.jsonl")},
        "out": str(folder),
        "adapter_out": str(folder / "adapter"),
        "resume_from_adapter": str(previous.folder) if previous else None,
        "rank": settings.rank,
        "alpha": settings.alpha,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "max_seq_length": settings.max_seq_length,
        "seed": 0,
    }
    _write_json(folder / "spec.json", spec)
    return spec


def _chosen(app: Valence, name: str, run_id: str, lineage: set[str]) -> list[Example]:
    """All new train examples, and a replay of what earlier adapters and the base were taught."""
    every = app.stores.examples.of(name, "train")
    new = [e for e in every if e.id not in lineage and e.origin != "base"]
    draw = random.Random(run_id)
    share = int(app.settings.training.replay * len(new))
    chosen = list(new)
    for pool in (
        [e for e in every if e.id in lineage and e.origin != "base"],
        [e for e in every if e.origin == "base"],
    ):
        chosen += draw.sample(pool, min(len(pool), share))
    return chosen


def _write_rows(
    app: Valence, boundary: Boundary[Any, Any], path: Path, examples: list[Example]
) -> None:
    assert app.local is not None
    markers = app.local.runtime.markers
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            value = boundary.input_from_text(example.input)
            output = boundary.output_from_text(example.output)
            row = {
                "id": example.id,
                "system": boundary.system,
                "user": boundary.local_user(value, markers),
                "completion": boundary.write(output, markers),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    path.chmod(0o600)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _write_json(path: Path, value: Any) -> None:
    """Whole or not at all."""
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(value), "utf-8")
    beside.replace(path)


# -- the trainer's process -----------------------------------------------------------------------


def _train(app: Valence, run: Run, folder: Path, report: Report) -> None:
    """Runs the trainer to its end; raises Cancelled or TrainingError."""
    if app.local is not None:
        app.local.close()  # two copies of the base would not fit on a small machine
    command = [sys.executable, "-m", "models.trainer", str(folder / "spec.json")]
    with (folder / "trainer.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    failure = ""
    try:
        for event in _events(process):
            failure = event.get("reason", failure)
            _keep_metrics(app, run, event)
            report(event)
        code = process.wait()
    finally:
        _end(process)
    if code == STOPPED_EXIT:
        raise Cancelled("stopped on request")
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


def _keep_metrics(app: Valence, run: Run, event: Event) -> None:
    names = {"step": ("loss", "tokens_per_s"), "valid": ("valid_loss",)}.get(event["event"], ())
    values = {name: event[name] for name in names if name in event}
    if values:
        app.stores.runs.metric(run.id, event["step"], values)


def _clean(app: Valence, run_id: str) -> None:
    """Once a run has ended, the copies of people's texts go, and what was only for resuming."""
    folder = app.locations.runs / run_id
    if app.stores.runs.get(run_id).state not in FINISHED or not folder.exists():
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "trainer.log":
            path.unlink()
