"""The page Settings as a person uses it: found, changed, checked, saved and lived by at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from models.keys import get_key
from tests.models.test_keys import Memory
from tests.tui.playing import Stage, opened, play
from valence.app import Valence
from valence.config import load_settings

KEY = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def keychain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A keychain that lives in memory."""
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield
    keyring.set_keyring(before)


async def find(stage: Stage, words: str, shown: str) -> None:
    """Searches, and goes to the first setting found."""
    await stage.shows("Local model")
    await stage.press("/", *words, "enter")
    await stage.hides("Local model")
    await stage.shows(shown)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("theme", ["dark", "ansi"])
def test_settings_at_a_glance(valence: Valence, size: tuple[int, int], theme: str) -> None:
    async def scene() -> None:
        async with opened(valence, "settings", size) as stage:
            stage.app.theme = theme
            await stage.shows("You stay local: nothing is sent anywhere.", "local.model =")
            await stage.looks(f"settings-{size[0]}")
            await find(stage, "promise", "at most 5% is wrong, with 95% confidence.")
            await stage.shows("gate.max_error = 0.05")
            await stage.looks(f"settings-promise-{size[0]}")

    play(scene)


def test_a_value_is_checked_at_the_field_then_saved_and_lived_by(valence: Valence) -> None:
    path = valence.locations.config
    path.write_text("# mine\n[training]\nrank = 8\n")

    async def scene() -> None:
        async with opened(valence, "settings") as stage:
            await find(stage, "max error", "gate.max_error = 0.05")
            await stage.press("enter")
            await stage.shows("Enter keeps it")
            await stage.press("ctrl+u", "7", "enter")
            await stage.shows("✗ It should be less than 1.")
            await stage.press("backspace", *"0.01", "enter")
            await stage.shows("at most 1% is wrong, with 95% confidence.", "gate.max_error = 0.01")
            assert valence.settings.gate.max_error == 0.01
            assert "# mine" in path.read_text()
            await stage.press("r")
            await stage.shows("gate.max_error = 0.05")
            assert load_settings(path).gate.max_error == 0.05

    play(scene)


def test_a_switch_is_switched_and_a_choice_is_chosen(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "settings") as stage:
            await find(stage, "privacy", "privacy.offline = false")
            await stage.press("enter")
            await stage.shows("privacy.offline = true", "No connection is made.")
            assert valence.settings.privacy.offline
            await stage.press("j", "enter")
            await stage.shows("● all", "○ corrections  only what you correct")
            await stage.press("j", "enter")
            await stage.shows("privacy.learn = corrections")
            assert valence.settings.privacy.learn == "corrections"
            await stage.press("enter", "escape")
            await stage.shows("privacy.learn = corrections")

    play(scene)


def test_the_look_changes_at_once(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "settings") as stage:
            await find(stage, "terminal.theme", "terminal.theme = dark")
            await stage.press("enter", "j", "enter")
            await stage.until(lambda: stage.app.theme == "light")

    play(scene)


def test_what_the_environment_sets_is_shown_as_such_and_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALENCE_GATE__AUDIT_RATE", "0.5")

    async def scene() -> None:
        with Valence.open() as valence:
            async with opened(valence, "settings") as stage:
                await find(stage, "audit", "environment")
                await stage.shows("VALENCE_GATE__AUDIT_RATE in the environment sets it")
                await stage.press("enter")
                await stage.shows("change it there.")
                await stage.press("r")
            assert not valence.locations.config.exists()

    play(scene)


def test_a_key_goes_into_the_keychain_and_is_never_shown(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "settings") as stage:
            await find(stage, "anthropic key", "API key of anthropic")
            await stage.press("enter", *"no key", "enter")
            await stage.shows("✗ this is not a key")
            await stage.press("ctrl+u", *KEY)
            assert KEY not in stage.text
            await stage.press("enter")
            await stage.shows("in the keychain")
            assert get_key("anthropic") == KEY
            assert KEY not in stage.text
            await stage.press("r")
            await stage.shows("anthropic key           none")
            assert get_key("anthropic") is None

    play(scene)
    assert not valence.locations.config.exists()


def test_an_optional_setting_is_taken_back(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "settings") as stage:
            await find(stage, "budget", "frontier.monthly_budget_usd = none")
            await stage.press("enter", *"20", "enter")
            await stage.shows("frontier.monthly_budget_usd = 20")
            assert valence.settings.frontier.monthly_budget_usd == 20
            await stage.press("enter", "ctrl+u", "enter")
            await stage.shows("frontier.monthly_budget_usd = none")
            assert valence.settings.frontier.monthly_budget_usd is None

    play(scene)


def test_who_only_reads_changes_nothing(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "settings", read_only=True) as stage:
            await find(stage, "offline", "privacy.offline = false")
            await stage.press("enter", "r")
            await stage.shows("settings can only be read")
            assert not valence.settings.privacy.offline

    play(scene)
