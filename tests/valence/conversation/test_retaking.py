"""A turn taken again: until the new answer stands, the earlier one can have all of its own back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from tests.commands import Home, kill_group, wait_until
from tests.loopback import Fault, LoopbackFrontier
from valence.app import Valence
from valence.conversation import revising
from valence.conversation.revising import Stopped
from valence.conversation.working import STEPS

TEXT = "Tom is a baker. What is Tom?"
KEPT = {
    "turns": "SELECT id, parent_id, position, question, answer, state FROM turns",
    "steps": "SELECT * FROM steps",
    "facts": "SELECT * FROM facts",
    "witnesses": "SELECT * FROM witnesses",
    "sources": "SELECT * FROM sources WHERE reason <> 'forgotten'",
    "chunks": "SELECT * FROM chunks",
    "entities": "SELECT * FROM entities",
    "examples": "SELECT * FROM examples",
}

Stop = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valence]:
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
    with Valence.open() as opened:
        yield opened


def all_of(db: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of what a turn leaves behind, but for the turns that count no longer."""
    rows = {name: [dict(row) for row in db.read(sql)] for name, sql in KEPT.items()}
    gone = {row["id"] for row in rows["turns"] if row["state"] == "undone"}
    rows["turns"] = [row for row in rows["turns"] if row["id"] not in gone]
    rows["steps"] = [row for row in rows["steps"] if row["turn_id"] not in gone]
    return rows


def stopping_at(step: str) -> Stop:
    def listen(name: str, state: dict[str, Any]) -> None:
        if name == step:
            raise Stopped

    return listen


@pytest.mark.parametrize("step", [*STEPS, "said"])
def test_a_stopped_retake_leaves_all_as_it_was(app: Valence, step: str) -> None:
    app.assistant.ask("Tom is a baker.")
    talk = app.assistant.ask(TEXT).turn.conversation_id
    app.assistant.ask("Tom lives in Rome.")
    before = all_of(app.stores.database)
    with pytest.raises(Stopped):
        revising.retake(app, talk, stopping_at(step))
    assert all_of(app.stores.database) == before
    found = app.memory.search("What is Tom?").items
    assert ("Tom", "isA", "baker") in [item.triple for item in found]


def test_a_retake_that_is_not_stopped_leaves_the_new_turn_alone(app: Valence) -> None:
    first = app.assistant.ask(TEXT)
    again = revising.retake(app, first.turn.conversation_id, lambda name, state: None)
    assert again.answer == first.answer
    assert [citation.source and citation.source.id for citation in again.citations] == [
        again.turn.id
    ]
    [fact] = app.memory.graph.facts(include_superseded=True)
    assert fact.source_id == again.turn.id
    assert [chunk.source_id for chunk, _ in app.memory.episodes.search("baker")] == [again.turn.id]


def test_while_it_is_taken_again_nothing_rests_on_the_earlier_turn(app: Valence) -> None:
    first = app.assistant.ask(TEXT)
    seen: list[tuple[int, int]] = []

    def listen(name: str, state: dict[str, Any]) -> None:
        if name == "understood":
            chunks = app.memory.episodes.search("baker")
            seen.append((len(app.memory.graph.facts()), len(chunks)))

    revising.retake(app, first.turn.conversation_id, listen)
    assert seen == [(0, 0)]


def test_what_others_told_too_is_theirs_when_the_turn_is_stopped(app: Valence) -> None:
    talk = app.assistant.ask("Tom is a baker.").turn.conversation_id
    app.memory.remember("Tom is a baker.")
    [before] = app.memory.graph.facts()
    with pytest.raises(Stopped):
        revising.retake(app, talk, stopping_at("remembered"))
    [after] = app.memory.graph.facts()
    assert after == before
    assert len(app.memory.graph.witnesses(after.id)) > 1


def test_a_retake_of_a_retake_that_was_cut_short_ends_with_one_turn(app: Valence) -> None:
    def die(name: str, state: dict[str, Any]) -> None:
        if name == "remembered":
            raise SystemError("as a crash would")

    talk = app.assistant.ask(TEXT).turn.conversation_id
    with pytest.raises(SystemError):
        revising.retake(app, talk, die)
    reply = revising.retake(app, talk, lambda name, state: None)
    assert [turn.id for turn in app.memory.conversations.turns(talk)] == [reply.turn.id]
    assert app.memory.conversations.unanswered() == []
    [fact] = app.memory.graph.facts(include_superseded=True)
    assert fact.source_id == reply.turn.id


def test_other_conversations_are_none_of_a_stopped_retake(app: Valence) -> None:
    def die(name: str, state: dict[str, Any]) -> None:
        raise SystemError("as a crash would")

    talk = app.assistant.ask(TEXT).turn.conversation_id
    with pytest.raises(SystemError):
        app.assistant.ask("Anna is a sailor.", listen=die)
    with pytest.raises(Stopped):
        revising.retake(app, talk, stopping_at("remembered"))
    assert [turn.question for turn in app.memory.conversations.unanswered()] == [
        "Anna is a sailor."
    ]


def test_a_retake_whose_process_was_killed_or_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "home"
    home = Home.make(path, LOCAL__ENABLED=False)
    home.run("ask", TEXT)
    before = home.rows("SELECT id, question, answer, state FROM turns")
    facts = home.rows("SELECT id, superseded_at FROM facts")
    with LoopbackFrontier(lambda user, body: {}, [Fault(hang=True)] * 9) as server:
        waiting = Home.make(
            path,
            LOCAL__ENABLED=False,
            FRONTIER__PROVIDER="openai",
            FRONTIER__MODEL="gpt-4o-mini",
            FRONTIER__BASE_URL=server.base_url,
        )
        interrupted = waiting.start("ask", "--from", "received")
        wait_until(lambda: server.requests, "the frontier was asked")
        interrupted.send_signal(signal.SIGINT)
        interrupted.communicate(timeout=60)
        assert home.rows("SELECT id, superseded_at FROM facts") == facts
        [call] = home.rows("SELECT route, output FROM calls WHERE reason = 'stopped'")
        assert call == {"route": "frontier", "output": None}
        standing = "SELECT id, question, answer, state FROM turns WHERE state <> 'undone'"
        assert home.rows(standing) == before
        asked = len(server.requests)
        killed = waiting.start("ask", "--from", "received")
        wait_until(lambda: len(server.requests) > asked, "the frontier was asked again")
        kill_group(killed)
    assert home.run("ask", "Hello there.").code == 0
    assert [row["state"] for row in home.rows(f"{standing} AND question = '{TEXT}'")] == [
        "answered"
    ]
    assert len(home.rows("SELECT id FROM facts WHERE superseded_at IS NULL")) == 1
    assert len(home.rows("SELECT id FROM facts")) == 1
