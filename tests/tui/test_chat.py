"""The chat as a person uses it: told, answered, set right; never stalled, never broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.widgets import Markdown

from store.errors import DiskFull
from tests.loopback import LoopbackFrontier
from tests.tui.playing import Stage, held_up, opened, play
from tui.places import Place
from tui.screens.chat import ChatPage
from tui.screens.conversations import ConversationList
from tui.screens.edit import Edit
from tui.screens.source import Source
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.story import MORE, MOST, Story
from tui.widgets.turn import TurnView
from valence.app import Valence

TEXT = "My sister Anna works for Siemens in Munich."


def test_it_works_with_nothing_but_itself(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            assert "Tell Valence something" in stage.written
            assert "/welcome gets one" in stage.written
            await stage.pilot.press(*"Tom is a baker.", "enter")
            await stage.until(lambda: "builtin · unverified" in stage.written)
            assert "Tom – isA – baker" in stage.written
            assert "Tell Valence something" not in stage.written
            asked = await stage.say("What is Tom?")
            assert asked.answer == "Tom is a baker. [1]"
            assert "[1] “Tom is a baker.”" in stage.written

    play(scene)
    assert [call.boundary for call in valence.stores.ledger.list()] == ["recompose", "decompose"]


def test_a_secret_is_masked_on_the_screen(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("The card 4111 1111 1111 1111 belongs to Grace.")
            assert "4111 1111" not in stage.written
            assert "masked: 1 card" in stage.written

    play(scene)


def test_a_correction_is_made_in_place(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say(TEXT)
            await stage.pilot.press("escape", "c")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            edit = stage.app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Anna | employer | Siemens"
            await stage.pilot.press("ctrl+s")
            await stage.until(lambda: "corrected by you" in stage.written)
            assert "workLocation" not in stage.written

    play(scene)
    [fact] = valence.memory.graph.facts()
    assert fact.triple == ("Anna", "employer", "Siemens")


def test_without_an_editor_that_can_be_opened_there_is_a_sentence(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say(TEXT)
            await stage.pilot.press("escape", "c")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            await stage.pilot.press("ctrl+g")
            await stage.until(lambda: "not supported" in told(stage.app))
            assert isinstance(stage.app.screen, Edit)

    play(scene)


def test_a_wrong_line_says_so_and_nothing_is_lost(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            await stage.pilot.press("escape", "c")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            edit = stage.app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Tom, baker"
            await stage.pilot.press("ctrl+s")
            await stage.until(lambda: "'Tom, baker' is no fact" in told(stage.app))
            assert "Tom – isA – baker" in stage.written

    play(scene)


def told(app: Any) -> str:
    """What was said in passing."""
    return "\n".join(one.message for one in app._notifications)


def test_rate_copy_and_open_a_source(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say(TEXT)
            await stage.say("Where does Anna work?")
            await stage.pilot.press("escape", "d")
            await stage.until(lambda: "rated bad" in stage.written)
            await stage.pilot.press("y")
            assert stage.app.clipboard == "Anna works for Siemens in Munich. [1]"
            await stage.pilot.press("o")
            await stage.until(lambda: isinstance(stage.app.screen, Source))
            await stage.until(lambda: f"{TEXT}" in stage.written)
            await stage.pilot.press("escape")
            view = stage.app.query(TurnView).last()
            await stage.pilot.click(view, offset=(6, view.size.height - 1))
            await stage.until(lambda: isinstance(stage.app.screen, Source))

    play(scene)
    [feedback] = valence.stores.ledger.feedback(valence.stores.ledger.list()[0].id)
    assert feedback.rating == -1


def test_the_frontier_is_asked_instead(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"triples": []}, {"triples": [["Anna", "boss", "Tom"]]}])

    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say(TEXT)
            await stage.pilot.press("escape", "f")
            await stage.until(lambda: "Anna – boss – Tom" in stage.written)
            assert "frontier · asked for" in stage.written

    with LoopbackFrontier(lambda user, body: next(answers)) as server:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        with Valence.open() as valence:
            play(scene)


def test_without_a_frontier_asking_it_is_a_sentence(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say(TEXT)
            await stage.pilot.press("escape", "f")
            await stage.until(lambda: "cannot be asked: no frontier" in told(stage.app))
            assert "builtin · unverified" in stage.written

    play(scene)


def test_retry_takes_the_last_turn_again(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            page = stage.app.query_one(ChatPage)
            await stage.pilot.press("escape", "r")
            await stage.until(lambda: len(valence.stores.ledger.list()) == 2 and not page.busy)
            assert len(stage.app.query(TurnView)) == 1

    play(scene)
    assert [fact.triple for fact in valence.memory.graph.facts()] == [("Tom", "isA", "baker")]


def test_edit_and_branch_leaves_the_old_conversation(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            await stage.say("Where does Tom live?")
            await stage.pilot.press("escape", "e")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            edit = stage.app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "What is Tom?"
            await stage.pilot.press("ctrl+s")
            await stage.until(lambda: "Tom is a baker. [1]" in stage.written)
            assert "Where does Tom live?" not in stage.written

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
        async with opened(valence) as stage:
            stage.app.query_one(Prompt).write("Tom is a baker.")
            await stage.pilot.press("enter")
            await stage.until(asked.is_set)
            await stage.pilot.press("escape")
            go.set()
            await stage.until(lambda: not stage.app.query(TurnView))
            assert stage.app.query_one(Prompt).text == "Tom is a baker."

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
        async with opened(valence) as stage:
            for text in ("first thing here.", "second thing here."):
                stage.app.query_one(Prompt).write(text)
                await stage.pilot.press("enter")
            await stage.until(thinking.is_set)
            await stage.pilot.press(*"third")
            assert stage.app.query_one(Prompt).text == "third"
            assert stage.written.count("thinking …") == 2
            done.set()
            await stage.until(lambda: not stage.app.query_one(ChatPage).busy)

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
        async with opened(valence) as stage:
            view = TurnView("How?")
            await stage.app.query_one(Story).append(view)
            for piece in ("Mix ", "flour", " and water"):
                await view.heard("words", piece)
            await stage.until(lambda: "Mix flour and water" in stage.written)
            await view.heard("said", "Mix flour and water, then:\n\n- knead\n- wait [1]\n")
            await stage.until(lambda: len(stage.app.query(Markdown)) == 1)
            await view.heard(
                "words", "\n**Bake.** [a link](javascript:alert) [/ [b + x \x1b]0;x\x07"
            )
            await stage.pilot.pause()
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
        async with opened(valence) as stage:
            for text, sentence in (
                ("One is a baker.", "Error: the disk is [/ full�]0;x�"),
                ("Two is a baker.", "Error: KeyError"),
                ("Tom is a baker.", "Tom – isA – baker"),
            ):
                await stage.say(text)
                assert sentence in stage.written

    play(scene)
    assert "KeyError" in (home / "logs" / "errors.log").read_text("utf-8")


@pytest.mark.parametrize(
    "payload", ["\x1b]52;c;aGk=\x07", "\x9d0;x\x9c", "\u202eevil", "[/ [b + x"]
)
def test_a_pasted_payload_is_only_text_and_keeps_its_lines(valence: Valence, payload: str) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            prompt = stage.app.query_one(Prompt)
            prompt.post_message(Paste(f"Tom is a baker.\r\n{payload} Anna is a sailor."))
            await stage.until(lambda: prompt.text)
            assert prompt.text.splitlines()[0] == "Tom is a baker."
            assert prompt.text.replace("\n", "").isprintable()
            await stage.pilot.press("enter")
            await stage.until(lambda: "unverified" in stage.written)
            assert stage.written.replace("\n", "").isprintable()

    play(scene)


def test_the_prompt_has_lines_and_a_history(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            prompt = stage.app.query_one(Prompt)
            await stage.say("Tom is a baker.")
            await stage.say("Anna is a sailor.")
            await stage.pilot.press(*"one", "ctrl+j", *"two")
            assert prompt.text == "one\ntwo"
            await stage.pilot.press("up", "up")
            assert prompt.text == "Anna is a sailor."
            await stage.pilot.press("up", "up")
            assert prompt.text == "Tom is a baker."
            await stage.pilot.press("down", "down")
            assert prompt.text == "one\ntwo"
            prompt.write("   ")
            await stage.pilot.press("enter")
            assert len(stage.app.query(TurnView)) == 2

    play(scene)


def test_slash_commands_are_shown_completed_and_refused(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.pilot.press("slash", "c", "o")
            assert "/correct" in stage.written
            assert "/conversations" in stage.written
            await stage.pilot.press("p", "tab")
            assert stage.app.query_one(Prompt).text == "/copy"
            stage.app.query_one(Prompt).write("/nothing [/")
            await stage.pilot.press("enter")
            await stage.until(lambda: "There is no /nothing" in told(stage.app))
            assert stage.app.query_one(Prompt).text == "/nothing [/"

    play(scene)


def test_conversations_are_found_renamed_archived_and_opened(
    valence: Valence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    valence.assistant.ask("Tom is a baker.")
    valence.assistant.ask(TEXT)
    conversations = valence.memory.conversations

    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.pilot.press("ctrl+o", "slash", *"sister")
            screen = stage.app.screen
            assert isinstance(screen, ConversationList)
            await stage.until(lambda: len(screen._found) == 1)
            await stage.pilot.press("enter", "r")
            await stage.until(lambda: isinstance(stage.app.screen, Edit))
            edit = stage.app.screen
            assert isinstance(edit, Edit)
            edit._area.text = "Family"
            await stage.pilot.press("ctrl+s")
            await stage.until(lambda: screen._found[0].title == "Family")
            await stage.pilot.press("x")
            await stage.until(lambda: list(tmp_path.glob("*.md")))
            await stage.pilot.press("enter")
            await stage.until(lambda: TEXT in stage.written)
            stage.app.query_one(Prompt).write("/archive")
            await stage.pilot.press("enter")
            await stage.until(lambda: len(conversations.list(10)) == 1)

    play(scene)
    assert {one.title for one in conversations.list(10, archived=True)} == {
        "Family",
        "Tom is a baker.",
    }
    [file] = tmp_path.glob("*.md")
    assert file.read_text("utf-8").startswith("# Family")


def test_an_export_that_cannot_be_written_says_why(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as stage:
            await stage.say("Tom is a baker.")
            stage.app.query_one(Prompt).write("/export /nowhere/at/all.md")
            await stage.pilot.press("enter")
            await stage.until(lambda: "cannot be written" in told(stage.app))

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


async def scrolled(stage: Stage, scroll: Callable[..., None], question: str) -> None:
    """Scrolls on, as a person does who has not found it yet."""
    story = stage.app.query_one(Story)

    def found() -> bool:
        scroll(animate=False)
        return has(story, question)

    await stage.until(found)


def test_a_long_conversation_is_a_window_that_follows_the_scroll(valence: Valence) -> None:
    place = Place(conversation=long_conversation(valence, 500), introduced=True)

    async def scene() -> None:
        async with opened(valence, session=Session(valence, place=place)) as stage:
            story = stage.app.query_one(Story)
            await stage.until(lambda: "What was said at 499" in stage.written)
            assert len(story.views) < 20
            await scrolled(stage, story.scroll_home, "What was said at 400")
            await stage.until(lambda: len(story.views) == MOST)
            assert "What was said at 499" not in stage.written
            seen = [view.question for view in story.views]
            assert seen == sorted(seen)
            await scrolled(stage, story.scroll_end, "What was said at 499")
            await stage.say("Tom is a baker.")
            assert "Tom – isA – baker" in stage.written

    play(scene)


def test_turns_that_come_for_an_edge_that_was_left_make_no_gap(valence: Valence) -> None:
    place = Place(conversation=long_conversation(valence, 200), introduced=True)

    async def scene() -> None:
        async with opened(valence, session=Session(valence, place=place)) as stage:
            story = stage.app.query_one(Story)
            await scrolled(stage, story.scroll_home, "What was said at 100")
            for _ in range(40):
                story.scroll_home(animate=False, immediate=True)
                story.scroll_end(animate=False, immediate=True)
                await stage.pilot.pause(0.01)
                seen = [int(view.question.split()[-1]) for view in story.views]
                assert seen == [*range(seen[0], seen[-1] + 1)]

    play(scene)


def test_turns_that_are_read_ahead_move_nothing_that_is_seen(valence: Valence) -> None:
    place = Place(conversation=long_conversation(valence, 200), introduced=True)
    seen: list[str] = []

    async def scene() -> None:
        async with opened(valence, session=Session(valence, place=place)) as stage:
            story = stage.app.query_one(Story)
            await stage.press("escape", "k", "k", "k", "k")
            await stage.pilot.pause()
            had = len(story.views)
            seen.append(stage.text)
            stage.app.post_display_hook = lambda: seen.append(stage.text)  # type: ignore[method-assign]
            await stage.until(lambda: len(story.views) > had + MORE)
            await stage.pilot.pause(0.2)

    play(scene)
    assert len(seen) > 1
    assert len({line_of("What was said at 196", text) for text in seen}) == 1


def line_of(words: str, text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines()) if words in line)


def at_the_end(stage: Stage) -> bool:
    """Scrolls there, and says whether that is to be seen."""
    story = stage.app.query_one(Story)
    story.scroll_end(animate=False, immediate=True)
    return story.views[-1].question in stage.text


def test_turns_for_an_edge_that_was_left_take_nothing_out_of_sight(valence: Valence) -> None:
    place = Place(conversation=long_conversation(valence, 200), introduced=True)

    async def scene() -> None:
        async with opened(valence, session=Session(valence, place=place)) as stage:
            story = stage.app.query_one(Story)
            await scrolled(stage, story.scroll_home, "What was said at 100")
            await stage.until(lambda: len(story.views) == MOST)
            with held_up(stage, "reading"):
                await stage.pilot.pause()
                story.read_ahead()
                await stage.until(lambda: at_the_end(stage))
                last = story.views[-1].question
            await stage.pilot.pause(0.2)
            assert last in stage.text
            await scrolled(stage, story.scroll_end, "What was said at 199")

    play(scene)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (30, 8)])
def test_the_story_follows_and_can_be_scrolled(valence: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(valence, size=size) as stage:
            for number in range(8):
                await stage.say(f"Tom{number} is a baker.")
            story = stage.app.query_one(Story)
            await stage.until(lambda: story.scroll_y == story.max_scroll_y > 0)
            await stage.pilot.press("escape", "g")
            await stage.until(lambda: story.scroll_y < story.max_scroll_y)
            assert stage.app.focused is story.views[0]
            await stage.pilot.press("j", "k", "G", "escape")
            assert stage.app.query_one(Prompt).has_focus

    play(scene)
