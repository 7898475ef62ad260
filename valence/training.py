"""The life of a run: curate → train → evaluate → promote or reject, resumable at every step.

One run at a time (a lease row). What it learns from and how is the affair of the boundary's
learner (`valence.learners`); the result is judged and published in `publication`.
"""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.errors import UnknownAdapter, UnknownRun
from store.examples import Split
from store.ids import new_id
from store.runs import Run
from store.states import FINISHED
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.config import Settings
from valence.curation import KEPT
from valence.errors import NotEnoughExamples, TrainingError, UntrainedBase
from valence.exclusive import training_lease
from valence.heldout import held_out
from valence.lessons import SPEC, TRAINED, forgotten, learnt_from
from valence.publication import Judgement, judge, publish, unpublished
from valence.strategies.guidance import certifiable_since
from valence.trainer_process import Cancelled, Event, Interrupted
from valence.trainer_process import Report as Report
from valence.transfer import plant


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
    boundary = app.boundaries.get(name)
    with training_lease(app.stores.leases) as lost:
        _sweep(app)
        run = _unfinished(app, name) or app.stores.runs.start(name, "manual", {})
        return _live(app, boundary, run, _watched(report, lost))


def lacking(app: Valence, boundary: Boundary[Any, Any]) -> str | None:
    """What is too little to train and to judge on, in words; None where there is enough."""
    counts, need = app.stores.examples.counts(boundary.name), boundary.training_defaults
    if counts["train"] < need.min_train:
        return f"{boundary.name} has {counts['train']} train examples and needs {need.min_train}"
    splits: tuple[Split, ...] = ("test", "calibration")
    for split in splits:
        count = len(held_out(app, boundary, split))
        if count < need.min_test:
            which = "" if count == counts[split] else " that say all it asks now"
            return f"{boundary.name} has {count} {split} examples{which} and needs {need.min_test}"
    return None


def trigger_of(settings: Settings, boundary: Boundary[Any, Any]) -> int:
    """The new train examples that start a run of the boundary by themselves."""
    return boundary.training_defaults.trigger_examples or settings.training.trigger_examples


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
    """Each stage begins with its state, and can be begun again; returns what curation did since
    the boundary was last trained."""
    folder = app.locations.runs / run.id
    curated: dict[str, Any] = {}
    if run.state in ("pending", "curating"):
        curated = _curate(app, boundary, run, report)
        _begin_training(app, boundary, run.id, folder, "")
    elif run.state == "training":
        _resume_training(app, boundary, run, folder)
    run = app.stores.runs.get(run.id)
    if run.state == "training":
        app.learner(boundary).train(boundary, run, folder, report)
    run = app.stores.runs.move(run.id, "evaluating", pid=os.getpid())
    _require_same_base(app, boundary, run)
    learnt = learnt_from(folder)
    judgement = judge(app, boundary, run, folder / TRAINED, learnt, report)
    with app.stores.database.transaction():
        publish(app, judgement, learnt)
        _finish(app, run.id, judgement)
    return curated


def _curate(app: Valence, boundary: Boundary[Any, Any], run: Run, report: Report) -> dict[str, Any]:
    """Brings the examples up to date and checks that there are enough to train and to judge."""
    app.stores.runs.move(run.id, "curating", pid=os.getpid())
    plant(app, boundary)
    app.curate(boundary)
    dropped = app.stores.examples.curated(boundary.name)  # most of it right after the calls
    curated = {"kept": dropped.pop(KEPT, 0), "dropped": dropped}
    report({"event": "curated", "counts": app.stores.examples.counts(boundary.name), **curated})
    if too_little := lacking(app, boundary):
        raise NotEnoughExamples(
            too_little, do="Use it more, or bring examples with `valence ledger import`."
        )
    return curated


def _begin_training(
    app: Valence, boundary: Boundary[Any, Any], run_id: str, folder: Path, reason: str
) -> None:
    learner = app.learner(boundary)
    predictor = learner.required()
    lessons = learner.prepare(boundary, run_id, folder)
    # The adapter has its id before it exists: a run that goes on makes the same one again.
    settings = {
        **lessons.spec,
        "revision": predictor.revision,
        "adapter_id": new_id(),
        "parent_id": lessons.parent_id,
        "guided_since": certifiable_since(app, boundary.name),
    }
    with app.stores.database.transaction():
        app.stores.examples.teach(learnt_from(folder))
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
    _require_same_base(app, boundary, run)
    app.stores.runs.move(run.id, "training", "goes on", pid=os.getpid())


def _require_same_base(app: Valence, boundary: Boundary[Any, Any], run: Run) -> None:
    predictor = app.learner(boundary).predictor
    if predictor is None or predictor.revision != run.settings["revision"]:
        raise TrainingError(
            "the local model was changed while the run was interrupted",
            do=f"`valence train-boundary {run.boundary}` begins a new one.",
        )


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
