"""The page Ledger as a person uses it: read, chosen, searched, set right, forgotten."""

from __future__ import annotations

import json

import pytest

from store.calls import Call
from tests.tui import learnt
from tests.tui.playing import Stage, opened, play
from tui.widgets import calls
from tui.widgets.endless import EndlessList
from valence.app import Valence
from valence.story import story_of

NEWEST = learnt.id_of(399)
HOSTILE = "\x1b]52;c;aGVsbG8=\x07\x1b[31m[/b][b + x]\u202egnp.exe\x9b2J"


@pytest.fixture
def used(valence: Valence, utc: None) -> Valence:
    learnt.fill(valence)
    return valence


async def begun(stage: Stage) -> None:
    await stage.shows("100+ calls", "(399)")


def rows(stage: Stage) -> int:
    return stage.app.query_one(EndlessList).option_count


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_how_it_looks(used: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(used, "ledger", size) as stage:
            await begun(stage)
            if size[0] > 110:
                await stage.shows("Raw answer")
            await stage.looks(f"ledger-{size[0]}x{size[1]}")

    used.stores.ledger.rate(learnt.id_of(397), -1)
    used.stores.ledger.correct(learnt.id_of(395), learnt.OTHER)
    play(scene)


def test_pages_come_as_one_scrolls(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("G")
            await stage.until(lambda: rows(stage) == 200)
            for _ in range(2):
                await stage.press("G")
                await stage.pilot.pause(0.1)
            await stage.until(lambda: rows(stage) == 400)
            await stage.press("G")
            await stage.shows("400 calls", "(0)")
            await stage.press("g")
            await stage.shows("(399)")

    play(scene)


def test_a_long_list_goes_on_in_a_new_one(used: Valence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST", 200)

    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("G")
            await stage.shows("200+ calls")
            await stage.press("G")
            await stage.shows("300+ calls", "(199)")
            assert rows(stage) == 100
            await stage.press("escape")
            await begun(stage)

    play(scene)


def test_filters_step_through_their_values(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("b", "b")
            await stage.shows("recompose", "none found")
            await stage.press("escape")
            await begun(stage)
            await stage.press("w")
            await stage.shows("w corrected", "1 call", "(395)")
            await stage.press("w")
            await stage.shows("w wrong", "2 calls", "(397)")
            await stage.press("escape", "r")
            await stage.shows("r local", "(399)")
            await stage.pilot.click("Chip")
            await stage.shows("decompose")

    used.stores.ledger.rate(learnt.id_of(397), -1)
    used.stores.ledger.correct(learnt.id_of(395), learnt.OTHER)
    play(scene)


def test_a_search_as_it_is_typed(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("slash", *"London 77")
            await stage.shows("1 call", "(77)")
            await stage.press("enter", "c")
            await stage.shows("What should it have been?")
            await stage.press("escape", "slash", "escape")
            await begun(stage)

    play(scene)


def test_one_call_whole(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger", (80, 60)) as stage:
            await begun(stage)
            await stage.press(*"jjjjjj", "enter")
            await stage.shows(
                "decompose by local", learnt.id_of(393), "0.930 against 0.800",
                "frontier unseen, as a check", "mean_logprob -0.031", "Ada Lovelace | birthPlace",
            )  # fmt: skip
            await stage.press("minus")
            await stage.shows("−")

    play(scene)
    assert [one.rating for one in story_of(used.stores, learnt.id_of(393)).feedback] == [-1]


def test_a_correction_is_kept_and_what_is_none_is_not_lost(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("c")
            await stage.shows("What should it have been?", "birthPlace | London")
            await stage.press(*" | x", "ctrl+s")
            await stage.shows("is no fact", "birthPlace | London | x")
            await stage.press(*["backspace"] * 4, *["backspace"] * 6, *"Paris", "ctrl+s")
            await stage.shows("✎")

    play(scene)
    told = story_of(used.stores, NEWEST)
    assert [json.loads(one.output or "") for one in told.feedback] == [
        {"triples": [["Ada Lovelace", "birthPlace", "Paris"]]}
    ]
    assert [one.origin for one in told.examples] == ["correction"]


def test_forgetting_asks_first(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.press("x")
            await stage.shows("Forget this call for good?")
            await stage.press("escape")
            assert used.stores.ledger.get(NEWEST)
            await stage.press("x")
            await stage.shows("Forget it")
            await stage.press("y")
            await stage.until(lambda: not used.stores.ledger.search("399"))
            await stage.hides("(399)")

    play(scene)


def test_a_second_app_reads_only(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger", read_only=True) as stage:
            await begun(stage)
            await stage.press("c", "x", "minus")
            await stage.press("j", "enter", "minus")
            await stage.shows("(398)")
            assert "Forget this call" not in stage.text

    play(scene)
    assert used.stores.ledger.feedback(learnt.id_of(398)) == []


def test_one_day_by_name(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "ledger") as stage:
            await begun(stage)
            await stage.until(lambda: stage.app.registry.slash("find"))
            day, find = (stage.app.registry.slash(name) for name in ("day", "find"))
            assert day
            assert find
            await stage.app.perform(day, "2020-03-02")
            await stage.shows("d 2020-03-02", "(199)")
            await stage.press("G")
            await stage.shows("100 calls", "(100)")
            await stage.app.perform(day, "the third")
            await stage.shows("is not a day")
            await stage.app.perform(find, "London 5")
            await stage.shows("none found")

    play(scene)


def test_what_is_hostile_is_only_printed(valence: Valence, utc: None) -> None:
    output = json.dumps({"triples": [[HOSTILE, HOSTILE, HOSTILE]]})
    call = Call(
        boundary="decompose", input=HOSTILE, output=output, route=HOSTILE, reason=HOSTILE,
        domain=HOSTILE, attempts=(),
    )  # fmt: skip

    async def scene() -> None:
        async with opened(valence, "ledger", (120, 36)) as stage:
            await stage.shows("1 call", "[/b][b + x]")
            await stage.press("enter")
            await stage.shows("Decision")
            await stage.press("c")
            await stage.shows("What should it have been?")
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(stage.text)

    valence.stores.ledger.record(call)
    play(scene)


def test_before_the_first_call(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "ledger") as stage:
            await stage.shows("No calls yet")
            await stage.press("c", "x", "enter", "G", "escape")
            await stage.shows("No calls yet")

    play(scene)
