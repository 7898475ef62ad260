"""Which relations an adapter has seen: what is kept of them, and what cannot be read there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from store.adapters import Adapter
from store.examples import Example
from tests.valence.conftest import ScriptedLocal
from valence.app import Valence
from valence.boundaries import get
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


def test_the_share_of_relations_that_were_in_the_examples() -> None:
    familiar = Familiar.of(decompose, [example("birthPlace", "leader"), example("leader")])
    assert len(familiar.relations) == 2
    assert familiar.share(("birthPlace", "leader")) == 1.0
    assert familiar.share(("BIRTHPLACE", "crew", "crew", "leader")) == 0.5
    assert familiar.share(()) == 0.0
    assert Familiar.of(decompose, []).share(("leader",)) == 0.0


def test_where_text_is_written_the_input_has_the_relations() -> None:
    familiar = Familiar.of(recompose, [example("birth_place", boundary="recompose")])
    assert familiar.share(("birth place",)) == 1.0


def test_it_reads_back_from_json_and_shows_no_word() -> None:
    familiar = Familiar.of(decompose, [example("secretCrush", "leader")])
    text = json.dumps(familiar.to_json())
    assert Familiar.from_json(json.loads(text)) == familiar
    assert "secret" not in text.lower()
    assert all(len(kept) == 16 for kept in familiar.relations)


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"relations": None}, {"relations": "ab"}, {"relations": ["leader"]},
     {"relations": [7]}, {"relations": ["A" * 16]}, {"relations": ["a" * 17]}],
)  # fmt: skip
def test_what_it_did_not_write_is_refused(data: object) -> None:
    with pytest.raises(AdapterError):
        Familiar.from_json(data)


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
    for kept, found, state in (
        (familiar.to_json(), familiar, "open"),
        ({"relations": ["leader"]}, None, "closed"),
    ):
        changed = replace(adapter, calibration={**adapter.calibration, "familiar": kept})
        unit = load_unit(changed, app.locations.adapters)
        assert (unit.familiar, unit.gate.state) == (found, state)
