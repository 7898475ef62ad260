"""What a run teaches: which examples, beside which rehearsed ones, starting from which adapter.

Writes the files that the trainer's process reads. Knows nothing of that process, of states, or
of how the result is judged.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.errors import UnknownExample
from store.examples import Example
from store.transfer import json_line
from store.whole import whole, write_whole
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.strategies.guidance import as_asked
from valence.unit import Unit

VALIDATION_SHARE = 0.05
VALIDATION_LEAST = 4
VALIDATION_MOST = 200
VALIDATIONS = 8
"""Validations an epoch. Half of all of them without improvement stop a run early: while the
learning rate is high, an adapter that goes on from another is worse for a while."""
EVERY_LEAST = 10
"""The fewest steps between two validations."""
WARM_RATE = 0.5
"""Share of the learning rate for an adapter that goes on from another: less is undone."""
LEARNT_FROM = "examples.json"
TRAINED = "adapter"
SPEC = "spec.json"


@dataclass(frozen=True)
class Lessons:
    """A run's folder when it can be trained on: `spec` for the trainer, `examples` trained on, and
    the id of the adapter whose weights it goes on from, None for the base's."""

    spec: dict[str, Any]
    examples: int
    parent_id: str | None = None


def prepare(app: Valence, boundary: Boundary[Any, Any], run_id: str, folder: Path) -> Lessons:
    """Writes data and spec into an emptied folder; the spec comes last and stands for them all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    start = _start(app, boundary.name)
    lineage = set(app.stores.adapters.lineage(start.adapter.id)) if start else set[str]()
    chosen = _chosen(app, boundary, run_id, lineage)
    valid = _validating(chosen)
    _write_rows(app, boundary, folder / "train.jsonl", [e for e in chosen if e.id not in valid])
    _write_rows(app, boundary, folder / "valid.jsonl", [e for e in chosen if e.id in valid])
    learnt_from = sorted({e.id for e in chosen} | lineage)
    write_json(folder / LEARNT_FROM, learnt_from)
    spec = _spec(app, folder, start, len(chosen) - len(valid))
    write_json(folder / SPEC, spec)
    return Lessons(spec, len(learnt_from), start.adapter.id if start else None)


def learnt_from(folder: Path) -> list[str]:
    """The ids of all examples that the run's adapter learns from, its ancestors' included."""
    ids: list[str] = json.loads((folder / LEARNT_FROM).read_text("utf-8"))
    return ids


def forgotten(app: Valence, example_ids: list[str]) -> list[str]:
    """Those of the examples that are gone: their calls have been forgotten."""
    return [each for each in example_ids if not _is_there(app, each)]


def _is_there(app: Valence, example_id: str) -> bool:
    try:
        app.stores.examples.get(example_id)
    except UnknownExample:
        return False
    return True


def _start(app: Valence, name: str) -> Unit | None:
    """The adapter to go on from: the active one, if it has this shape and may be built upon.

    What learned from a forgotten call may not: its successor is made from the base again.
    """
    unit = app.unit(name)
    if unit is None or unit.adapter.tainted_at is not None or unit.adapter.run_id is None:
        return None
    learned, now = app.stores.runs.get(unit.adapter.run_id).settings, app.settings.training
    same = (learned.get("rank"), learned.get("alpha")) == (now.rank, now.alpha)
    return unit if same else None


def _chosen(
    app: Valence, boundary: Boundary[Any, Any], run_id: str, lineage: set[str]
) -> list[Example]:
    """All new train examples, and a replay of what earlier adapters and the base were taught.

    Where too few are new to learn from them alone, everything is rehearsed.
    """
    every = app.stores.examples.of(boundary.name, "train")
    new = [e for e in every if e.id not in lineage and e.origin != "base"]
    alone = len(new) >= boundary.training_defaults.min_train
    share = int(app.settings.training.replay * len(new)) if alone else len(every)
    draw = random.Random(run_id)
    chosen = list(new)
    for pool in (
        [e for e in every if e.id in lineage and e.origin != "base"],
        [e for e in every if e.origin == "base"],
    ):
        chosen += draw.sample(pool, min(len(pool), share))
    return chosen


def _validating(chosen: list[Example]) -> set[str]:
    """The ids of a random few that only validate, the same ones for the same examples."""
    wanted = max(VALIDATION_LEAST, int(len(chosen) * VALIDATION_SHARE))
    drawn = sorted(chosen, key=lambda e: hashlib.sha256(e.fold_key.encode()).digest())
    return {example.id for example in drawn[: min(VALIDATION_MOST, wanted)]}


def _write_rows(
    app: Valence, boundary: Boundary[Any, Any], path: Path, examples: list[Example]
) -> None:
    from models.folder import markers

    marks = markers(app.model_folder())
    with whole(path, private=True) as beside, beside.open("w", encoding="utf-8") as file:
        for example in examples:
            value = boundary.input_from_text(example.input)
            output = boundary.output_from_text(example.output)
            asked = as_asked(app, boundary, example)
            row = {
                "id": example.id,
                "system": asked.with_guidance(asked.system),
                "user": boundary.local_user(value, marks),
                "completion": boundary.write(output, marks),
            }
            file.write(json_line(row) + "\n")


def _spec(app: Valence, folder: Path, start: Unit | None, count: int) -> dict[str, Any]:
    """What the trainer is asked; `count` is of the examples that it trains on."""
    settings = app.settings.training
    rate = settings.learning_rate * (WARM_RATE if start else 1.0)
    return {
        "model": str(app.model_folder().path),
        "data": {"train": str(folder / "train.jsonl"), "valid": str(folder / "valid.jsonl")},
        "out": str(folder),
        "adapter_out": str(folder / TRAINED),
        "resume_from_adapter": str(start.folder) if start else None,
        "rank": settings.rank,
        "alpha": settings.alpha,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "learning_rate": rate,
        "max_seq_length": settings.max_seq_length,
        "seed": 0,
        "eval_every": max(EVERY_LEAST, count // settings.batch_size // VALIDATIONS),
        "patience": max(VALIDATIONS, settings.epochs * VALIDATIONS // 2),
    }


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all."""
    write_whole(path, json.dumps(value))
