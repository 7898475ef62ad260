"""From a trained adapter to a served unit, or to quarantine.

Judges base, previous and candidate on the same test examples, fits calibrator and gate on the
calibration examples, writes the adapter's folder beside and renames it, and moves the active
pointer in one transaction. A crash anywhere leaves the old unit or the new one, whole. Knows
nothing of how the adapter was trained.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from store.adapters import Adapter
from store.evaluations import Evaluation
from store.examples import Example, Split
from store.runs import Run
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.gate import Gate, fit_gate
from valence.heldout import Judged, Report, judge_builtin, judge_local
from valence.lessons import forgotten
from valence.promotion import Decision, decide
from valence.unit import Unit, load_unit, unit_hash, variant_of

TEST_MOST = 500
CALIBRATION_MOST = 1500


@dataclass(frozen=True)
class Judgement:
    """A candidate, whole, with the decision about it and every figure that it rests on."""

    adapter: Adapter
    decision: Decision
    metrics: dict[str, Any]
    gate: Gate


def judge(
    app: Valence, boundary: Boundary[Any, Any], run: Run, trained: Path, report: Report
) -> Judgement:
    """Decides about the adapter in the folder `trained`; nothing refers to it yet.

    May be begun again: what has been answered already is not asked again.
    """
    adapter = _install(app, boundary, run, trained)
    candidate = load_unit(adapter, app.locations.adapters)
    previous = app.unit(boundary.name)
    tests = _sample(app.stores.examples.of(boundary.name, "test"), TEST_MOST)
    judged = _judge(app, boundary, candidate, previous, tests, report)
    decision = decide(
        judged["candidate"].evaluated,
        {name: judged[name].evaluated for name in judged if _counts(name, previous)},
    )
    gate, calibration = _calibrate(app, boundary, candidate, judged["candidate"], report)
    return Judgement(
        adapter=replace(
            adapter,
            calibration=calibration,
            unit_sha256=unit_hash(adapter.weights_sha256, calibration),
        ),
        decision=decision,
        metrics=_figures(judged),
        gate=gate,
    )


def publish(app: Valence, judgement: Judgement, example_ids: Sequence[str]) -> None:
    """Carries the decision out, as part of the caller's transaction."""
    adapters, adapter = app.stores.adapters, judgement.adapter
    adapters.register(adapter, example_ids)
    if forgotten(app, list(example_ids)):
        adapters.taint(adapter.id, "it was trained on a call that has been forgotten")
    if judgement.decision.promote:
        adapters.promote(adapter.id, judgement.decision.reason)
    else:
        adapters.reject(adapter.id, judgement.decision.reason)


def unpublished(app: Valence, adapter_id: str) -> tuple[Path, Path]:
    """Where an adapter's files are before any row points at them: in their place, and beside it."""
    folder = app.locations.adapters / adapter_id
    return folder, folder.with_name(f".{adapter_id}.new")


def _counts(name: str, previous: Unit | None) -> bool:
    """Whether a candidate must be better than this one: what has learnt from a forgotten call
    has no claim to stay."""
    tainted = previous is not None and previous.adapter.tainted_at is not None
    return name != "candidate" and not (name == "previous" and tainted)


def _install(app: Valence, boundary: Boundary[Any, Any], run: Run, trained: Path) -> Adapter:
    """Puts the weights where adapters live."""
    from models.adapters import put_in_place, sha256

    assert app.local is not None
    adapter_id = run.settings["adapter_id"]
    folder, beside = unpublished(app, adapter_id)
    shutil.rmtree(beside, ignore_errors=True)
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
        run_id=run.id,
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
    """Everybody on the same test examples, kept as soon as it is known."""
    base = variant_of(candidate.adapter.base_model, None, boundary.prompt_version)
    judged = {"builtin": judge_builtin(boundary, tests)}
    _keep(app, candidate, judged["builtin"], "test")
    for name, variant, unit in (
        ("base", base, None),
        ("previous", previous.variant if previous else "", previous),
        ("candidate", candidate.variant, candidate),
    ):
        if variant:
            judged[name] = judge_local(app, boundary, variant, unit, tests, report)
            _keep(app, candidate, judged[name], "test", unit)
    return judged


def _keep(
    app: Valence, candidate: Unit, judged: Judged, split: Split, unit: Unit | None = None
) -> None:
    """Enters an evaluation; the same one of the same run only once, whoever begins it again."""
    adapter = candidate.adapter
    evaluation = Evaluation(
        run_id=adapter.run_id,
        boundary=adapter.boundary,
        variant=judged.evaluated.variant,
        adapter_id=unit.adapter.id if unit else None,
        split=split,
        metrics=judged.evaluated.metrics.to_json(),
    )
    kept = app.stores.evaluations.list(adapter.boundary)
    if _identity(evaluation) not in map(_identity, kept):
        app.stores.evaluations.record(evaluation, judged.items)


def _identity(evaluation: Evaluation) -> tuple[str | None, str, str]:
    return evaluation.run_id, evaluation.variant, evaluation.split


def _calibrate(
    app: Valence,
    boundary: Boundary[Any, Any],
    candidate: Unit,
    tested: Judged,
    report: Report,
) -> tuple[Gate, dict[str, Any]]:
    """Calibrator on the score split, gate on the gate split; thresholds from the test inputs,
    whose labels it does not look at."""
    from models.calibration import fit_calibrator

    examples = _sample(app.stores.examples.of(boundary.name, "calibration"), CALIBRATION_MOST)
    judged = judge_local(app, boundary, candidate.variant, candidate, examples, report)
    _keep(app, candidate, judged, "calibration", candidate)
    labelled = list(zip(judged.items, examples, strict=True))
    score_split = [item for item, example in labelled if _for_score(example)]
    gate_split = [item for item, example in labelled if not _for_score(example)]
    scored = [(i.features, i.correct) for i in score_split if i.features is not None]
    settings = app.settings.gate
    if not scored:
        gate = Gate.never_fitted(settings.max_error, settings.confidence_level)
        return gate, {"gate": gate.to_json()}
    calibrator = fit_calibrator([f for f, _ in scored], [right for _, right in scored])
    gate = fit_gate(
        [calibrator(i.features) if i.features else 0.0 for i in gate_split],
        [i.correct for i in gate_split],
        [calibrator(f) if f else 0.0 for f in tested.features],
        settings.max_error,
        settings.confidence_level,
    )
    return gate, {"calibrator": calibrator.to_json(), "gate": gate.to_json()}


def _for_score(example: Example) -> bool:
    """A third of the calibration examples, fixed by their ids, fits the calibrator."""
    return _draw(example) % 3 == 0


def _sample(examples: list[Example], most: int) -> list[Example]:
    """At most as many, the same ones every time."""
    return sorted(examples, key=_draw)[:most]


def _draw(example: Example) -> int:
    return int.from_bytes(hashlib.sha256(example.id.encode()).digest()[:8])


def _figures(judged: dict[str, Judged]) -> dict[str, Any]:
    """The metrics a variant; `exact` is a plain share there, its interval beside it."""
    figures = {}
    for name, result in judged.items():
        metrics = result.evaluated.metrics.to_json()
        interval = metrics.pop("exact")
        figures[name] = {"exact": interval["value"], "exact_interval": interval, **metrics}
    return figures
