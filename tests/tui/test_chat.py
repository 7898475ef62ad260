"""The chat as a person uses it: told, answered, set right; never stalled, never broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Markdown

from store.errors import DiskFull
from tests.loopback import LoopbackFrontier
from tests.tui.playing import opened, play, say, shown, until
from tui.places import Place
from tui.screens.chat import ChatPage
from tui.screens.conversations import ConversationList
from tui.screens.edit import Edit
from tui.screens.source import Source
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.story import MOST, Story
from tui.widgets.turn import TurnView
from valence.app import Valence

TEXT = "My sister Anna works for Siemens in Munich."


def test_it_works_with_nothing_but_itself(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            assert "Tell Valence something" in shown(app)
            assert "/welcome gets one" in shown(app)
            await pilot.press(*"Tom is a baker.", "enter")
            await until(pilot, lambda: "builtin · unverified" in shown(app))
            assert "Tom – isA – baker" in shown(app)
            assert "Tell Valence something" not in shown(app)
            asked = await say(app, pilot, "What is Tom?")
            assert asked.answer == "Tom is a baker. [1]"
            assert "[1] “Tom is a baker.”" in shown(app)

    play(scene)
    assert [call.boundary for call in valence.stores.ledger.list()] == ["recompose", "decompose"]


def test_a_secret_is_masked_on_the_screen(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, "The card 4111 1111 1111 1111 belongs to Grace.")
            assert "4111 1111" not in shown(app)
            assert "masked: 1 card" in shown(app)

    play(scene)


def test_a_correction_is_made_in_place(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, TEXT)
            await pilot.press("escape", "c")
            await until(pilot, lambda: isinstance(app.screen, Edit))
            edit = app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Anna | employer | Siemens"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "corrected by you" in shown(app))
            assert "workLocation" not in shown(app)

    play(scene)
    [fact] = valence.memory.graph.facts()
    assert fact.triple == ("Anna", "employer", "Siemens")


def test_without_an_editor_that_can_be_opened_there_is_a_sentence(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, TEXT)
            await pilot.press("escape", "c")
            await until(pilot, lambda: isinstance(app.screen, Edit))
            await pilot.press("ctrl+g")
            await until(pilot, lambda: "not supported" in told(app))
            assert isinstance(app.screen, Edit)

    play(scene)


def test_a_wrong_line_says_so_and_nothing_is_lost(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, "Tom is a baker.")
            await pilot.press("escape", "c")
            await until(pilot, lambda: isinstance(app.screen, Edit))
            edit = app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Tom, baker"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "'Tom, baker' is no fact" in told(app))
            assert "Tom – isA – baker" in shown(app)

    play(scene)


def told(app: Any) -> str:
    """What was said in passing."""
    return "\n".join(one.message for one in app._notifications)


def test_rate_copy_and_open_a_source(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, TEXT)
            await say(app, pilot, "Where does Anna work?")
            await pilot.press("escape", "d")
            await until(pilot, lambda: "rated bad" in shown(app))
            await pilot.press("y")
            assert app.clipboard == "Anna works for Siemens in Munich. [1]"
            await pilot.press("o")
            await until(pilot, lambda: isinstance(app.screen, Source))
            await until(pilot, lambda: f"{TEXT}" in shown(app))
            await pilot.press("escape")
            foot = app.query(TurnView).last().children[-1]
            await pilot.click(foot, offset=(6, foot.size.height - 1))
            await until(pilot, lambda: isinstance(app.screen, Source))

    play(scene)
    [feedback] = valence.stores.ledger.feedback(valence.stores.ledger.list()[0].id)
    assert feedback.rating == -1


def test_the_frontier_is_asked_instead(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"triples": []}, {"triples": [["Anna", "boss", "Tom"]]}])

    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, TEXT)
            await pilot.press("escape", "f")
            await until(pilot, lambda: "Anna – boss – Tom" in shown(app))
            assert "frontier · asked for" in shown(app)

    with LoopbackFrontier(lambda user, body: next(answers)) as server:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        with Valence.open() as valence:
            play(scene)


def test_without_a_frontier_asking_it_is_a_sentence(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, TEXT)
            await pilot.press("escape", "f")
            await until(pilot, lambda: "cannot be asked: no frontier" in told(app))
            assert "builtin · unverified" in shown(app)

    play(scene)


def test_retry_takes_the_last_turn_again(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, "Tom is a baker.")
            page = app.query_one(ChatPage)
            await pilot.press("escape", "r")
            await until(pilot, lambda: len(valence.stores.ledger.list()) == 2 and not page.busy)
            assert len(app.query(TurnView)) == 1

    play(scene)
    assert [fact.triple for fact in valence.memory.graph.facts()] == [("Tom", "isA", "baker")]


def test_edit_and_branch_leaves_the_old_conversation(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, "Tom is a baker.")
            await say(app, pilot, "Where does Tom live?")
            await pilot.press("escape", "e")
            await until(pilot, lambda: isinstance(app.screen, Edit))
            edit = app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "What is Tom?"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "Tom is a baker. [1]" in shown(app))
            assert "Where does Tom live?" not in shown(app)

    play(scene)
    conversations = valence.memory.conversations
    lengths = [len(conversations.turns(one.id)) for one in conversations.list(10)]
    assert lengths == [2, 2]


def test_a_turn_that_is_stopped_comes_back_to_be_edited(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(user: str, body: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        assert go.wait(60)
        return {"triples": [["Tom", "isA", "baker"]]}

    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            app.query_one(Prompt).write("Tom is a baker.")
            await pilot.press("enter")
            await until(pilot, asked.is_set)
            await pilot.press("escape")
            go.set()
            await until(pilot, lambda: not app.query(TurnView))
            assert app.query_one(Prompt).text == "Tom is a baker."

    with LoopbackFrontier(slow) as server:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        with Valence.open() as valence:
            play(scene)
            assert valence.memory.graph.count() == 0


def test_typing_goes_on_while_it_thinks_and_turns_keep_their_order(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thinking, done = threading.Event(), threading.Event()

    def slow(user: str, body: dict[str, Any]) -> dict[str, Any]:
        thinking.set()
        assert done.wait(60)
        return {"triples": []}

    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            for text in ("first thing here.", "second thing here."):
                app.query_one(Prompt).write(text)
                await pilot.press("enter")
            await until(pilot, thinking.is_set)
            await pilot.press(*"third")
            assert app.query_one(Prompt).text == "third"
            assert shown(app).count("thinking …") == 2
            done.set()
            await until(pilot, lambda: not app.query_one(ChatPage).busy)

    with LoopbackFrontier(slow) as server:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        with Valence.open() as valence:
            play(scene)
            [conversation] = valence.memory.conversations.list(10)
            turns = valence.memory.conversations.turns(conversation.id)
    assert [turn.question for turn in turns] == ["first thing here.", "second thing here."]


def test_words_are_shown_as_they_come_and_markdown_is_laid_out(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            view = TurnView("How?")
            await app.query_one(Story).append(view)
            for piece in ("Mix ", "flour", " and water"):
                await view.heard("words", piece)
            assert "Mix flour and water" in shown(app)
            await view.heard("said", "Mix flour and water, then:\n\n- knead\n- wait [1]\n")
            await pilot.pause()
            assert len(app.query(Markdown)) == 1
            await view.heard(
                "words", "\n**Bake.** [a link](javascript:alert) [/ [b + x \x1b]0;x\x07"
            )
            await pilot.pause()
            assert view.answer.startswith("Mix flour and water, then:")

    play(scene)


def test_a_failure_is_a_sentence_and_the_next_turn_works(
    valence: Valence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = valence.stores.ledger.record
    failures: list[Exception] = [DiskFull("the disk is [/ full\x1b]0;x\x07"), KeyError("[b + x")]

    def failing(call: Any) -> None:
        if failures:
            raise failures.pop(0)
        record(call)

    monkeypatch.setattr(valence.stores.ledger.__class__, "record", lambda _, call: failing(call))

    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            for text, sentence in (
                ("One is a baker.", "Error: the disk is [/ full�]0;x�"),
                ("Two is a baker.", "Error: KeyError"),
                ("Tom is a baker.", "Tom – isA – baker"),
            ):
                await say(app, pilot, text)
                assert sentence in shown(app)

    play(scene)
    assert "KeyError" in (home / "logs" / "errors.log").read_text("utf-8")


@pytest.mark.parametrize(
    "payload", ["\x1b]52;c;aGk=\x07", "\x9d0;x\x9c", "\u202eevil", "[/ [b + x"]
)
def test_a_pasted_payload_is_only_text_and_keeps_its_lines(valence: Valence, payload: str) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            prompt = app.query_one(Prompt)
            prompt.post_message(Paste(f"Tom is a baker.\r\n{payload} Anna is a sailor."))
            await until(pilot, lambda: prompt.text)
            assert prompt.text.splitlines()[0] == "Tom is a baker."
            assert prompt.text.replace("\n", "").isprintable()
            await pilot.press("enter")
            await until(pilot, lambda: "unverified" in shown(app))
            assert shown(app).replace("\n", "").isprintable()

    play(scene)


def test_the_prompt_has_lines_and_a_history(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            prompt = app.query_one(Prompt)
            await say(app, pilot, "Tom is a baker.")
            await say(app, pilot, "Anna is a sailor.")
            await pilot.press(*"one", "ctrl+j", *"two")
            assert prompt.text == "one\ntwo"
            await pilot.press("up", "up")
            assert prompt.text == "Anna is a sailor."
            await pilot.press("up", "up")
            assert prompt.text == "Tom is a baker."
            await pilot.press("down", "down")
            assert prompt.text == "one\ntwo"
            prompt.write("   ")
            await pilot.press("enter")
            assert len(app.query(TurnView)) == 2

    play(scene)


def test_slash_commands_are_shown_completed_and_refused(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await pilot.press("slash", "c", "o")
            assert "/correct" in shown(app)
            assert "/conversations" in shown(app)
            await pilot.press("p", "tab")
            assert app.query_one(Prompt).text == "/copy"
            app.query_one(Prompt).write("/nothing [/")
            await pilot.press("enter")
            await until(pilot, lambda: "There is no /nothing" in told(app))
            assert app.query_one(Prompt).text == "/nothing [/"

    play(scene)


def test_conversations_are_found_renamed_archived_and_opened(
    valence: Valence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    valence.assistant.ask("Tom is a baker.")
    valence.assistant.ask(TEXT)
    conversations = valence.memory.conversations

    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await pilot.press("ctrl+o", "slash", *"sister")
            screen = app.screen
            assert isinstance(screen, ConversationList)
            await until(pilot, lambda: len(screen._found) == 1)
            await pilot.press("enter", "r")
            await until(pilot, lambda: isinstance(app.screen, Edit))
            edit = app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Family"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: screen._found[0].title == "Family")
            await pilot.press("x")
            await until(pilot, lambda: list(tmp_path.glob("*.md")))
            await pilot.press("enter")
            await until(pilot, lambda: TEXT in shown(app))
            app.query_one(Prompt).write("/archive")
            await pilot.press("enter")
            await until(pilot, lambda: len(conversations.list(10)) == 1)

    play(scene)
    assert {one.title for one in conversations.list(10, archived=True)} == {
        "Family",
        "Tom is a baker.",
    }
    [file] = tmp_path.glob("*.md")
    assert file.read_text("utf-8").startswith("# Family")


def test_an_export_that_cannot_be_written_says_why(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await say(app, pilot, "Tom is a baker.")
            app.query_one(Prompt).write("/export /nowhere/at/all.md")
            await pilot.press("enter")
            await until(pilot, lambda: "cannot be written" in told(app))

    play(scene)


def long_conversation(valence: Valence, turns: int) -> str:
    """A conversation as the assistant keeps it, written at once."""
    conversation = valence.memory.conversations.start("Long")
    answer = {
        "answer": "Noted.", "citations": [], "facts": [], "route": "builtin", "reason": "",
        "confidence": None, "remembered": [], "latency_ms": 1.0, "cost_usd": 0.0,
    }  # fmt: skip
    rows = [
        (f"turn{i:08}", conversation.id, i, f"What was said at {i}", json.dumps(answer))
        for i in range(turns)
    ]
    with valence.stores.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO turns (id, conversation_id, position, question, answer, state, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'answered', '2026-01-01')",
            rows,
        )
    return conversation.id


def has(story: Story, question: str) -> bool:
    return any(view.question == question for view in story.views)


async def scrolled(
    pilot: Pilot[None], scroll: Callable[..., None], condition: Callable[[], bool]
) -> None:
    """Scrolls on, as a person does who has not found it yet."""
    for _ in range(200):
        scroll(animate=False)
        await pilot.pause(0.05)
        if condition():
            return
    raise AssertionError("it did not come into sight")


def test_a_long_conversation_is_a_window_that_follows_the_scroll(valence: Valence) -> None:
    place = Place(conversation=long_conversation(valence, 500), introduced=True)

    async def scene() -> None:
        async with opened(valence, session=Session(valence, place=place)) as (app, pilot):
            story = app.query_one(Story)
            await until(pilot, lambda: "What was said at 499" in shown(app))
            assert len(story.views) < 20
            await scrolled(pilot, story.scroll_home, lambda: has(story, "What was said at 400"))
            await until(pilot, lambda: len(story.views) == MOST)
            assert "What was said at 499" not in shown(app)
            seen = [view.question for view in story.views]
            assert seen == sorted(seen)
            await scrolled(pilot, story.scroll_end, lambda: has(story, "What was said at 499"))
            await say(app, pilot, "Tom is a baker.")
            assert "Tom – isA – baker" in shown(app)

    play(scene)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (30, 8)])
def test_the_story_follows_and_can_be_scrolled(valence: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(valence, size) as (app, pilot):
            for number in range(8):
                await say(app, pilot, f"Tom{number} is a baker.")
            story = app.query_one(Story)
            await until(pilot, lambda: story.scroll_y == story.max_scroll_y > 0)
            await pilot.press("escape", "g")
            await until(pilot, lambda: story.scroll_y < story.max_scroll_y)
            assert app.focused is story.views[0]
            await pilot.press("j", "k", "G", "escape")
            assert app.query_one(Prompt).has_focus

    play(scene)
