"""Vectors of many texts, made in a process of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from store.leases import Leases
from valence.app import Valence
from valence.errors import AlreadyRunning
from valence.memory.catching_up import LEASE, alone, start_in_background


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been started."""
    commands: list[list[str]] = []

    def start(command: list[str], **_: Any) -> None:
        commands.append(command)

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
