"""Variants on held-out examples: what each of them answers, decoded in batches.

A variant that has answered an example before is not asked again: greedy decoding gives the
same. Knows how to get the answers, not what follows from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from store.evaluations import Item
from store.examples import Example
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.errors import TrainingError
from valence.evaluation import Evaluated, Trial, evaluate
from valence.predictors import generation, read_completion
from valence.unit import Unit

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Judged:
    """A variant's verdict with each item's output, features and veto, ready for the ledger."""

    evaluated: Evaluated
    items: tuple[Item, ...]

    @property
    def features(self) -> list[dict[str, float] | None]:
        """Score features an item; None where the answer was vetoed and can never be served."""
        return [item.features for item in self.items]


def judge_local(
    app: Valence,
    boundary: Boundary[Any, Any],
    variant: str,
    unit: Unit | None,
    examples: Sequence[Example],
    report: Report,
) -> Judged:
    """The local model under `unit` (None: the base alone) on each example."""
    known = app.stores.evaluations.items_of(variant, boundary.name, [e.id for e in examples])
    fresh = [example for example in examples if example.id not in known]
    items = known | _decode(app, boundary, unit, fresh, report)
    return _summed(boundary, variant, examples, items)


def judge_builtin(boundary: Boundary[Any, Any], examples: Sequence[Example]) -> Judged:
    """The deterministic floor on each example."""
    items = {}
    for example in examples:
        started = time.perf_counter()
        value = boundary.input_from_text(example.input)
        output = boundary.builtin(value)
        latency_ms = (time.perf_counter() - started) * 1000
        items[example.id] = _item(boundary, example, output, None, latency_ms)
    return _summed(boundary, "builtin", examples, items)


def _decode(
    app: Valence,
    boundary: Boundary[Any, Any],
    unit: Unit | None,
    examples: Sequence[Example],
    report: Report,
) -> dict[str, Item]:
    if not examples:
        return {}
    if app.local is None:
        raise TrainingError("the local model is not there to be judged")
    runtime = app.local.runtime
    asked = [
        (example, value, generation(boundary, value, runtime, unit))
        for example in examples
        for value in [boundary.input_from_text(example.input)]
    ]
    # What does not fit the model's window is never answered: wrong, and never served.
    items = {e.id: _item(boundary, e, None, None, 0.0) for e, _, r in asked if not runtime.fits(r)}
    asked = [row for row in asked if row[0].id not in items]
    report({"event": "judging", "what": "judging", "items": len(asked)})
    done = 0

    def progressed(so_far: int, _: int) -> None:
        nonlocal done
        report({"event": "judged", "items": so_far - done})
        done = so_far

    completions = runtime.generate_batch([r for _, _, r in asked], progress=progressed)
    for (example, value, _), completion in zip(asked, completions, strict=True):
        output, features, veto = read_completion(boundary, value, runtime, completion)
        served = None if veto else features
        items[example.id] = _item(boundary, example, output, served, completion.latency_ms)
    return items


def _item(
    boundary: Boundary[Any, Any],
    example: Example,
    output: Any | None,
    features: dict[str, float] | None,
    latency_ms: float,
) -> Item:
    value = boundary.input_from_text(example.input)
    reference = boundary.output_from_text(example.output)
    missing = output is None
    return Item(
        example_id=example.id,
        output=None if missing else boundary.output_text(output),
        score=0.0 if missing else boundary.score(output, reference),
        correct=not missing and boundary.correct(output, reference, value),
        features=features,
        latency_ms=latency_ms,
    )


def _summed(
    boundary: Boundary[Any, Any],
    variant: str,
    examples: Sequence[Example],
    items: dict[str, Item],
) -> Judged:
    ordered = tuple(items[example.id] for example in examples)
    trials = [
        Trial(
            input=boundary.input_from_text(example.input),
            reference=boundary.output_from_text(example.output),
            output=boundary.output_from_text(item.output) if item.output else None,
            latency_ms=item.latency_ms or 0.0,
        )
        for example, item in zip(examples, ordered, strict=True)
    ]
    return Judged(evaluate(boundary, variant, trials), ordered)
