"""From a trained adapter to a served unit, or to quarantine.

Judges base, previous and candidate on the same test examples, has scorer and gate fitted on the
calibration examples, writes the adapter's folder beside and renames it, and moves the active
pointer in one transaction. A crash anywhere leaves the old unit or the new one, whole. Knows
nothing of how the adapter was trained, nor what earns it a gate: that is `certification`'s.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from store.adapters import Adapter
from store.demonstrations import gated_examples
from store.evaluations import Evaluation
from store.examples import Example, Split
from store.runs import Run
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.certification import SCORED_ONE_IN, Certified, certify, draw
from valence.curation import CALIBRATION_MOST, TEST_MOST
from valence.familiarity import Familiar, familiar_with
from valence.gate import Gate
from valence.heldout import Judged, Report, held_out, judge_builtin, judge_local
from valence.lessons import forgotten
from valence.promotion import Decision, decide
from valence.unit import Unit, load_unit, unit_hash, variant_of


@dataclass(frozen=True)
class Judgement:
    """A candidate, whole, with the decision about it and every figure that it rests on."""

    adapter: Adapter
    decision: Decision
    metrics: dict[str, Any]
    gate: Gate


def judge(
    app: Valence,
    boundary: Boundary[Any, Any],
    run: Run,
    trained: Path,
    example_ids: Sequence[str],
    report: Report,
) -> Judgement:
    """Decides about the adapter in the folder `trained`; nothing refers to it yet.

    May be begun again: what has been answered already is not asked again.
    """
    familiar = familiar_with(app, boundary, example_ids)
    adapter = _install(app, boundary, run, trained, familiar)
    guided_since = run.settings.get("guided_since")
    candidate = replace(
        load_unit(adapter, app.locations.adapters),
        familiar=familiar,
        guided=guided_since is not None,
    )
    previous = app.unit(boundary.name)
    tests = _sample(held_out(app, boundary, "test"), TEST_MOST)
    judged = _judge(app, boundary, candidate, previous, tests, report)
    decision = decide(
        judged["candidate"].evaluated,
        {name: judged[name].evaluated for name in judged if _counts(name, previous)},
    )
    evidence = _evidence(app, boundary, guided_since)
    certified = _certify(app, boundary, candidate, judged["candidate"], evidence, report)
    calibration = certified.to_json() | {
        "familiar": familiar.sha256,
        "scored_one_in": SCORED_ONE_IN,
        "guided": candidate.guided,
    }
    return Judgement(
        adapter=replace(
            adapter,
            calibration=calibration,
            unit_sha256=unit_hash(adapter.weights_sha256, calibration),
        ),
        decision=decision,
        metrics=_figures(judged),
        gate=certified.gate,
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


def _install(
    app: Valence, boundary: Boundary[Any, Any], run: Run, trained: Path, familiar: Familiar
) -> Adapter:
    """Puts the weights where adapters live, and beside them what they have seen."""
    from models.adapters import put_in_place, sha256

    predictor = app.learner(boundary).required()
    adapter_id = run.settings["adapter_id"]
    folder, beside = unpublished(app, adapter_id)
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(trained, beside)
    familiar.save(beside)
    put_in_place(beside, folder)
    return Adapter(
        id=adapter_id,
        boundary=boundary.name,
        base_model=predictor.model,
        base_revision=predictor.revision,
        prompt_version=boundary.prompt_version,
        folder=adapter_id,
        weights_sha256=sha256(folder),
        parent_id=run.settings.get("parent_id"),
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
    bare = variant_of(candidate.adapter.base_model, None, boundary.prompt_version)
    judged = {"builtin": judge_builtin(boundary, tests)}
    _keep(app, candidate, judged["builtin"], "test")
    for name, variant, unit in (
        ("base", bare if boundary.base_answers else "", None),
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


def _evidence(
    app: Valence, boundary: Boundary[Any, Any], guided_since: str | None
) -> list[Example]:
    """The calibration examples to certify on: for an adapter that is shown guidance, those since
    prompts came with it, so that the promise is for prompts of that kind."""
    every = held_out(app, boundary, "calibration")
    return _sample([e for e in every if e.created_at >= (guided_since or "")], CALIBRATION_MOST)


def _certify(
    app: Valence,
    boundary: Boundary[Any, Any],
    candidate: Unit,
    tested: Judged,
    examples: list[Example],
    report: Report,
) -> Certified:
    """What the candidate has earned with its answers to these calibration examples."""
    judged = judge_local(app, boundary, candidate.variant, candidate, examples, report)
    _keep(app, candidate, judged, "calibration", candidate)
    weights = candidate.adapter.weights_sha256
    own = app.learner(boundary).scorer(weights)
    gated = gated_examples(app.stores.database, boundary.name)
    return certify(judged.items, tested.items, weights, app.settings.gate, own, gated)


def _sample(examples: list[Example], most: int) -> list[Example]:
    """At most as many, the same ones every time."""
    return sorted(examples, key=lambda example: draw(example.id))[:most]


def _figures(judged: dict[str, Judged]) -> dict[str, Any]:
    """The metrics a variant; `exact` is a plain share there, its interval beside it."""
    figures = {}
    for name, result in judged.items():
        metrics = result.evaluated.metrics.to_json()
        interval = metrics.pop("exact")
        figures[name] = {"exact": interval["value"], "exact_interval": interval, **metrics}
    return figures
