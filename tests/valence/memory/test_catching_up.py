"""Vectors of many texts, made in a process of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from store.leases import Leases
from tests.meaning import WordMeaning
from valence.app import Valence
from valence.errors import AlreadyRunning
from valence.memory.catching_up import LEASE, after_turn, alone, start_in_background


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been started; each has ended when it is next looked at."""
    commands: list[list[str]] = []

    def start(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(poll=lambda: 0)

    monkeypatch.setattr(subprocess, "Popen", start)
    return commands


def test_one_process_at_a_time(open_app: Callable[..., Valence], started: list[list[str]]) -> None:
    app = open_app()
    other = Leases(app.stores.database)
    start_in_background(app)
    assert started[0][-2:] == ["memory", "embed"]
    assert other.acquire(LEASE, 60)
    start_in_background(app)
    assert len(started) == 1
    with pytest.raises(AlreadyRunning), alone(app):
        raise AssertionError("entered")
    other.release(LEASE)
    with alone(app):
        assert other.held(LEASE)
    assert not other.held(LEASE)


def test_a_turn_leaves_no_text_without_a_vector(
    open_app: Callable[..., Valence], started: list[list[str]]
) -> None:
    app = open_app()
    model = WordMeaning()
    app.embedder = model  # type: ignore[assignment]
    app.assistant.ask("Ada Lovelace was born in London.")
    after_turn(app)
    assert [command[-2:] for command in started] == [["memory", "embed"]]
    assert app.memory.waiting() == 1  # the other process has not come to it
    model.is_loaded = True
    after_turn(app)
    assert app.memory.waiting() == 0
    after_turn(app)
    assert len(started) == 1


def test_what_another_process_is_at_is_left_to_it(
    open_app: Callable[..., Valence], started: list[list[str]]
) -> None:
    app = open_app()
    model = WordMeaning()
    app.embedder = model  # type: ignore[assignment]
    app.assistant.ask("Ada Lovelace was born in London.")
    assert Leases(app.stores.database).acquire(LEASE, 60)
    after_turn(app)
    model.is_loaded = True
    after_turn(app)
    assert (started, app.memory.waiting()) == ([], 1)


def test_without_a_model_a_turn_starts_nothing(
    open_app: Callable[..., Valence], started: list[list[str]]
) -> None:
    app = open_app()
    app.assistant.ask("Ada Lovelace was born in London.")
    after_turn(app)
    assert started == []
