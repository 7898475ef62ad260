"""A model is fetched while somebody talks: chosen in the first run, from a Hub on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import LARGE, LoopbackHub, tiny_and_large
from tests.tui.playing import Stage, play
from tui.app import Terminal
from tui.screens.introduction import Introduction
from tui.session import Session
from valence.app import Valence
from valence.recommending import BASES


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub(tiny_and_large(tmp_path / "tiny"), broken=LARGE) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
        yield served


async def asked_for(stage: Stage) -> None:
    """The first run up to the model, which is taken; the rest is skipped."""
    await stage.until(lambda: isinstance(stage.app.screen, Introduction))
    await stage.press("g", "enter")
    await stage.until(lambda: stage.app.session.fetch is not None)
    await stage.press("escape")
    await stage.shows("Tell Valence something")
    await stage.until(lambda: is_coming(stage))


def is_coming(stage: Stage) -> bool:
    """Whether the tabs say how far the model is; how far it is when that is looked at hangs on
    the machine."""
    return re.search(r"model \d+%", stage.text) is not None


def test_the_chat_answers_while_it_comes_and_then_it_is_used(
    valence: Valence, hub: LoopbackHub
) -> None:
    app = Terminal(Session(valence))

    async def scene() -> None:
        async with app.run_test(notifications=True) as pilot:
            stage = Stage(app, pilot)
            await asked_for(stage)
            await stage.say("Tom is a baker.")
            assert "Tom – isA – baker" in stage.written
            hub.go_on.set()
            await stage.shows("The model is there")

    play(scene)
    app.finish()
    assert valence.settings.local.model == BASES[0].model


def test_it_is_stopped_and_the_settings_are_as_they_were(
    valence: Valence, hub: LoopbackHub
) -> None:
    app = Terminal(Session(valence))
    before = valence.settings.local

    async def scene() -> None:
        async with app.run_test(notifications=True) as pilot:
            stage = Stage(app, pilot)
            await asked_for(stage)
            await stage.press(*"/stop-fetching", "enter")
            await stage.shows("The download has stopped")
            await stage.until(lambda: not is_coming(stage))

    play(scene)
    app.finish()
    assert valence.settings.local == before
    assert not [*valence.locations.models.rglob("*.incomplete")]
