"""Variants on held-out examples: what each of them answers, decoded in batches.

A variant that has answered an example before is not asked again: greedy decoding gives the
same. Knows how to get the answers, not what follows from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from store.evaluations import Item
from store.examples import Example, Split
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.errors import TrainingError
from valence.evaluation import Evaluated, Trial, evaluate
from valence.reading import generation, read_completion, read_parts
from valence.strategies.guidance import as_asked
from valence.unit import Unit

if TYPE_CHECKING:
    from models.generation import Completion, Generation
    from models.runtime import LocalRuntime

Report = Callable[[dict[str, Any]], None]

TIMED = 16
"""Examples that are decoded one at a time; the latency of one in a batch would mean nothing."""


@dataclass(frozen=True)
class Judged:
    """A variant's verdict with each item's output, features and veto, ready for the ledger."""

    evaluated: Evaluated
    items: tuple[Item, ...]


def judge_local(
    app: Valence,
    boundary: Boundary[Any, Any],
    variant: str,
    unit: Unit | None,
    examples: Sequence[Example],
    report: Report,
) -> Judged:
    """The boundary's model under `unit` (None: the base alone) on each example."""
    known = app.stores.evaluations.items_of(variant, boundary.name, [e.id for e in examples])
    fresh = [example for example in examples if example.id not in known]
    items = known | app.learner(boundary).answer(boundary, unit, fresh, report)
    return _summed(boundary, variant, examples, items)


def judge_builtin(boundary: Boundary[Any, Any], examples: Sequence[Example]) -> Judged:
    """The deterministic floor on each example."""
    items = {}
    for example in examples:
        started = time.perf_counter()
        value = boundary.input_from_text(example.input)
        output = boundary.builtin(value)
        latency_ms = (time.perf_counter() - started) * 1000
        items[example.id] = item_of(boundary, example, output, None, latency_ms)
    return _summed(boundary, "builtin", examples, items)


@dataclass(frozen=True)
class _Asked:
    """One example with its input and what the runtime is asked for it."""

    example: Example
    value: Any
    request: Generation


def decode(
    app: Valence,
    boundary: Boundary[Any, Any],
    unit: Unit | None,
    examples: Sequence[Example],
    report: Report,
) -> dict[str, Item]:
    """The language model's items of examples, by id. What does not fit its window is wrong, and
    never served."""
    if not examples:
        return {}
    if app.local is None:
        raise TrainingError("the local model is not there to be judged")
    runtime = app.local.runtime
    asked = [_ask(as_asked(app, boundary, e), runtime, unit, e) for e in examples]
    fitting = [one for one in asked if runtime.fits(one.request)]
    items = {e.id: item_of(boundary, e, None, None, None) for e in examples}
    completions = _complete(runtime, [one.request for one in fitting], report)
    for place, (one, completion) in enumerate(zip(fitting, completions, strict=True)):
        item = _read(boundary, runtime, unit, one, completion)
        items[one.example.id] = item if place < TIMED else replace(item, latency_ms=None)
    return items


def _read(
    boundary: Boundary[Any, Any],
    runtime: LocalRuntime,
    unit: Unit | None,
    asked: _Asked,
    completion: Completion,
) -> Item:
    """The verdict on one completion; only what no hard check vetoes has features."""
    familiar = unit.familiar if unit is not None else None
    output, features, veto = read_completion(boundary, asked.value, runtime, completion, familiar)
    if veto:
        return item_of(boundary, asked.example, output, None, completion.latency_ms)
    item = item_of(boundary, asked.example, output, features, completion.latency_ms)
    parts = read_parts(boundary, asked.value, output, runtime, completion, familiar)
    right = boundary.right_parts(output, boundary.output_from_text(asked.example.output))
    return replace(item, parts=tuple(zip(parts, right, strict=True)) if parts else ())


def _ask(
    boundary: Boundary[Any, Any], runtime: LocalRuntime, unit: Unit | None, example: Example
) -> _Asked:
    value = boundary.input_from_text(example.input)
    return _Asked(example, value, generation(boundary, value, runtime, unit))


def _complete(
    runtime: LocalRuntime, requests: list[Generation], report: Report
) -> list[Completion]:
    """The first ones one at a time, as a call is, for their latency; the rest in batches."""
    report({"event": "judging", "what": "judging", "items": len(requests)})
    singly = []
    for request in requests[:TIMED]:
        singly.append(runtime.generate(request))
        report({"event": "judged", "items": 1})
    done = 0

    def progressed(so_far: int, _: int) -> None:
        nonlocal done
        report({"event": "judged", "items": so_far - done})
        done = so_far

    return singly + runtime.generate_batch(requests[TIMED:], progress=progressed)


def held_out(app: Valence, boundary: Boundary[Any, Any], split: Split) -> list[Example]:
    """The examples of a split to judge on, those that say all that the boundary asks now."""
    every = app.stores.examples.of(boundary.name, split)
    now = ((example, boundary.as_now(example.output)) for example in every)
    return [replace(example, output=output) for example, output in now if output is not None]


def item_of(
    boundary: Boundary[Any, Any],
    example: Example,
    output: Any | None,
    features: dict[str, float] | None,
    latency_ms: float | None,
) -> Item:
    """The verdict on one output (None: it could not be read) beside the example's."""
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
            latency_ms=item.latency_ms,
        )
        for example, item in zip(examples, ordered, strict=True)
    ]
    return Judged(evaluate(boundary, variant, trials), ordered)
