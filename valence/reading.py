"""What the local model is asked for one input, and what its completion says.

The way from a boundary's input to a request, and from a completion to an output with the features
that it is scored by. Knows nothing of scorers and gates, nor of who asks and why.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from valence.errors import BoundaryError
from valence.familiarity import Familiar

if TYPE_CHECKING:
    from models.generation import Completion, Generation
    from models.runtime import LocalRuntime
    from valence.boundaries.base import Boundary
    from valence.boundaries.triples import Triple
    from valence.unit import Unit


def generation(
    boundary: Boundary[Any, Any], value: Any, runtime: LocalRuntime, unit: Unit | None
) -> Generation:
    """What the runtime is asked for one input."""
    from models.generation import AdapterRef, Generation

    return Generation(
        system=_system(boundary, unit),
        user=boundary.local_user(value, runtime.markers),
        stop=boundary.stop,
        max_tokens=boundary.max_tokens(value),
        adapter=AdapterRef(unit.adapter.id, unit.folder) if unit else None,
        separator=boundary.separator(runtime.markers),
    )


def _system(boundary: Boundary[Any, Any], unit: Unit | None) -> str:
    """The instruction; an adapter is asked as it was when it was certified."""
    if unit is not None and not unit.guided:
        return boundary.system
    return boundary.with_guidance(boundary.system)


def request_text(asked: Generation) -> str:
    """What the ledger keeps of a request to the local model; the template is the model's own."""
    kept = {"system": asked.system, "user": asked.user, "max_tokens": asked.max_tokens}
    return json.dumps(kept, ensure_ascii=False)


def read_completion(
    boundary: Boundary[Any, Any],
    value: Any,
    runtime: LocalRuntime,
    completion: Completion,
    familiar: Familiar | None = None,
) -> tuple[Any | None, dict[str, float], str]:
    """(output or None, all score features, "" or why it is vetoed).

    Features of an output have the same names always; without `familiar` nothing is known.
    """
    if completion.finished == "length":
        return None, completion.features, "veto: not finished within its token limit"
    try:
        output = boundary.read(completion.text, runtime.markers)
    except BoundaryError as error:
        return None, completion.features, f"veto: {error}"
    features = {
        **completion.features,
        **boundary.features(value, output),
        **_known(familiar, boundary.facts(value, output)),
    }
    veto = boundary.vetoes(value, output)
    return output, features, f"veto: {veto}" if veto else ""


def read_parts(
    boundary: Boundary[Any, Any],
    value: Any,
    output: Any,
    runtime: LocalRuntime,
    completion: Completion,
    familiar: Familiar | None = None,
) -> tuple[dict[str, float], ...]:
    """Score features of each part of an output that was read, in order and under the names that
    the whole has; empty where not each part of the output has its own."""
    structural = boundary.parts(value, output, completion.text, runtime.markers)
    facts = boundary.facts(value, output)
    if not len(structural) == len(completion.parts) == len(facts):
        return ()
    return tuple(
        {**tokens, **own, **_known(familiar, (fact,))}
        for tokens, own, fact in zip(completion.parts, structural, facts, strict=True)
    )


def _known(familiar: Familiar | None, facts: tuple[Triple, ...]) -> dict[str, float]:
    return (familiar or Familiar()).features(facts)
