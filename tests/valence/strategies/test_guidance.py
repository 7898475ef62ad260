"""A proposed approach on its way to a model: shown or held back, logged, and what it changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.logistic import Logistic
from store.adapters import Adapter
from store.leases import Leases
from store.trajectories import Trajectory
from tests.loopback import LoopbackFrontier
from tests.valence.conftest import Run, ScriptedLocal
from tests.valence.test_reading import Runtime
from valence.app import Valence
from valence.boundaries import get
from valence.conversation.reply import Reply
from valence.exclusive import STRATEGIES_LEASE
from valence.learning import learn_strategies_if_due, learn_turn
from valence.reading import generation
from valence.strategies.guidance import OWN, StrategyGuidance, effect, held_back
from valence.strategies.kinds import Kind, Kinds
from valence.strategies.outcome import prior_model
from valence.strategies.strategies import Strategies, Strategy
from valence.strategies.training import adopt
from valence.strategies.turns import gather

TELL = "Ada Lovelace was born in London in 1815."
ASK = "What is the birthPlace of Ada Lovelace?"
ADVICE = "look up, then answer (14 of 18 times)"
SHOWN, HELD_BACK = {"holdout": 0.0}, {"holdout": 1.0}

Open = Callable[..., Valence]


def learned(probability: float = 0.8) -> Strategies:
    """Strategies for one kind of problem, told by its words."""
    kind = Kind("birthplace", {"birthplace": 1.0}, problems=20)
    strategy = Strategy(kind.name, "look up, then answer", probability, 0.6, 0.9, 18, 14.0)
    even = Logistic()
    return Strategies(Kinds("words", (kind,)), (strategy,), even, even, prior_model())


@pytest.fixture
def server() -> Iterator[LoopbackFrontier]:
    def answer(user: str, body: dict[str, Any]) -> dict[str, Any]:
        if user.startswith("{"):
            return {"text": "Ada Lovelace has birthPlace London."}
        return {"triples": [["Ada Lovelace", "birthPlace", "London"]]}

    with LoopbackFrontier(answer) as running:
        yield running


@pytest.fixture
def open_guided(open_app: Open, server: LoopbackFrontier) -> Open:
    """Opens an application with a frontier, whose own turns have strategies."""

    def open_(
        *scripted: ScriptedLocal, known: Strategies | None = None, **sections: Any
    ) -> Valence:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        app = open_app(*scripted, frontier=frontier, **sections)
        adopt(app, OWN, (known or learned()).to_json(), "the test")
        return app

    return open_


def ask(app: Valence, *texts: str) -> Reply:
    """The reply to the last of some turns of one conversation, each settled."""
    conversation = None
    for text in texts:
        reply = app.assistant.ask(text, conversation)
        conversation = reply.turn.conversation_id
        learn_turn(app, conversation)
    return reply


def systems(server: LoopbackFrontier) -> list[str]:
    return [str(request.body["messages"][0]["content"]) for request in server.requests]


# -- on its way ------------------------------------------------------------------------------------


def test_the_frontier_is_shown_the_approach_and_the_call_says_so(
    open_guided: Open, server: LoopbackFrontier
) -> None:
    app = open_guided(strategies=SHOWN)
    ask(app, TELL, ASK)
    told, asked = systems(server)
    assert "approach" not in told
    assert asked.startswith(get("recompose").frontier_system)
    assert ADVICE in asked
    [call] = app.stores.ledger.list("recompose")
    assert call.guidance is not None
    assert (call.guidance["shown"], call.guidance["told_by"]) == (True, "words")
    assert call.guidance["approach"] == "look up, then answer"
    [attempt] = app.stores.ledger.get(call.id).attempts
    assert attempt.request is not None
    assert ADVICE in attempt.request
    [decomposed] = app.stores.ledger.list("decompose")
    assert decomposed.guidance is None


def test_what_is_held_back_is_logged_and_not_shown(
    open_guided: Open, server: LoopbackFrontier
) -> None:
    app = open_guided(strategies=HELD_BACK)
    ask(app, TELL, ASK)
    assert systems(server)[1] == get("recompose").frontier_system
    [call] = app.stores.ledger.list("recompose")
    assert call.guidance is not None
    assert call.guidance["shown"] is False
    assert [each.guided for each in app.stores.trajectories.list(OWN)] == [False, None]


@pytest.mark.parametrize("question", [ASK, "Where was Ada Lovelace born?"])
def test_an_approach_no_better_than_usual_or_for_other_problems_is_not_shown(
    open_guided: Open, server: LoopbackFrontier, question: str
) -> None:
    known = learned(probability=0.5 if question == ASK else 0.8)
    app = open_guided(known=known, strategies=SHOWN)
    ask(app, TELL, question)
    assert systems(server)[1] == get("recompose").frontier_system
    assert [call.guidance for call in app.stores.ledger.list()] == [None, None]


def test_an_adapter_is_asked_as_it_was_calibrated(
    open_guided: Open, give_adapter: Callable[..., Adapter], server: LoopbackFrontier
) -> None:
    app = open_guided(ScriptedLocal("Ada Lovelace has birthPlace London."), strategies=SHOWN)
    give_adapter(app, "recompose")
    guided = get("recompose").guided(StrategyGuidance(app, ASK, "e"))
    runtime: Any = Runtime()
    unit: Any = SimpleNamespace(adapter=SimpleNamespace(id="a"), folder="f", guided=False)
    triples = (("Ada Lovelace", "birthPlace", "London"),)
    assert generation(guided, triples, runtime, unit).system == guided.system
    assert app.router.call(guided, triples).call.guidance is None
    assert ADVICE in generation(guided, triples, runtime, None).system
    unit.guided = True
    assert ADVICE in generation(guided, triples, runtime, unit).system
    assert server.requests == []


def test_a_share_is_held_back_and_always_the_same() -> None:
    held = [held_back(f"turn {number}", 0.1) for number in range(5000)]
    assert 0.08 < sum(held) / len(held) < 0.12
    assert held == [held_back(f"turn {number}", 0.1) for number in range(5000)]
    assert not held_back("turn", 0.0)
    assert held_back("turn", 1.0)


# -- gathered in passing ---------------------------------------------------------------------------


def test_turns_become_trajectories_with_what_followed(open_guided: Open) -> None:
    app = open_guided(strategies=SHOWN)
    ask(app, TELL, ASK, ASK, "What is the shoe size of Ada Lovelace?")
    unknown, again, first, told = app.stores.trajectories.list(OWN)
    assert (told.problem, told.feedback) == (TELL, {"went_on": True})
    assert first.feedback == {"retried": True}
    assert again.feedback == {"went_on": True}
    assert unknown.feedback == {"valid": False}
    assert (first.guided, told.guided) == (True, None)
    assert [step.kind for step in first.steps] == ["person", "tool", "message"]
    assert first.steps[-1].arguments["route"] == "frontier"
    assert first.latency_ms is not None
    assert first.cost_usd is not None


def test_a_correction_and_a_rating_are_found_when_strategies_are_learned(
    open_guided: Open, run: Run
) -> None:
    app = open_guided(strategies=SHOWN)
    ask(app, TELL, ASK)
    [answered] = app.stores.ledger.list("recompose")
    [read] = app.stores.ledger.list("decompose")
    app.stores.ledger.rate(answered.id, -1)
    app.stores.ledger.correct(read.id, '{"triples": []}')
    run("strategies", "train")
    asked, told = app.stores.trajectories.list(OWN)
    assert told.feedback == {"corrected": True, "went_on": True}
    assert asked.feedback == {"rating": -1}


@pytest.mark.parametrize("consent", ["corrections", "none"])
def test_without_consent_no_turn_is_gathered(open_guided: Open, consent: str) -> None:
    app = open_guided(privacy={"learn": consent})
    ask(app, TELL, ASK)
    assert app.stores.trajectories.list() == []


def test_a_forgotten_call_takes_the_trajectory_of_its_turn_along(open_guided: Open) -> None:
    app = open_guided()
    ask(app, TELL, ASK)
    [answered] = app.stores.ledger.list("recompose")
    app.stores.ledger.forget(answered.id)
    assert [each.problem for each in app.stores.trajectories.list()] == [TELL]


def test_strategies_are_learned_after_enough_turns_and_the_counter_starts_anew(
    open_guided: Open, command: Path
) -> None:
    app = open_guided(strategies={"trigger_trajectories": 3})
    ask(app, TELL, ASK)
    assert not learn_strategies_if_due(app, [OWN])
    gather(app, app.assistant.ask(ASK).turn.conversation_id)
    with held_elsewhere(app):
        assert not learn_strategies_if_due(app, [OWN])
    app.stores.trajectories.add(
        Trajectory(agent="shop", source="jsonl", key=str(n), task_id="t", problem="p")
        for n in range(3)
    )
    assert learn_strategies_if_due(app, [OWN, "shop", "nobody"]) == [OWN, "shop"]
    told = "-m valence strategies train --agent valence --agent shop --json"
    assert wait_for(command) == told
    adopt(app, OWN, learned().to_json(), "the test")
    assert not learn_strategies_if_due(app, [OWN])


@contextmanager
def held_elsewhere(app: Valence) -> Iterator[None]:
    """Another living process learns strategies meanwhile."""
    other = Leases(app.stores.database)
    assert other.acquire(STRATEGIES_LEASE, 60)
    yield
    other.release(STRATEGIES_LEASE)


def wait_for(file: Path) -> str:
    """What a process that was just started has written."""
    ends = time.monotonic() + 20
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < ends
        time.sleep(0.01)
    return file.read_text().strip()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for Python in a command that is started: notes its arguments, in this file."""
    noted, script = tmp_path / "arguments", tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho "$*" > {noted}\n')
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    return noted


# -- what it changed -------------------------------------------------------------------------------


def trajectories(guided: bool | None, wins: int, losses: int) -> Iterator[tuple[Trajectory, float]]:
    one = Trajectory(agent=OWN, source="turn", key="k", task_id="t", problem="p", guided=guided)
    for p in [0.9] * wins + [0.1] * losses:
        yield replace(one), p


def test_the_effect_is_a_difference_with_its_interval() -> None:
    """Newcombe 1998, table II, method 10: 56/70 against 48/80."""
    found = effect([*trajectories(True, 56, 14), *trajectories(False, 48, 32)])
    assert (found.shown, found.held_back) == (70, 80)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_without_a_hold_out_there_is_no_effect_to_tell() -> None:
    found = effect([*trajectories(True, 5, 5), *trajectories(None, 9, 9)])
    assert (found.shown, found.held_back, found.difference) == (10, 0, None)


def test_strategies_show_tells_the_effect(open_guided: Open, run: Run) -> None:
    app = open_guided(strategies=SHOWN)
    app.stores.trajectories.add(
        replace(
            each, id=f"{guided}-{n}", key=f"{guided}-{n}", feedback={"rating": 2 * (p > 0.5) - 1}
        )
        for guided in (True, False)
        for n, (each, p) in enumerate(trajectories(guided, 30 if guided else 10, 20))
    )
    shown = run("strategies", "show", "--json").record["effect"]
    assert (shown["shown"], shown["held_back"]) == (50, 30)
    assert shown["difference"] == pytest.approx(30 / 50 - 10 / 30)
    assert "effect of showing the approach: +26.7 points" in run("strategies", "show").err
