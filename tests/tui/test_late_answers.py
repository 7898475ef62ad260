"""What was asked for comes when it comes: it must change nothing that was left meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from store.calls import Call
from store.errors import DiskFull
from tests.tui import learnt
from tests.tui.playing import Stage, held_up, opened, play
from tui.app import Terminal
from tui.following import Following
from tui.places import Place
from tui.screens.chat import ChatPage
from tui.screens.edit import Edit
from tui.screens.introduction import Introduction
from tui.session import Session
from tui.widgets.calls import Calls
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence
from valence.story import story_of


def questions(stage: Stage) -> list[str]:
    return [view.question for view in stage.app.query(TurnView)]


def test_of_two_looks_the_last_is_shown(valence: Valence) -> None:
    shown: list[str] = []
    second = threading.Event()

    def slow() -> str:
        assert second.wait(60)
        return "first"

    async def scene() -> None:
        async with opened(valence) as stage:
            page = stage.app.page
            page.look(slow, shown.append)
            page.look(lambda: "second", shown.append)
            await stage.until(lambda: shown)
            second.set()
            await stage.pilot.pause(0.2)

    play(scene)
    assert shown == ["second"]


def test_what_is_said_before_a_conversation_has_been_read_stays(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            page = stage.app.query_one(ChatPage)
            with held_up(stage, "turns"):
                with held_up(stage, "reading"):
                    page.open(page.talk.id)
                    stage.app.query_one(Prompt).write("Lina is a nurse.")
                    await stage.pilot.press("enter")
                    await stage.until(lambda: "Lina is a nurse." in questions(stage))
                await stage.pilot.pause(0.2)
            await stage.until(lambda: not page.busy)
            assert questions(stage) == ["Tom is a baker.", "Lina is a nurse."]

    play(scene)


def test_a_turn_that_fails_in_a_conversation_that_was_left_says_so(
    valence: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(ledger: object, call: Call) -> None:
        raise DiskFull("the disk is full")

    async def scene() -> None:
        async with opened(valence) as stage:
            with held_up(stage, "turns"):
                stage.app.query_one(Prompt).write("Lina is a nurse.")
                await stage.pilot.press("enter", "ctrl+n")
                await stage.until(lambda: not questions(stage))
            await stage.shows("the disk is full")

    monkeypatch.setattr(valence.stores.ledger.__class__, "record", full)
    play(scene)


def test_a_correction_stays_with_its_turn(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            page = stage.app.query_one(ChatPage)
            await stage.say("Lina is a nurse.")
            other = page.talk.id
            await stage.press("ctrl+n")
            await stage.until(lambda: not questions(stage))
            await stage.say("Tom is a baker.")
            await stage.press("escape", "c")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            page.open(other)
            await stage.until(lambda: questions(stage) == ["Lina is a nurse."])
            await stage.press(*["backspace"] * 5, *"cook", "ctrl+s")
            await stage.until(lambda: valence.memory.graph.facts(include_superseded=False))
            await stage.until(lambda: corrected(valence))

    play(scene)
    assert corrected(valence) == ["Tom is a baker."]


def corrected(valence: Valence) -> list[str]:
    """What was said in the calls that have been corrected."""
    calls = [valence.stores.ledger.get(call.id) for call in valence.stores.ledger.list()]
    return [call.input for call in calls if story_of(valence.stores, call.id).feedback]


def test_what_is_done_in_a_story_is_done_to_its_call(valence: Valence, utc: None) -> None:
    newer = replace(learnt.a_call(399, 400), id=learnt.id_of(999), input="a newer one", attempts=())

    async def scene() -> None:
        async with opened(valence, "ledger") as stage:
            await stage.shows("(399)")
            await stage.press("enter")
            await stage.shows("decompose by", learnt.id_of(399))
            valence.stores.ledger.record(newer)
            stage.app.page.refresh_from_store()
            await stage.until(lambda: chosen(stage) == newer.id)
            await stage.press("minus")
            await stage.until(lambda: rated(valence, newer.id) or rated(valence, learnt.id_of(399)))

    learnt.fill(valence)
    play(scene)
    assert rated(valence, learnt.id_of(399)) == [-1]
    assert rated(valence, newer.id) == []


def chosen(stage: Stage) -> str:
    call: Call | None = stage.app.screen_stack[0].query_one(Calls).call
    return call.id if call is not None else ""


def rated(valence: Valence, call_id: str) -> list[int | None]:
    return [one.rating for one in story_of(valence.stores, call_id).feedback]


def test_a_page_of_calls_comes_once(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "ledger") as stage:
            await stage.shows("100+ calls")
            calls = stage.app.query_one(Calls)
            calls.more()
            time.sleep(0.5)  # it has been read, and the event loop does not know it yet
            calls.more()
            await stage.until(lambda: calls.option_count == 200)
            await stage.pilot.pause(0.2)
            assert not stage.app._notifications

    learnt.fill(valence)
    play(scene)


def test_enter_hit_twice_leaves_no_question_out(valence: Valence) -> None:
    app = Terminal(Session(valence, place=Place(introduction=1)))

    async def scene() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot)
            await stage.until(lambda: isinstance(app.screen, Introduction))
            with held_up(stage, "turns"):
                await stage.press("enter", "enter")
            await stage.shows("What is kept, and what is learnt")
            await stage.pilot.pause(0.2)
            await stage.shows("What is kept, and what is learnt")
            assert isinstance(app.screen, Introduction)

    play(scene)
    app.finish()
    assert not app.session.place.introduced


@pytest.mark.parametrize("key", ["enter", "c"])
def test_a_dialog_that_comes_late_opens_over_no_other_page(
    valence: Valence, utc: None, key: str
) -> None:
    async def scene() -> None:
        async with opened(valence, "ledger") as stage:
            await stage.shows("(399)")
            with held_up(stage, "reading"):
                await stage.press(key, "f5")
                await stage.until(lambda: stage.app.page.KEY == "settings")
            await stage.shows("Local model")
            await stage.pilot.pause(0.2)
            assert stage.app.screen is stage.app.page.screen

    learnt.fill(valence)
    play(scene)


def test_enter_hit_twice_opens_one_story(valence: Valence, utc: None) -> None:
    async def scene() -> None:
        async with opened(valence, "ledger") as stage:
            await stage.shows("(399)")
            with held_up(stage, "reading"):
                await stage.press("enter", "enter")
            await stage.shows("decompose by", learnt.id_of(399))
            await stage.pilot.pause(0.2)
            assert len(stage.app.screen_stack) == 2

    learnt.fill(valence)
    play(scene)


def test_a_look_at_the_notes_folder_after_the_end_follows_nothing(
    valence: Valence, tmp_path: Path
) -> None:
    session = Session(valence)
    session.save("memory.notes_dir", str(tmp_path))
    following = Following(session, lambda done: None)
    following.stop()
    following.look()
    session.jobs.finish()
    assert not [one for one in threading.enumerate() if one.name == "notes folder"]


def test_two_looks_at_once_follow_the_notes_folder_once(valence: Valence, tmp_path: Path) -> None:
    session = Session(valence)
    session.save("memory.notes_dir", str(tmp_path))
    following = Following(session, lambda done: None)
    looks = [threading.Thread(target=following.look) for _ in range(8)]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    following.stop()
    session.jobs.finish()
    assert not [one for one in threading.enumerate() if one.name == "notes folder"]
