"""In the chat a frontier's words are seen while it writes them, and go where they do not stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drafting import TOLD, drafting
from tests.loopback import Fault, LoopbackFrontier
from tests.tui.playing import Stage, opened, play
from tui.screens.chat import ChatPage
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence

QUESTION = "Where was Ada Lovelace born?"
DRAFT = "As far as I can see from here she must have been born somewhere in **London**."
SAID = "It is told that Ada Lovelace was born in the city of **London**, and nowhere else."


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackFrontier]:
    with LoopbackFrontier(drafting(DRAFT, SAID)) as running:
        named = {"PROVIDER": "anthropic", "MODEL": "test", "BASE_URL": running.base_url}
        for name, value in named.items():
            monkeypatch.setenv(f"VALENCE_FRONTIER__{name}", value)
        yield running


@pytest.fixture
def told(server: LoopbackFrontier) -> Iterator[Valence]:
    """A home that has been told one thing."""
    with Valence.open() as valence:
        valence.assistant.ask(TOLD)
        yield valence


def look(valence: Valence, scene: Callable[[Stage], Any]) -> None:
    async def act() -> None:
        async with opened(valence) as stage:
            await scene(stage)

    play(act)


async def ask(stage: Stage) -> None:
    stage.app.query_one(Prompt).write(QUESTION)
    await stage.pilot.press("enter")


def test_words_are_seen_as_they_are_written_and_those_of_a_broken_try_go(
    told: Valence, server: LoopbackFrontier
) -> None:
    server.faults.append(Fault(breaks=True))
    go_on = [threading.Event(), threading.Event()]
    begun = iter(go_on)
    server.pace = lambda sent: next(begun).wait(20) if sent == 10 else None

    async def scene(stage: Stage) -> None:
        await ask(stage)
        await stage.shows("As far as I can see")
        go_on[0].set()
        await stage.shows("It is told that")
        assert "As far as" not in stage.text
        go_on[1].set()
        await stage.shows("nowhere else. [1]", "frontier")
        view = stage.app.query(TurnView).last()
        assert view.answer == f"{SAID} [1]"

    look(told, scene)


def test_escape_stops_a_frontier_that_is_writing(told: Valence, server: LoopbackFrontier) -> None:
    server.pace = lambda sent: time.sleep(0.05)

    async def scene(stage: Stage) -> None:
        await ask(stage)
        await stage.shows("As far")
        await stage.pilot.press("escape")
        await stage.until(lambda: not stage.app.query_one(ChatPage).busy)
        assert stage.app.query_one(Prompt).text == QUESTION
        await stage.until(lambda: "As far" not in stage.written)

    look(told, scene)
    assert server.left.wait(20)
    [call] = told.stores.ledger.list("recompose")
    assert (call.reason, call.output) == ("stopped", None)
    [conversation, _] = told.memory.conversations.list(10)
    assert told.memory.conversations.turns(conversation.id) == []


def test_the_frontier_is_seen_writing_when_it_is_asked_instead(
    told: Valence, server: LoopbackFrontier
) -> None:
    go_on = threading.Event()

    async def scene(stage: Stage) -> None:
        await ask(stage)
        await stage.shows("somewhere in", "frontier")
        server.pace = lambda sent: go_on.wait(20) if sent == 10 else None
        await stage.press("escape", "f")
        await stage.shows("It is told that")
        assert "As far as" not in stage.text
        go_on.set()
        await stage.shows("nowhere else. [1]", "asked for")

    look(told, scene)


def test_escape_while_a_turn_is_taken_again_shows_its_answer_again(
    told: Valence, server: LoopbackFrontier
) -> None:
    async def scene(stage: Stage) -> None:
        await ask(stage)
        await stage.shows("somewhere in", "frontier")
        server.pace = lambda sent: time.sleep(0.05)
        await stage.press("escape", "r")
        await stage.shows("It is told")
        await stage.pilot.press("escape")
        await stage.shows("somewhere in", "frontier")
        await stage.until(lambda: not stage.app.query_one(ChatPage).busy)
        assert "It is told" not in stage.written

    look(told, scene)
    [conversation, _] = told.memory.conversations.list(10)
    [turn] = told.memory.conversations.turns(conversation.id)
    assert turn.answer is not None
    assert "somewhere in" in turn.answer["answer"]


def test_escape_stops_the_frontier_that_is_asked_instead(
    told: Valence, server: LoopbackFrontier
) -> None:
    async def scene(stage: Stage) -> None:
        await ask(stage)
        await stage.shows("somewhere in", "frontier")
        server.pace = lambda sent: time.sleep(0.05)
        await stage.press("escape", "f")
        await stage.shows("It is told")
        await stage.pilot.press("escape")
        await stage.shows("somewhere in", "frontier")
        assert "asked for" not in stage.text

    look(told, scene)
    assert server.left.wait(20)
    assert told.stores.ledger.list("recompose")[0].reason == "stopped"
