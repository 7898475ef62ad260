"""The shell as a person uses it: pages, commands, help, themes, closing, a second instance."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import OptionList

from tests.messages import Remembering, lines, pairs
from tests.tui.playing import Stage, opened, play
from tui import places
from tui.app import Terminal
from tui.pages import TABS
from tui.screens.help import Help
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.confirm import Confirm
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence
from valence.config import load_settings
from valence.exclusive import LEASE, LEASE_S, TERMINAL, held
from valence.transfer import import_examples


def where(app: Terminal) -> str:
    """The one page that is to be seen."""
    [page] = [page for page in app.screen_stack[0].query(Page) if page.display]
    return page.KEY


def test_pages_are_made_while_no_key_is_pressed(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.until(lambda: len(stage.app.query(Page)) == len(TABS))
            assert where(stage.app) == "chat"
            await stage.pilot.press("a", "f3")
            await stage.shows("No calls yet")
            assert stage.app.query_one(Prompt).text == "a"

    play(scene)


def test_a_classifier_is_trained_by_the_week_while_the_app_lies_open(
    home: Path, valence: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # starts nothing
    monkeypatch.setattr("tui.app.SCHEDULE_S", 0.05)
    (home / "boundaries").mkdir(exist_ok=True)
    declared = 'heads = ["intent"]\nschedule = "sun 03:00"\ntrigger_examples = 1000\n'
    (home / "boundaries" / "talk.toml").write_text(declared, "utf-8")
    valence.__dict__["embedder"] = Remembering()
    talk = valence.boundaries.get("talk")
    import_examples(valence.stores.examples, talk, lines(pairs()), "upload")
    with valence.stores.database.transaction() as connection:
        connection.execute("UPDATE examples SET created_at = '2026-01-01T00:00:00.000000Z'")

    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.until(lambda: valence.stores.runs.list() != [])

    play(scene)
    [run] = valence.stores.runs.list()
    assert (run.boundary, run.trigger) == ("talk", "automatic")


def test_a_page_that_is_being_made_is_waited_for(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await asyncio.gather(*(stage.app.action_go("memory") for _ in range(3)))
            assert where(stage.app) == "memory"

    play(scene)


def test_keys_slash_commands_and_the_mouse_go_to_pages(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.pilot.press("f2")
            assert where(stage.app) == "learning"
            await stage.pilot.press("4")
            assert where(stage.app) == "memory"
            await stage.pilot.click("TabTitles", offset=(2, 0))
            assert where(stage.app) == "chat"
            await stage.pilot.press("4")  # where text is being written a digit is a digit
            assert stage.app.query_one(Prompt).text == "4"
            stage.app.query_one(Prompt).write("/ledger")
            await stage.pilot.press("enter")
            assert where(stage.app) == "ledger"
            await stage.pilot.press("alt+1")
            assert where(stage.app) == "chat"
            keys = stage.text.splitlines()[-1]
            await stage.pilot.click("KeyLine", offset=(keys.index("Help"), 0))
            await stage.until(lambda: isinstance(stage.app.screen, Help))

    play(scene)


def test_the_palette_finds_a_command_of_another_page_and_goes_there(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            await stage.pilot.press("f3", "ctrl+p", *"new conversation")
            found = stage.app.screen.query_one(OptionList)
            await stage.until(lambda: found.option_count == 1)
            await stage.pilot.press("down", "enter")
            await stage.until(lambda: where(stage.app) == "chat" and not stage.app.query(TurnView))

    play(scene)


def test_every_command_has_an_action_and_a_name_of_its_own(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            slashes = [command.slash for command in stage.app.registry if command.slash]
            assert len(slashes) == len(set(slashes))
            for command in stage.app.registry:
                if command.page:
                    await stage.app.action_go(command.page)
                owner = stage.app.page if command.page else stage.app
                assert hasattr(owner, f"action_{command.action.partition('(')[0]}"), command
                assert command.help
                assert len(command.label) < 14

    play(scene)


def test_help_tells_the_keys_of_what_has_the_focus(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.pilot.press("f1")
            assert isinstance(stage.app.screen, Help)
            assert "New line" in stage.written
            assert "/correct" in stage.written
            assert "Correct\n" not in stage.written  # a letter is text while something is written
            await stage.pilot.press("escape")
            await stage.say("Tom is a baker.")
            await stage.pilot.press("escape", "question_mark")
            await stage.until(lambda: isinstance(stage.app.screen, Help))
            assert "New line" not in stage.written
            await stage.pilot.press("f1")
            assert not isinstance(stage.app.screen, Help)

    play(scene)


def test_a_theme_is_kept_as_a_setting(valence: Valence, home: Path) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            stage.app.query_one(Prompt).write("/theme ansi")
            await stage.pilot.press("enter")
            await stage.until(lambda: stage.app.theme == "ansi")
            assert stage.app.native_ansi_color

    play(scene)
    assert load_settings(home / "config.toml").terminal.theme == "ansi"


def test_it_opens_where_it_was(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            stage.app.query_one(Prompt).write("half a th")
            await stage.pilot.press("f4")
        place = places.read(valence.locations.place)
        assert (place.page, place.draft, place.history) == (
            "memory", "half a th", ["Tom is a baker."],
        )  # fmt: skip
        async with opened(valence, session=Session(valence, place=place)) as stage:
            assert where(stage.app) == "memory"
            await stage.pilot.press("1")
            await stage.until(lambda: "Tom is a baker." in stage.written)
            assert stage.app.query_one(Prompt).text == "half a th"

    play(scene)
    assert valence.locations.place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["", "[", "[]", '{"page": 5, "history": "x", "odd": 1}'])
def test_a_damaged_place_is_a_fresh_start(tmp_path: Path, damage: str) -> None:
    (tmp_path / "terminal.json").write_text(damage)
    assert places.read(tmp_path / "terminal.json") == places.Place()


def test_a_second_instance_only_reads_and_says_so(valence: Valence, home: Path) -> None:
    async def scene() -> None:
        with held(valence.stores.leases, TERMINAL) as first, Valence.open() as other:
            assert first is not None
            with held(other.stores.leases, TERMINAL) as lost:
                async with opened(other, session=Session(other, lost=lost)) as stage:
                    await stage.until(lambda: "read-only" in stage.written)
                    stage.app.query_one(Prompt).write("Tom is a baker.")
                    await stage.pilot.press("enter")
                    await stage.pilot.pause(0.1)
                    assert not stage.app.query(TurnView)
                    stage.app.query_one(Prompt).write("/theme light")
                    await stage.pilot.press("enter")
                    await stage.pilot.pause(0.1)
                    assert stage.app.theme == "dark"

    play(scene)
    assert valence.stores.ledger.list() == []
    assert not (home / "terminal.json").exists()


def test_closing_asks_while_a_run_is_training(valence: Valence) -> None:
    async def scene() -> None:
        with Valence.open() as other:
            other.stores.leases.acquire(LEASE, LEASE_S)
            async with opened(valence) as stage:
                await stage.until(lambda: "training" in stage.written)
                await stage.pilot.press("ctrl+q")
                await stage.until(lambda: isinstance(stage.app.screen, Confirm))
                await stage.pilot.press("escape")
                assert stage.app.is_running
                await stage.pilot.press("ctrl+q", "y")
                await stage.until(lambda: not stage.app.is_running)

    play(scene)


def test_who_quits_at_once_loses_nothing(
    valence: Valence, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    call = valence.router.call

    def slow(*given: Any, **named: Any) -> object:
        assert go.wait(60)
        return call(*given, **named)

    monkeypatch.setattr(valence.router, "call", slow)
    app = Terminal(Session(valence, place=places.Place(introduced=True)))

    async def scene() -> None:
        async with app.run_test() as pilot:
            for text in ("Tom is a baker.", "Tom is a father."):
                app.query_one(Prompt).write(text)
                await pilot.press("enter")
            await pilot.press("ctrl+q")

    play(scene)
    threading.Timer(0.1, go.set).start()
    app.finish()
    assert len(valence.stores.ledger.list()) == 2
    assert "finishing" in capsys.readouterr().err


def test_a_defect_ends_the_app_with_one_line(
    valence: Valence, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Terminal(Session(valence, place=places.Place(introduced=True)))

    async def scene() -> None:
        async with app.run_test() as pilot:
            app.call_later(lambda: json.loads("[/ \x1b]0;x\x07"))
            await Stage(app, pilot).until(lambda: not app.is_running)

    with pytest.raises(json.JSONDecodeError):
        play(scene)
    app.finish()
    assert "JSONDecodeError" in (home / "logs" / "errors.log").read_text("utf-8")
    told = capsys.readouterr().err
    assert told.startswith("Error: JSONDecodeError")
    assert "Traceback" not in told
    assert "\x1b" not in told
