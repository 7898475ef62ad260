"""A turn is routed by the classifier `intent` where that is certified, and teaches it elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import LoopbackFrontier
from tests.meaning import WordMeaning
from valence.app import Valence
from valence.boundaries.editing import rename
from valence.training import train_boundary
from valence.transfer import import_examples

Open = Callable[..., Valence]
THINGS = [
    *("dentist", "bicycle", "boat", "cellar", "garden", "piano", "kettle", "neighbour", "passport"),
    *("camera", "tent", "violin", "sofa", "ladder", "printer", "uncle", "scooter", "kitten"),
    *("balcony", "lamp"),
]
ASKED = (
    *("the name of my {} again", "and my {}, where it is", "the age of the {} once more"),
    *("the colour of that {} again", "the place of the {} once more"),
)
TOLD = (
    *("my {} is new since May", "I lost the {} last week", "the {} belongs to Nina"),
    *("the {} was repaired on Monday", "Nina likes my {} very much"),
)
WANTED = "the name of my dentist again"


@pytest.fixture
def open_(home: Path, open_app: Open) -> Open:
    """A home whose `intent` says the action alone, over an embedding model by hand: loading a
    real one takes longer than all that is tested here."""
    (home / "boundaries").mkdir(parents=True)
    (home / "boundaries" / "intent.toml").write_text('heads = ["action"]\n', "utf-8")

    def opened(**settings: Any) -> Valence:
        app = open_app(**settings)
        model = WordMeaning()
        model.is_loaded = True
        app.embedder = model  # type: ignore[assignment]
        return app

    return opened


def learnt(app: Valence) -> None:
    lines = [
        json.dumps({"text": form.format(thing), "labels": {"action": action}})
        for forms, action in ((ASKED, "ask"), (TOLD, "tell"))
        for form in forms
        for thing in THINGS
    ]
    import_examples(app.stores.examples, app.boundaries.get("intent"), lines, "upload")
    result = train_boundary(app, "intent", lambda event: None)
    assert result.state == "active", result.reason


def test_a_certified_intent_makes_a_question_of_what_rules_take_for_told(open_: Open) -> None:
    app = open_(gate={"max_error": 0.5})  # five sure answers open it, however they are drawn
    before = app.assistant.ask(WANTED)
    assert before.reason == "remembered"
    learnt(app)
    unit = app.unit("intent")
    assert unit is not None
    assert unit.gate.state == "open", unit.gate.sentence
    after = app.assistant.ask(WANTED)
    assert (after.reason, after.remembered) == ("quoted", ())  # as it said so before
    assert "intent" in {answer.boundary.name for answer in app.assistant.to_learn()}
    rename(app.boundaries, "intent", "action", "ask", "question")  # it means what it did
    assert app.assistant.ask(WANTED).reason == "quoted"


def test_until_then_the_teacher_is_asked_when_nobody_waits(open_: Open) -> None:
    def teach(user: str, body: dict[str, Any]) -> dict[str, Any]:
        about_intent = "classify" in json.dumps(body["messages"][0])
        return {"labels": {"action": "ask"}} if about_intent else {"triples": []}

    with LoopbackFrontier(teach) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        app = open_(frontier=frontier)
        app.assistant.ask(WANTED)
        asked = [request for request in server.requests if request.user == WANTED]
        answers = app.assistant.to_learn()
    assert len(asked) == 1  # what it tells, and not yet what it wants
    [late] = [answer for answer in answers if answer.boundary.name == "intent"]
    assert (late.call.route, late.output) == ("frontier", (("action", "ask"),))


def test_without_a_teacher_nothing_is_asked_late(open_: Open) -> None:
    app = open_()
    app.assistant.ask(WANTED)
    assert not [a for a in app.assistant.to_learn() if a.boundary.name == "intent"]
    assert app.stores.ledger.list("intent") == []
