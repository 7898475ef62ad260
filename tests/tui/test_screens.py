"""The shell's own screens as text, in the sizes and colours that they must be good in."""

from __future__ import annotations

import pytest
from rich.color import ColorType
from textual.widgets import Input

from models import machine
from models.machine import GIB, Facts
from tests.tui.playing import Stage, opened, play
from tui.app import Terminal
from tui.places import Place
from tui.screens.introduction import Introduction
from tui.session import Session
from tui.widgets.prompt import Prompt
from valence.app import Valence
from valence.config import Settings, TerminalSettings

SIZES = [(80, 24), (120, 36)]
TOLD = (
    "My sister Anna works for Siemens in Munich.",
    "The card 4111 1111 1111 1111 belongs to Grace Hopper.",
    "Where does Anna work?",
    "Where does Nobody live?",
)


def still(valence: Valence) -> None:
    """What differs from run to run is set to one value: times and days."""
    with valence.stores.database.transaction() as connection:
        connection.execute(
            "UPDATE turns SET answer = json_set(answer, '$.latency_ms', 12, "
            "'$.citations', json(CASE json_array_length(answer, '$.citations') WHEN 0 THEN '[]' "
            "ELSE json_set(answer -> '$.citations', '$[0].recorded_at', '2026-11-21') END))"
        )


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_chat_and_dialogs(valence: Valence, size: tuple[int, int], theme: str) -> None:
    chosen = Settings(terminal=TerminalSettings(theme=theme))  # type: ignore[arg-type]
    valence.adopt(chosen)
    conversation = None
    for text in TOLD:
        conversation = valence.assistant.ask(text, conversation).turn.conversation_id
    still(valence)
    place = Place(conversation=conversation, introduced=True)

    async def scene() -> None:
        async with opened(valence, size=size, session=Session(valence, place=place)) as stage:
            assert stage.app.native_ansi_color == (theme == "ansi")
            stage.app.query_one(Prompt).cursor_blink = False
            await stage.until(lambda: "Nobody" in stage.written)
            await stage.pilot.pause()
            await stage.looks(f"chat-{size[0]}x{size[1]}")
            await stage.pilot.press("slash", "c")
            await stage.pilot.pause()
            await stage.looks(f"slashes-{size[0]}x{size[1]}")
            stage.app.query_one(Prompt).write("")
            await stage.press("escape", "k", "c")
            await stage.shows("What should it have been?")
            await stage.looks(f"correct-{size[0]}x{size[1]}")
            await stage.press("escape", "ctrl+p")
            await stage.shows("Go to Learning")
            await stage.looks(f"palette-{size[0]}x{size[1]}")
            await stage.press("escape", "f2")
            await stage.shows("decompose")
            await stage.press("b")
            await stage.shows("From the next call on")
            await stage.looks(f"confirm-{size[0]}x{size[1]}")

    play(scene)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_help(valence: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(valence, size=size) as stage:
            await stage.say("Tom is a baker.")
            await stage.pilot.press("escape", "f1")
            await stage.pilot.pause()
            await stage.looks(f"help-{size[0]}x{size[1]}")

    play(scene)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_first_run(
    valence: Valence, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mac = Facts(system="Darwin", chip="Apple M2", memory=16 * GIB, cores=8)
    monkeypatch.setattr("tui.screens.introduction.facts", lambda: mac)
    monkeypatch.setattr("tui.screens.introduction.source", lambda provider: None)
    app = Terminal(Session(valence))

    async def scene() -> None:
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot)
            await stage.until(lambda: isinstance(app.screen, Introduction))
            await stage.pilot.pause()
            await stage.looks(f"first-run-1-{size[0]}x{size[1]}")
            await stage.pilot.press("G", "enter", "j", "enter")
            await stage.pilot.pause()
            assert app.screen.query_one("#model", Input).has_focus
            app.screen.query_one("#model", Input).cursor_blink = False
            await stage.looks(f"first-run-2-{size[0]}x{size[1]}")
            await stage.pilot.press("escape")
            await stage.until(lambda: not isinstance(app.screen, Introduction))

    play(scene)
    app.finish()
    assert app.session.place.introduced
    assert app.session.place.introduction == 1
    assert machine.facts().memory > 0


def test_staying_local_and_consent_are_kept(valence: Valence) -> None:
    app = Terminal(Session(valence))

    async def scene() -> None:
        async with app.run_test() as pilot:
            stage = Stage(app, pilot)
            await stage.until(lambda: isinstance(app.screen, Introduction))
            await stage.pilot.press("G", "enter")
            await stage.until(lambda: app.session.place.introduction == 1)
            await stage.pilot.press("enter")
            await stage.until(lambda: app.session.place.introduction == 2)
            await stage.pilot.press("b")
            await stage.until(lambda: app.session.place.introduction == 1)
            await stage.pilot.press("enter")
            await stage.until(lambda: app.session.place.introduction == 2)
            await stage.pilot.press("j", "enter")
            await stage.until(lambda: not isinstance(app.screen, Introduction))

    play(scene)
    app.finish()
    assert valence.settings.privacy.learn == "corrections"
    assert valence.settings.frontier.provider == "none"


def test_a_key_without_a_keychain_is_a_sentence_and_nothing_is_kept(
    valence: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    app = Terminal(Session(valence, place=Place(introduction=1)))

    async def scene() -> None:
        async with app.run_test() as pilot:
            stage = Stage(app, pilot)
            await stage.until(lambda: isinstance(app.screen, Introduction))
            await stage.pilot.press("j", "enter")
            await stage.pilot.press(*"some-model", "enter", *"not a key", "enter")
            await stage.until(lambda: "Error: " in stage.written)

    play(scene)
    app.finish()
    assert valence.settings.frontier.provider == "none"
    assert valence.settings.frontier.model is None


def test_ansi_means_the_terminals_own_colours(valence: Valence) -> None:
    """No page brings a colour that the terminal's theme does not know."""
    valence.adopt(Settings(terminal=TerminalSettings(theme="ansi")))

    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            for key in ("escape", "f2", "f3", "f4", "f5", "f1", "escape", "ctrl+p"):
                await stage.pilot.press(key)
                await stage.pilot.pause(0.2)
                assert not own_colours(stage.app), (key, own_colours(stage.app))

    play(scene)


def own_colours(app: Terminal) -> set[str]:
    """Colours in sight that are not among the terminal's: behind text, or of text itself."""
    segments = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
    colours = [each.style.bgcolor for each in segments if each.style]
    colours += [each.style.color for each in segments if each.style and each.text.strip()]
    return {each.name for each in colours if each and each.type == ColorType.TRUECOLOR}
