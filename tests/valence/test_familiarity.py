"""What an adapter has seen in training: what is kept of it, and what cannot be read there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from store.adapters import Adapter
from store.examples import Example
from tests.valence.conftest import ScriptedLocal
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.triples import Triple
from valence.errors import AdapterError
from valence.familiarity import Familiar, familiar_with
from valence.unit import load_unit

decompose, recompose = get("decompose"), get("recompose")


def example(*relations: str, boundary: str = "decompose") -> Example:
    rows = [["Ada", relation, "London"] for relation in relations]
    sides = ["Ada and London.", json.dumps({"triples": rows})]
    if boundary == "recompose":
        sides = [sides[1], '{"text": "Ada and London."}']
    return Example(
        boundary=boundary,
        input=sides[0],
        output=sides[1],
        origin="upload",
        rank=3,
        split="train",
        group_key=relations[0],
        fold_key=relations[0],
    )


def ada(relation: str, object: str = "London") -> Triple:
    return ("Ada", relation, object)


def test_a_fact_is_known_or_has_a_rival_where_examples_say_it_otherwise() -> None:
    familiar = Familiar.of(decompose, [example("leader"), example("mayor", "crew")])
    for facts, known, rivalled in (
        ([ada("LEADER", "london")], 1.0, 1.0),  # "mayor" and "crew" are said of the two as well
        ([ada("home")], 0.0, 1.0),
        ([ada("leader", "Paris")], 0.0, 0.0),
        ([ada("leader"), ada("leader", "Paris")], 0.5, 0.5),
        ([], 0.0, 0.0),
    ):
        features = familiar.features(facts)
        assert (features["fact_known"], features["fact_rivalled"]) == (known, rivalled)


def test_a_known_fact_that_is_never_said_otherwise_has_no_rival() -> None:
    features = Familiar.of(decompose, [example("leader"), example("leader")])
    found = features.features([ada("leader")])
    assert (found["fact_known"], found["fact_rivalled"]) == (1.0, 0.0)


def test_where_text_is_written_the_input_has_the_facts() -> None:
    familiar = Familiar.of(recompose, [example("birth_place", boundary="recompose")])
    assert familiar.features([ada("birth place")]) == {"fact_known": 1.0, "fact_rivalled": 0.0}


def test_it_is_read_back_and_shows_no_word(tmp_path: Path) -> None:
    familiar = Familiar.of(decompose, [example("secretCrush", "leader")])
    familiar.save(tmp_path)
    assert Familiar.load(tmp_path, familiar.sha256) == familiar
    [kept] = tmp_path.iterdir()
    text = kept.read_text("utf-8").lower()
    assert not any(word in text for word in ("secret", "ada", "london"))


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "{}", '{"pairs": {}}', '{"other": {}}', "[" * 100_000]
)
def test_what_is_not_as_it_was_saved_is_refused(tmp_path: Path, text: str) -> None:
    familiar = Familiar.of(decompose, [example("leader")])
    with pytest.raises(AdapterError):
        Familiar.load(tmp_path, familiar.sha256)
    familiar.save(tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_text(text, "utf-8")
    with pytest.raises(AdapterError):
        Familiar.load(tmp_path, familiar.sha256)


def test_examples_that_are_gone_are_left_out(open_app: Callable[..., Valence]) -> None:
    app = open_app()
    kept = example("leader")
    app.stores.examples.add(kept)
    familiar = familiar_with(app, decompose, [kept.id, "01890000-gone"])
    assert familiar == Familiar.of(decompose, [kept])


def test_a_unit_knows_what_it_was_trained_on_or_its_gate_is_closed(
    open_app: Callable[..., Valence], give_adapter: Callable[..., Adapter]
) -> None:
    app = open_app(ScriptedLocal(()))
    adapter = give_adapter(app)
    assert adapter.calibration is not None
    familiar = Familiar.of(decompose, [example("leader")])
    familiar.save(app.locations.adapters / adapter.folder)
    for kept, found, state in (
        (familiar.sha256, familiar, "open"),
        ("another", None, "closed"),
    ):
        changed = replace(adapter, calibration={**adapter.calibration, "familiar": kept})
        unit = load_unit(changed, app.locations.adapters)
        assert (unit.familiar, unit.gate.state) == (found, state)
