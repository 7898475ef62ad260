"""One call's story, and what a person says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from store.adapters import Adapter
from store.calls import Attempt, Call
from store.errors import UnknownCall
from valence.app import Valence
from valence.boundaries import get
from valence.errors import InvalidOutput
from valence.feedback import correct, rate
from valence.story import story_of

Give = Callable[..., Adapter]

TEXT = "Ada Lovelace was born in London in 1815."
GOLD = json.dumps({"triples": [["Ada Lovelace", "birthPlace", "London"]]})
BETTER = json.dumps({"triples": [["Ada Lovelace", "birthDate", "1815"]]})


@pytest.fixture
def app(open_app: Callable[..., Valence]) -> Valence:
    return open_app()


@pytest.fixture
def call(app: Valence) -> Call:
    """A call that the frontier answered and that became an example."""
    attempts = (
        Attempt(role="answer", route="local", decision="rejected", features={"mean": -0.5}),
        Attempt(role="answer", route="frontier", decision="accepted", output=GOLD),
    )
    made = Call(boundary="decompose", input=TEXT, output=GOLD, route="frontier", attempts=attempts)
    app.stores.ledger.record(made)
    app.curate(get("decompose"))
    return made


def test_a_call_is_told_with_what_became_of_it(
    app: Valence, call: Call, give_adapter: Give
) -> None:
    (example,) = app.stores.examples.of_call(call.id)
    adapter = give_adapter(app, examples=[example.id])
    give_adapter(app, boundary="recompose")
    found = story_of(app.stores, call.id[:-4])
    assert [a.route for a in found.call.attempts] == ["local", "frontier"]
    assert found.verdict is not None
    assert (found.verdict.verdict, found.verdict.example_id) == ("kept", example.id)
    assert found.examples == (example,)
    assert [a.id for a in found.adapters] == [adapter.id]


def test_a_correction_is_an_example_at_once(app: Valence, call: Call) -> None:
    correct(app, call.id, BETTER)
    rate(app, call.id, good=False, note="no place")
    found = story_of(app.stores, call.id)
    assert [(f.kind, f.rating) for f in found.feedback] == [("correction", None), ("rating", -1)]
    first, second = found.examples
    assert (first.replaced_by, second.origin, second.output) == (second.id, "correction", BETTER)


@pytest.mark.parametrize("output", ["", "{", '{"text": "Ada"}', "[1]"])
def test_what_is_no_answer_is_no_correction(app: Valence, call: Call, output: str) -> None:
    with pytest.raises(InvalidOutput):
        correct(app, call.id, output)
    assert story_of(app.stores, call.id).feedback == ()


def test_a_call_that_nobody_has_looked_at(app: Valence) -> None:
    made: dict[str, Any] = {"input": TEXT, "output": GOLD, "route": "builtin"}
    call = Call(boundary="decompose", **made)
    app.stores.ledger.record(call)
    found = story_of(app.stores, call.id)
    assert (found.verdict, found.examples, found.adapters) == (None, (), ())
    with pytest.raises(UnknownCall):
        story_of(app.stores, "none")
