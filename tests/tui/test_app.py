"""The app as a person uses it: told, answered, kept; never stalled, never broken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Static

from store.errors import DiskFull
from tests.loopback import LoopbackFrontier
from tui.app import Entry, Help, Prompt, Terminal
from valence.app import Valence

TEXT = "Ada Lovelace was born in London in 1815."
FACT = "Ada Lovelace – birthPlace – London"


@asynccontextmanager
async def opened(
    valence: Valence, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Terminal, Pilot[None]]]:
    app = Terminal(valence)
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: "calls" in shown(app))
            yield app, pilot
    finally:
        app.finish()


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen")


async def tell(app: Terminal, pilot: Pilot[None], text: str) -> None:
    app.screen.query_one(Prompt).value = text
    await pilot.press("enter")


def is_shown(app: Terminal, text: str) -> bool:
    return text in shown(app)


def shown(app: Terminal) -> str:
    """All text of the undermost screen."""
    return "\n".join(str(one.render()) for one in app.screen_stack[0].query(Static))


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())


def test_it_works_with_nothing_but_itself(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await until(pilot, lambda: "Tell Valence something" in shown(app))
            assert "valence models fetch" in shown(app)
            assert "no calls yet" in shown(app)
            await pilot.press(*"Tom is a baker.", "enter")
            await until(pilot, lambda: "builtin · unverified" in shown(app))
            assert "Tom – isA – baker" in shown(app)
            await until(pilot, lambda: "1 call · 100% fallback" in shown(app))

    play(scene)
    call = valence.stores.ledger.list()[0]
    assert (call.input, call.route) == ("Tom is a baker.", "builtin")


def test_what_was_told_is_there_again(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await tell(app, pilot, TEXT)
            await until(pilot, lambda: FACT in shown(app))
        async with opened(valence) as (app, pilot):
            await until(pilot, lambda: FACT in shown(app))
            assert TEXT in shown(app)
            assert "Tell Valence" not in shown(app)

    play(scene)


def test_a_secret_is_shown_as_it_was_kept(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await tell(app, pilot, "The card 4111 1111 1111 1111 belongs to Grace.")
            await until(pilot, lambda: "masked: 1 card" in shown(app))
            assert "4111" not in shown(app)

    play(scene)


def test_typing_goes_on_while_the_frontier_thinks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thinking, done = threading.Event(), threading.Event()

    def slow(user: str, body: dict[str, Any]) -> dict[str, Any]:
        thinking.set()
        assert done.wait(60)
        return {"triples": [["Ada", "birthPlace", "London"]]}

    async def scene() -> None:
        with Valence.open() as valence:
            async with opened(valence) as (app, pilot):
                await tell(app, pilot, "first")
                await until(pilot, thinking.is_set)
                await tell(app, pilot, "second")
                await pilot.press(*"third")
                assert app.screen.query_one(Prompt).value == "third"
                assert shown(app).count("reading …") == 2
                done.set()
                await until(pilot, lambda: "reading …" not in shown(app))
                assert shown(app).count("frontier · no local model") == 2
            told = [call.input for call in valence.stores.ledger.list()]
            assert told == ["second", "first"]

    with LoopbackFrontier(slow) as server:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "test")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", server.base_url)
        play(scene)


def test_who_quits_at_once_loses_nothing(
    valence: Valence, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    call = valence.router.call

    def slow(*given: Any) -> Any:
        assert go.wait(60)
        return call(*given)

    monkeypatch.setattr(valence.router, "call", slow)
    app = Terminal(valence)

    async def scene() -> None:
        async with app.run_test() as pilot:
            await tell(app, pilot, "Tom is a baker.")
            await tell(app, pilot, "Tom is a father.")
            await pilot.press("ctrl+q")

    play(scene)
    threading.Timer(0.1, go.set).start()
    app.finish()
    assert len(valence.stores.ledger.list()) == 2
    assert "finishing" in capsys.readouterr().err


def test_a_failure_is_a_sentence_and_the_next_call_works(
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
            for sentence in ("Error: the disk is [/ full�]0;x�", "Error: KeyError", FACT):
                await tell(app, pilot, TEXT)
                await until(pilot, partial(is_shown, app, sentence))

    play(scene)
    assert "KeyError" in (home / "logs" / "errors.log").read_text("utf-8")


@pytest.mark.parametrize(
    "payload", ["\x1b]52;c;aGk=\x07", "\x9d0;x\x9c", "\u202eevil", "[/ [b + x"]
)
def test_a_pasted_payload_is_only_text(valence: Valence, payload: str) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            prompt = app.screen.query_one(Prompt)
            prompt.post_message(Paste(f"Tom is a\r\n{payload} baker."))
            await until(pilot, lambda: prompt.value)
            assert prompt.value.startswith("Tom is a ")
            assert prompt.value.endswith(" baker.")
            assert prompt.value.isprintable()
            await pilot.press("enter")
            await until(pilot, lambda: "unverified" in shown(app))
            assert shown(app).replace("\n", "").isprintable()

    play(scene)


def test_nothing_is_told_by_an_empty_line(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await tell(app, pilot, "   ")
            await pilot.pause()
            assert not app.screen.query(Entry)

    play(scene)


def test_help_opens_closes_and_answers_go_on_beneath(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence) as (app, pilot):
            await tell(app, pilot, TEXT)
            await pilot.press("f1")
            assert isinstance(app.screen, Help)
            await until(pilot, lambda: "1 call · 100% fallback" in shown(app))
            await pilot.press("escape")
            assert app.screen.query_one(Prompt).has_focus
            await pilot.press("f1", "f1")
            assert not isinstance(app.screen, Help)

    play(scene)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (30, 8)])
def test_the_log_follows_and_can_be_scrolled(valence: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(valence, size) as (app, pilot):
            log = app.screen.query_one("#log")
            for _ in range(15):
                await tell(app, pilot, TEXT)
            await until(pilot, lambda: "reading …" not in shown(app))
            await until(pilot, lambda: log.scroll_y == log.max_scroll_y > 0)
            await pilot.press("pageup")
            await until(pilot, lambda: log.scroll_y < log.max_scroll_y)

    play(scene)
