"""An adapter is served with the scorer and the gate that were fitted for it, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.fusion import Linear, Platt
from models.scorer import Scorer
from store.adapters import Adapter
from valence.config import GateSettings
from valence.gate import Gate
from valence.unit import Unit, load_unit, serving

LINE = Linear((0.0,), (1.0,), (2.0,), 0.0)
SCORER = Scorer(("sure",), LINE, Platt(1.0, 0.0), weights_sha256="ours")
OPEN = Gate("open", 0.8, 0.05, 0.9, 0.7, {"labels": 100}, "Open.")


def unit(**parts: Any) -> Unit:
    """The unit of an adapter whose row has these parts, read as from the database."""
    adapter = Adapter(
        boundary="decompose",
        base_model="tiny",
        base_revision="r1",
        prompt_version="1",
        folder="here",
        weights_sha256="ours",
        calibration=json.loads(json.dumps(parts)) or None,
    )
    return load_unit(adapter, Path("adapters"))


def test_the_scorer_and_gate_of_its_own_are_served() -> None:
    made = unit(scorer=SCORER.to_json(), gate=OPEN.to_json())
    assert (made.scorer, made.gate) == (SCORER, OPEN)
    assert made.folder == Path("adapters/here")


def other(**changes: object) -> dict[str, Any]:
    return SCORER.to_json() | changes


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"scorer": other(weights_sha256="theirs")}, "fitted for another adapter"),
        ({"scorer": other(weights_sha256="")}, "fitted for another adapter"),
        ({"scorer": other(link={"kind": "platt"})}, "cannot be read"),
        ({"scorer": [1]}, "cannot be read"),
        ({"calibrator": {"features": ["sure"]}}, "an earlier version"),
        ({"scorer": other(features=["first_logprob"])}, "an earlier version"),
        ({"scorer": other(features=["builtin_agreement"])}, "an earlier version"),
    ],
)
@pytest.mark.parametrize("state", ["open", "suspended", "closed"])
def test_what_is_scored_by_no_scorer_of_its_own_is_never_served(
    parts: dict[str, Any], told: str, state: str
) -> None:
    made = unit(gate=OPEN.to_json() | {"state": state}, **parts)
    assert made.scorer is None
    assert (made.gate.state, made.gate.threshold) == ("closed", None)
    assert not made.gate.accepts(1.0)
    assert told in made.gate.sentence
    assert "train it anew" in made.gate.sentence
    assert (made.gate.max_error, made.gate.confidence_level) == (0.05, 0.9)


@pytest.mark.parametrize("parts", [{}, {"scorer": SCORER.to_json()}])
def test_without_a_gate_it_is_closed(parts: dict[str, Any]) -> None:
    made = unit(**parts)
    assert made.gate == Gate.never_fitted()
    assert made.familiar is None


IN_PARTS = {"scorer": SCORER.to_json(), "gate": replace(OPEN, threshold=0.6).to_json()}


def test_parts_are_served_only_where_a_person_asked_for_it() -> None:
    made = unit(scorer=SCORER.to_json(), gate=OPEN.to_json(), partial=IN_PARTS)
    whole = serving(made, GateSettings(confidence_level=0.9))
    parts = serving(made, GateSettings(confidence_level=0.9, partial=True))
    assert (whole.parts_scorer, whole.gate) == (None, OPEN)
    assert (parts.parts_scorer, parts.gate.threshold) == (SCORER, 0.6)


@pytest.mark.parametrize(
    "partial",
    [
        {"scorer": other(weights_sha256="theirs"), "gate": OPEN.to_json()},
        {"scorer": SCORER.to_json(), "gate": OPEN.to_json() | {"state": "closed"}},
        None,
    ],
)
def test_without_proof_for_parts_whole_answers_are_served(partial: dict[str, Any] | None) -> None:
    made = unit(scorer=SCORER.to_json(), gate=OPEN.to_json(), partial=partial)
    found = serving(made, GateSettings(confidence_level=0.9, partial=True))
    assert (found.parts_scorer, found.gate) == (None, OPEN)


def test_a_gate_of_a_weaker_promise_is_closed_for_parts_too() -> None:
    made = unit(scorer=SCORER.to_json(), gate=OPEN.to_json(), partial=IN_PARTS)
    assert serving(made, GateSettings(max_error=0.01, partial=True)).gate.state == "closed"
