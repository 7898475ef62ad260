"""`valence train-boundary` and `valence runs`: starting, watching, pausing and stopping runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from tqdm import tqdm

from store.runs import Run
from valence import steering
from valence.app import Valence
from valence.cli.names import BOUNDARY, tell_broken
from valence.cli.output import INPUT, emit, json_option, limit_option, note, open_lines, table
from valence.errors import NotEnoughExamples, TrainingError
from valence.training import TrainingResult
from valence.training import train_boundary as train
from valence.transfer import import_examples

LOG_INTERVAL_S = 30.0
"""Seconds between two states of the bar in a log file."""


@click.command("train-boundary")
@click.argument("name", required=False, type=BOUNDARY)
@click.option(
    "--data",
    type=INPUT,
    help='Bring examples first: JSON lines of {"text", "labels": {head: label or null}}, or any '
    "form that `ledger import` takes.",
)
@json_option
def train_boundary(name: str | None, data: str | None, as_json: bool) -> None:
    """Learn from the calls: curate, train, evaluate, then promote or reject.

    Without NAME each boundary that has enough examples. Ctrl-C stops it; the next call
    goes on where it was.
    """
    if data and not name:
        raise click.UsageError("--data goes with a NAME")
    with Valence.open() as app:
        if name and data:
            _bring(app, name, data)
        if not name:
            tell_broken(app.boundaries)
        for boundary in [name] if name else app.boundaries.names():
            try:
                result = _train(app, boundary)
            except NotEnoughExamples as error:
                if name:
                    raise
                note(f"{boundary}: {error}")
                continue
            emit(asdict(result)) if as_json else _tell(result)


def _bring(app: Valence, name: str, data: str) -> None:
    with open_lines(data) as lines:
        counts = import_examples(app.stores.examples, app.boundaries.get(name), lines, "upload")
    note(f"{name}: {counts.told()}")


def _train(app: Valence, boundary: str) -> TrainingResult:
    with Progress(boundary) as progress:
        try:
            return train(app, boundary, progress)
        except KeyboardInterrupt as stop:
            raise TrainingError(
                "interrupted; what was learnt so far is kept",
                do=f"`valence train-boundary {boundary}` goes on.",
            ) from stop


class Progress:
    """The bar on stderr: loss, speed and time left; a line for each stage."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, event: dict[str, Any]) -> None:
        show = getattr(self, f"_on_{event['event']}", None)
        if show is not None:
            show(event)

    def _on_curated(self, event: dict[str, Any]) -> None:
        counts = ", ".join(f"{count} {split}" for split, count in event["counts"].items())
        note(f"{self._boundary}: {counts} examples")
        for reason, count in event["dropped"].items():
            note(f"  left out {count}: {reason}")

    def _on_start(self, event: dict[str, Any]) -> None:
        self._open("training", event["steps"], event.get("step", 0))

    def _on_step(self, event: dict[str, Any]) -> None:
        if self._bar is None:
            self._open("training", event["steps"], 0)
        assert self._bar is not None
        told = f"loss {event['loss']:.3f}, {event['tokens_per_s']:.0f} tokens/s"
        self._bar.set_postfix_str(told, refresh=False)  # drawn with the step, and no oftener
        self._bar.update(event["step"] - self._bar.n)

    def _on_paused(self, _: dict[str, Any]) -> None:
        note(f"{self._boundary}: paused (`valence runs resume` goes on)")

    def _on_run_failed(self, event: dict[str, Any]) -> None:
        note(f"{self._boundary}: the run failed: {event['reason']}")

    def _on_judging(self, event: dict[str, Any]) -> None:
        self._open(event["what"], event["items"], 0)

    def _on_judged(self, event: dict[str, Any]) -> None:
        if self._bar is not None:
            self._bar.update(event["items"])

    def _open(self, what: str, total: int, done: int) -> None:
        self._close()
        self._bar = tqdm(
            total=total,
            initial=done,
            desc=f"{self._boundary}: {what}",
            mininterval=0.1 if sys.stderr.isatty() else LOG_INTERVAL_S,
            miniters=1,  # else it is drawn every ten seconds at least
        )

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _tell(result: TrainingResult) -> None:
    click.echo(f"{result.boundary}: {result.state}. {result.reason}")
    rows = [
        (
            name,
            *(metrics.get(key) for key in ("exact", "f1", "score", "parse_rate", "latency_p50_ms")),
        )
        for name, metrics in result.metrics.items()
        if metrics
    ]
    if rows:
        table(("", "exact", "F1", "score", "parsed", "p50 ms"), rows)


@click.group()
def runs() -> None:
    """Training runs: list, show, pause, resume, stop."""


@runs.command("list")
@limit_option(20)
@json_option
def list_runs(limit: int, as_json: bool) -> None:
    """The newest runs first."""
    with Valence.open() as app:
        found = app.stores.runs.list(limit=limit)
    if as_json:
        for run in found:
            emit(_record(run))
        return
    table(
        ("run", "boundary", "state", "started", "examples", "reason"),
        [(r.id, r.boundary, r.state, r.created_at[:19], r.examples, r.reason) for r in found],
    )


@runs.command("show")
@click.argument("run_id")
@json_option
def show_run(run_id: str, as_json: bool) -> None:
    """One run: its states with their times and reasons, its losses, its result."""
    with Valence.open() as app:
        run = app.stores.runs.get(run_id)
        history = app.stores.runs.history(run.id)
        losses = app.stores.runs.metrics(run.id, "valid_loss")
    states = [{"state": h.state, "at": h.created_at, "reason": h.reason} for h in history]
    if as_json:
        emit(_record(run) | {"history": states, "valid_loss": losses})
        return
    click.echo(f"{run.boundary}: {run.state}. {run.reason}")
    table(("state", "at", "reason"), [(s["state"], s["at"], s["reason"]) for s in states])
    for step, loss in losses:
        click.echo(f"step {step}: validation loss {loss:.3f}")


@runs.command()
def pause() -> None:
    """Hold the run that is training; its place is kept."""
    _steer(steering.pause)


@runs.command()
def resume() -> None:
    """Let a paused run go on."""
    _steer(steering.resume)


@runs.command()
def stop() -> None:
    """End the run that is training; nothing of it is served."""
    _steer(steering.stop)


def _steer(ask: Callable[[Valence], list[Run]]) -> None:
    with Valence.open() as app:
        for run in ask(app):
            note(f"run {run.id} of {run.boundary}: asked")


def _record(run: Run) -> dict[str, Any]:
    result = run.result if isinstance(run.result, dict) else json.loads(run.result or "{}")
    return {
        "run_id": run.id,
        "boundary": run.boundary,
        "state": run.state,
        "reason": run.reason,
        "trigger": run.trigger,
        "adapter": run.adapter_id,
        "examples": run.examples,
        "started": run.created_at,
        "updated": run.updated_at,
        "result": result,
    }
