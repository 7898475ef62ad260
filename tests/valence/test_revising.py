"""What a person makes of an answer afterwards, through the assistant and the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.conversations import Turn
from tests.loopback import LoopbackFrontier
from valence.app import Valence
from valence.conversation import revising
from valence.conversation.provenance import provenance
from valence.conversation.revising import Stopped
from valence.errors import CallError, InvalidOutput


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
    with Valence.open() as opened:
        yield opened


def say(app: Valence, text: str, conversation: str | None = None) -> Turn:
    reply = app.assistant.ask(text, conversation)
    return app.memory.conversations.turn(reply.turn.id)


def believed(app: Valence) -> list[tuple[str, ...]]:
    return [fact.triple for fact in app.memory.graph.facts()]


def test_a_corrected_reading_is_kept_believed_and_learnt_from(app: Valence) -> None:
    turn = say(app, "My sister Anna works for Siemens in Munich.")
    assert revising.draft(app, turn).facts
    corrected = revising.correct(app, turn, "Anna | worksFor | Siemens\n\nAnna | city | Munich\n")
    assert set(believed(app)) == {("Anna", "worksFor", "Siemens"), ("Anna", "city", "Munich")}
    assert corrected.answer is not None
    assert corrected.answer["remembered"][0]["facts"] == [
        ["Anna", "worksFor", "Siemens"],
        ["Anna", "city", "Munich"],
    ]
    assert provenance(app, corrected).corrected
    [kept] = app.stores.database.read("SELECT origin, output FROM examples")
    assert kept["origin"] == "correction"
    assert json.loads(kept["output"])["triples"][1] == ["Anna", "city", "Munich"]


def test_a_line_that_is_no_fact_changes_nothing(app: Valence) -> None:
    turn = say(app, "Tom is a baker.")
    with pytest.raises(InvalidOutput, match="'Tom, baker' is no fact"):
        revising.correct(app, turn, "Tom, baker")
    assert believed(app) == [("Tom", "isA", "baker")]
    assert not provenance(app, turn).corrected


def test_a_corrected_answer_keeps_its_source(app: Valence) -> None:
    told = say(app, "Tom is a baker.")
    asked = say(app, "What is Tom?", told.conversation_id)
    assert not revising.draft(app, asked).facts
    corrected = revising.correct(app, asked, "Tom is a baker by trade.")
    assert corrected.answer is not None
    assert corrected.answer["answer"] == "Tom is a baker by trade. [1]"
    assert [call.boundary for call in app.stores.ledger.list()] == ["recompose", "decompose"]


def test_what_no_model_answered_is_not_corrected(app: Valence) -> None:
    with pytest.raises(CallError, match="no model gave this answer"):
        revising.draft(app, say(app, "Where does Nobody live?"))


def test_a_rating_is_kept(app: Valence) -> None:
    turn = say(app, "Tom is a baker.")
    revising.rate(app, turn, good=False)
    assert provenance(app, turn).rating == -1


def test_the_frontier_can_be_asked_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"triples": [["Tom", "profession", "baker"]]}
    with LoopbackFrontier(lambda user, body: answer) as server:
        monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
        with Valence.open() as app:
            turn = say(app, "Tom is a baker.")
            with pytest.raises(CallError, match="no frontier"):
                revising.ask_frontier(app, turn)
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        with Valence.open() as app:
            again, made = revising.ask_frontier(app, app.memory.conversations.turn(turn.id))
            story = provenance(app, again)
            assert believed(app) == [("Tom", "profession", "baker")]
    assert (story.route, story.reason, story.call_id) == ("frontier", "asked for", made.call.id)


def test_a_stopped_turn_leaves_nothing_behind(app: Valence) -> None:
    def listen(name: str, state: dict[str, Any]) -> None:
        if name == "remembered":
            raise Stopped

    with pytest.raises(Stopped):
        revising.ask(app, "Tom is a baker.", None, listen)
    assert believed(app) == []
    assert app.memory.conversations.unanswered() == []
    [conversation] = app.memory.conversations.list(10)
    assert app.memory.conversations.turns(conversation.id) == []


def test_a_branch_has_what_stood_before_and_the_old_one_stays(app: Valence) -> None:
    first = say(app, "Tom is a baker.")
    second = say(app, "What is Tom?", first.conversation_id)
    conversations = app.memory.conversations
    branched = conversations.branch(second)
    say(app, "Anna is a sailor.", branched.id)
    assert [turn.question for turn in conversations.turns(branched.id)] == [
        "Tom is a baker.",
        "Anna is a sailor.",
    ]
    assert len(conversations.turns(first.conversation_id)) == 2
    copied = conversations.turns(branched.id)[0]
    revising.correct(app, copied, "Tom | profession | baker")
    assert ("Tom", "profession", "baker") in believed(app)
