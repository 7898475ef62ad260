"""From a trained adapter to a served unit, or to quarantine.

Judges base, previous and candidate on the same test examples, fits calibrator and gate on the
calibration examples, writes the adapter's folder beside and renames it, and moves the active
pointer in one transaction. A crash anywhere leaves the old unit or the new one, whole.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.adapters import Adapter
from store.evaluations import Evaluation
from store.examples import Example
from store.ids import new_id
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.gate import Gate, fit_gate
from valence.heldout import Judged, Report, judge_builtin, judge_local
from valence.promotion import Decision, decide
from valence.unit import Unit, load_unit, unit_hash, variant_of

TEST_MOST = 500
CALIBRATION_MOST = 1500


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate, with every figure that it rests on."""

    promoted: bool
    adapter_id: str
    reason: str
    metrics: dict[str, Any]
    gate: str


def judge_and_publish(
    app: Valence,
    boundary: Boundary[Any, Any],
    run_id: str,
    trained: Path,
    example_ids: Sequence[str],
    report: Report,
) -> Verdict:
    """Decides about the adapter in the folder `trained` and carries the decision out."""
    adapter = _install(app, boundary, run_id, trained)
    candidate = load_unit(adapter, app.locations.adapters)
    previous = app.unit(boundary.name)
    tests = _sample(app.stores.examples.of(boundary.name, "test"), TEST_MOST)
    judged = _judge(app, boundary, candidate, previous, tests, report)
    decision = decide(
        judged["candidate"].evaluated,
        {name: j.evaluated for name, j in judged.items() if name != "candidate"},
    )
    _record(app, boundary, run_id, adapter, previous, judged)
    calibration, gate = _calibrate(app, boundary, candidate, judged["candidate"], report)
    _register(app, adapter, example_ids, calibration, previous, decision)
    return Verdict(
        promoted=decision.promote,
        adapter_id=adapter.id,
        reason=decision.reason,
        metrics=_figures(judged),
        gate=gate.sentence,
    )


def _install(app: Valence, boundary: Boundary[Any, Any], run_id: str, trained: Path) -> Adapter:
    """Puts the weights where adapters live; no row points at them yet."""
    from models.adapters import put_in_place, sha256

    assert app.local is not None
    adapter_id = new_id()
    folder = app.locations.adapters / adapter_id
    beside = folder.with_name(f".{adapter_id}.new")
    shutil.copytree(trained, beside)
    put_in_place(beside, folder)
    previous = app.unit(boundary.name)
    return Adapter(
        id=adapter_id,
        boundary=boundary.name,
        base_model=app.local.model,
        base_revision=app.local.revision,
        prompt_version=boundary.prompt_version,
        folder=adapter_id,
        weights_sha256=sha256(folder),
        parent_id=previous.adapter.id if previous else None,
        run_id=run_id,
        reason="trained",
    )


def _judge(
    app: Valence,
    boundary: Boundary[Any, Any],
    candidate: Unit,
    previous: Unit | None,
    tests: list[Example],
    report: Report,
) -> dict[str, Judged]:
    base = variant_of(candidate.adapter.base_model, None, boundary.prompt_version)
    judged = {
        "builtin": judge_builtin(boundary, tests),
        "base": judge_local(app, boundary, base, None, tests, report),
    }
    if previous is not None:
        judged["previous"] = judge_local(app, boundary, previous.variant, previous, tests, report)
    judged["candidate"] = judge_local(app, boundary, candidate.variant, candidate, tests, report)
    return judged


def _calibrate(
    app: Valence,
    boundary: Boundary[Any, Any],
    candidate: Unit,
    tested: Judged,
    report: Report,
) -> tuple[dict[str, Any], Gate]:
    """Calibrator on the score split, gate on the gate split; thresholds from the test inputs,
    whose labels it does not look at."""
    from models.calibration import fit_calibrator

    examples = _sample(app.stores.examples.of(boundary.name, "calibration"), CALIBRATION_MOST)
    judged = judge_local(app, boundary, candidate.variant, candidate, examples, report)
    labelled = list(zip(judged.items, examples, strict=True))
    score_split = [item for item, example in labelled if _for_score(example)]
    gate_split = [item for item, example in labelled if not _for_score(example)]
    scored = [(i.features, i.correct) for i in score_split if i.features is not None]
    if not scored:
        return {}, Gate.never_fitted()
    calibrator = fit_calibrator([f for f, _ in scored], [right for _, right in scored])
    settings = app.settings.gate
    gate = fit_gate(
        [calibrator(i.features) if i.features else float("-inf") for i in gate_split],
        [i.correct for i in gate_split],
        [calibrator(f) if f else 0.0 for f in tested.features],
        settings.max_error,
        settings.confidence_level,
    )
    return {"calibrator": calibrator.to_json(), "gate": gate.to_json()}, gate


def _for_score(example: Example) -> bool:
    """A third of the calibration examples, fixed by their ids, fits the calibrator."""
    return _draw(example) % 3 == 0


def _sample(examples: list[Example], most: int) -> list[Example]:
    """At most as many, the same ones every time."""
    return sorted(examples, key=_draw)[:most]


def _draw(example: Example) -> int:
    return int.from_bytes(hashlib.sha256(example.id.encode()).digest()[:8])


def _register(
    app: Valence,
    adapter: Adapter,
    example_ids: Sequence[str],
    calibration: dict[str, Any],
    previous: Unit | None,
    decision: Decision,
) -> None:
    adapters = app.stores.adapters
    adapters.register(adapter, example_ids)
    if calibration:
        adapters.calibrate(adapter.id, calibration, unit_hash(adapter.weights_sha256, calibration))
    if decision.promote:
        adapters.promote(adapter.id, decision.reason)
    else:
        adapters.reject(adapter.id, decision.reason)


def _record(
    app: Valence,
    boundary: Boundary[Any, Any],
    run_id: str,
    adapter: Adapter,
    previous: Unit | None,
    judged: dict[str, Judged],
) -> None:
    adapters = {"candidate": adapter.id, "previous": previous.adapter.id if previous else None}
    for name, result in judged.items():
        evaluation = Evaluation(
            run_id=run_id,
            boundary=boundary.name,
            variant=result.evaluated.variant,
            adapter_id=adapters.get(name),
            split="test",
            metrics=result.evaluated.metrics.to_json(),
        )
        app.stores.evaluations.record(evaluation, result.items)


def _figures(judged: dict[str, Judged]) -> dict[str, Any]:
    """The metrics a variant; `exact` is a plain share there, its interval beside it."""
    figures = {}
    for name, result in judged.items():
        metrics = result.evaluated.metrics.to_json()
        interval = metrics.pop("exact")
        figures[name] = {"exact": interval["value"], "exact_interval": interval, **metrics}
    return figures
