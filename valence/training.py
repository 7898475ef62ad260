"""The life of a run: curate → train → evaluate → promote or reject, resumable at every step.

One run at a time (a lease row). What it learns from is chosen in `lessons`, learnt in a process
of its own (`trainer_process`), judged and published in `publication`. Knows nothing of MLX.
"""

from __future__ import annotations

import math
import os
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from store.errors import UnknownAdapter, UnknownRun
from store.ids import new_id
from store.runs import Run
from store.states import FINISHED
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.base import Boundary
from valence.errors import NotEnoughExamples, TrainingError, UntrainedBase
from valence.exclusive import training_lease
from valence.lessons import SPEC, TRAINED, forgotten, learnt_from, prepare
from valence.publication import Judgement, judge, publish, unpublished
from valence.trainer_process import Cancelled, Event, Interrupted, run_trainer
from valence.trainer_process import Report as Report

_METRICS = {"start": ("steps",), "step": ("loss", "tokens_per_s", "left_s"), "valid": ("loss",)}
"""What of the trainer's events is kept as series; a validation's loss as `valid_loss`."""

UNTRAINED_SHARE = 0.9
"""A base whose loss is above this share of a guesser's knows no language."""


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


def train_boundary(app: Valence, name: str, report: Report) -> TrainingResult:
    """Runs the whole of it now, or goes on with the run that was interrupted.

    Raises AlreadyRunning, NotEnoughExamples, TrainingError, ModelError.
    """
    boundary = get(name)
    with training_lease(app.stores.leases) as lost:
        _sweep(app)
        run = _unfinished(app, name) or app.stores.runs.start(name, "manual", {})
        return _live(app, boundary, run, _watched(report, lost))


def lacking(app: Valence, boundary: Boundary[Any, Any]) -> str | None:
    """What is too little to train and to judge on, in words; None where there is enough."""
    counts, need = app.stores.examples.counts(boundary.name), boundary.training_defaults
    wanted = {"train": need.min_train, "test": need.min_test, "calibration": need.min_test}
    for split, least in wanted.items():
        if counts[split] < least:
            return f"{boundary.name} has {counts[split]} {split} examples and needs {least}"
    return None


def _watched(report: Report, lost: threading.Event) -> Report:
    def watched(event: Event) -> None:
        if lost.is_set():
            raise Interrupted("another process has taken this run over")
        report(event)

    return watched


def _unfinished(app: Valence, name: str) -> Run | None:
    """A run of the boundary that never came to an end; the lease is ours, so nobody works on it."""
    return next((run for run in app.stores.runs.unfinished() if run.boundary == name), None)


# -- the stages ----------------------------------------------------------------------------------


def _live(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> TrainingResult:
    """Takes the run from wherever it is to its end; what goes wrong is its last state."""
    curated: dict[str, Any] = {}
    try:
        curated = _stages(app, boundary, run, report)
    except Interrupted:
        raise
    except Cancelled as stop:
        app.stores.runs.move(run.id, "cancelled", str(stop))
    except UntrainedBase as error:
        app.stores.runs.move(run.id, "rejected", str(error))
    except Exception as error:
        app.stores.runs.move(run.id, "failed", str(error) or type(error).__name__)
        raise
    finally:
        _clean(app, run.id)
    return _result(app, run.id, boundary, curated)


def _stages(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> dict[str, Any]:
    """Each stage begins with its state, and can be begun again; returns what curation did."""
    folder = app.locations.runs / run.id
    curated: dict[str, Any] = {}
    if run.state in ("pending", "curating"):
        curated = _curate(app, boundary, run, report)
        _begin_training(app, boundary, run.id, folder, "")
    elif run.state == "training":
        _resume_training(app, boundary, run, folder)
    if app.stores.runs.get(run.id).state == "training":
        _train(app, run.id, folder, report)
    run = app.stores.runs.move(run.id, "evaluating", pid=os.getpid())
    _require_same_base(app, run)
    learnt = learnt_from(folder)
    judgement = judge(app, boundary, run, folder / TRAINED, learnt, report)
    with app.stores.database.transaction():
        publish(app, judgement, learnt)
        _finish(app, run.id, judgement)
    return curated


def _curate(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> dict[str, Any]:
    """Brings the examples up to date and checks that there are enough to train and to judge."""
    app.stores.runs.move(run.id, "curating", pid=os.getpid())
    curated = asdict(app.curate(boundary))
    report({"event": "curated", "counts": app.stores.examples.counts(boundary.name), **curated})
    if too_little := lacking(app, boundary):
        raise NotEnoughExamples(
            too_little, do="Use it more, or bring examples with `valence ledger import`."
        )
    return curated


def _begin_training(
    app: Valence, boundary: Boundary[Any, Any], run_id: str, folder: Path, reason: str
) -> None:
    if app.local is None:
        app.model_folder()  # raises with the way to get a model
        raise TrainingError("the local model is switched off (local.enabled)")
    lessons = prepare(app, boundary, run_id, folder)
    # The adapter has its id before it exists: a run that goes on makes the same one again.
    settings = {**lessons.spec, "revision": app.local.revision, "adapter_id": new_id()}
    app.stores.runs.move(
        run_id,
        "training",
        reason,
        pid=os.getpid(),
        settings=settings,
        examples=lessons.examples,
    )


def _resume_training(app: Valence, boundary: Boundary[Any, Any], run: Run, folder: Path) -> None:
    """Goes on from the checkpoint, unless what was learnt so far has to be forgotten."""
    if not (folder / SPEC).exists():
        _begin_training(app, boundary, run.id, folder, "begins again: its files are gone")
        return
    if forgotten(app, learnt_from(folder)):
        _begin_training(app, boundary, run.id, folder, "begins again without a forgotten call")
        return
    _require_same_base(app, run)
    app.stores.runs.move(run.id, "training", "goes on", pid=os.getpid())


def _require_same_base(app: Valence, run: Run) -> None:
    revision = app.local.revision if app.local is not None else None
    if revision != run.settings["revision"]:
        raise TrainingError(
            "the local model was changed while the run was interrupted",
            do=f"`valence train-boundary {run.boundary}` begins a new one.",
        )


def _train(app: Valence, run_id: str, folder: Path, report: Report) -> None:
    """Has the trainer learn; raises Cancelled, Interrupted, UntrainedBase or TrainingError."""
    if app.local is not None:
        app.local.close()  # two copies of the base would not fit on a small machine
    settings = app.stores.runs.get(run_id).settings
    guess = _guessing_loss(app)

    def listen(event: Event) -> None:
        _keep_metrics(app, run_id, event)
        if settings["resume_from_adapter"] is None:
            _require_language_model(event, guess, settings["model"])
        report(event)

    run_trainer(folder, listen)


def _guessing_loss(app: Valence) -> float:
    """Nats a token of a model that knows nothing."""
    config = app.model_folder().config
    return math.log(int(config.get("text_config", config)["vocab_size"]))


def _require_language_model(event: Event, guess: float, model: str) -> None:
    """A base that predicts answers no better than chance teaches an adapter nothing.

    Its loss on the answers, in the form it will write them in, before the first step: a base
    that was only taught tasks does not predict bare texts.
    """
    if (event["event"], event.get("step")) == ("valid", 0):
        loss = event["loss"]
        if not loss <= UNTRAINED_SHARE * guess:
            raise UntrainedBase(
                f"the base model predicts answers no better than chance ({loss:.2f} nats a "
                f"token, {guess:.2f} by guessing): its weights are untrained",
                where=model,
                do="Choose another with `valence models use`.",
            )


def _keep_metrics(app: Valence, run_id: str, event: Event) -> None:
    names = _METRICS.get(event["event"], ())
    prefix = "valid_" if event["event"] == "valid" else ""
    values = {prefix + name: event[name] for name in names if name in event}
    if values:
        app.stores.runs.metric(run_id, event["step"], values)


# -- the end -------------------------------------------------------------------------------------


def _finish(app: Valence, run_id: str, judgement: Judgement) -> None:
    """The run's last states, in the transaction that moves the active pointer."""
    runs, decision = app.stores.runs, judgement.decision
    result = {"metrics": judgement.metrics, "gate": judgement.gate.sentence}
    if decision.promote:
        runs.move(run_id, "candidate", "better beyond chance")
    runs.move(
        run_id,
        "active" if decision.promote else "rejected",
        decision.reason,
        adapter_id=judgement.adapter.id,
        result=result,
    )


def _result(
    app: Valence, run_id: str, boundary: Boundary[Any, Any], curated: dict[str, Any]
) -> TrainingResult:
    run = app.stores.runs.get(run_id)
    blank = {"base": None, "previous": None, "candidate": None}
    return TrainingResult(
        run_id=run.id,
        boundary=boundary.name,
        state=run.state,
        adapter=run.adapter_id,
        examples=run.examples or 0,
        metrics=blank | (run.result or {}).get("metrics", {}),
        reason=run.reason,
        curation=curated,
    )


def _sweep(app: Valence) -> None:
    """Cleans up after runs whose process ended before it could."""
    for folder in app.locations.runs.iterdir():
        try:
            _clean(app, folder.name)
        except UnknownRun:
            continue


def _clean(app: Valence, run_id: str) -> None:
    """Once a run has ended, the copies of people's texts go, and what was only for resuming."""
    run, folder = app.stores.runs.get(run_id), app.locations.runs / run_id
    if run.state not in FINISHED:
        return
    _drop_unregistered(app, run)
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "trainer.log":
            path.unlink()


def _drop_unregistered(app: Valence, run: Run) -> None:
    """Removes adapter files that a failed run left without a row."""
    adapter_id = run.settings.get("adapter_id")
    if adapter_id is None or run.state not in ("failed", "cancelled"):
        return
    try:
        app.stores.adapters.get(adapter_id)
    except UnknownAdapter:
        for folder in unpublished(app, adapter_id):
            shutil.rmtree(folder, ignore_errors=True)
