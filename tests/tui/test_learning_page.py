"""The page Learning as a person uses it: looked at, steered, compared, promoted, rolled back."""

from __future__ import annotations

import pytest

from tests.tui import learnt
from tests.tui.playing import opened, play
from valence.app import Valence


@pytest.fixture
def used(valence: Valence, utc: None) -> Valence:
    learnt.fill(valence)
    return valence


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_how_it_looks(used: Valence, size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with opened(used, "learning", size) as stage:
            await stage.shows("45%", "Gate open", "loss", "training")
            await stage.until(lambda: "training" in stage.text.splitlines()[0])
            await stage.looks(f"learning-{size[0]}x{size[1]}")

    learnt.train(used)
    play(scene)


def test_before_the_first_call(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "learning") as stage:
            await stage.shows("No calls yet", "Gate closed", "not checked yet", "1,000")
            await stage.looks("learning-empty-80x24")
            await stage.press("t")
            await stage.shows("is not on")

    play(scene)


def test_the_boundary_that_is_chosen(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "learning") as stage:
            await stage.shows("Gate open", "Adapters")
            await stage.press("j")
            await stage.shows("Gate closed", "No calls yet")
            await stage.press("k")
            await stage.shows("Gate open", "Adapters")

    play(scene)


def test_a_run_is_watched_held_and_ended(used: Valence) -> None:
    run = learnt.train(used)
    folder = used.locations.runs / run.id

    async def scene() -> None:
        async with opened(used, "learning") as stage:
            await stage.shows("30%", "left")
            await stage.press("tab", "enter")
            await stage.shows("step 60 of 200", "812 tokens/s", "validation loss", "curating")
            used.stores.runs.metric(run.id, 100, {"loss": 0.5, "tokens_per_s": 812.0})
            await stage.shows("step 100 of 200", "50%")
            await stage.press("p")
            await stage.shows("paused")
            assert (folder / "PAUSE").exists()
            await stage.press("p")
            await stage.hides(" · paused")
            assert not (folder / "PAUSE").exists()
            await stage.press("s")
            await stage.shows("Stop the run that is training?")
            await stage.press("escape")
            assert not (folder / "STOP").exists()
            await stage.press("s")
            await stage.shows("Stop it")
            await stage.press("y")
            await stage.shows("stopping")
            assert (folder / "STOP").exists()

    play(scene)


def test_an_adapter_item_by_item_and_promoted(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "learning", (100, 30)) as stage:
            await stage.shows("Adapters")
            await stage.press("tab", "G", "enter")
            await stage.shows(
                "decompose: retired", "…aaaaaa (retired) ← tiny-base",
                "4 of 10 held-out items on which they differ", "base 20.0%, candidate 60.0%",
                "✗ base", "✓ candidate",
            )  # fmt: skip
            await stage.press("d")
            await stage.shows("10 of 10 held-out items that all have answered")
            await stage.press("P")
            await stage.shows("Serve decompose by the adapter …aaaaaa?")
            await stage.press("y")
            await stage.shows("…aaaaaa serves decompose")

    play(scene)
    active = used.stores.adapters.active("decompose")
    assert active is not None
    assert active.id == learnt.OLD


def test_rolling_back_asks_first(used: Valence) -> None:
    def serving() -> str | None:
        adapter = used.stores.adapters.active("decompose")
        return adapter.id if adapter else None

    async def scene() -> None:
        async with opened(used, "learning") as stage:
            await stage.shows("Adapters")
            await stage.press("b")
            await stage.shows("Serve what served decompose before?")
            await stage.press("n")
            assert serving() == learnt.NEW
            await stage.press("b")
            await stage.shows("Roll back")
            await stage.press("y")
            await stage.until(lambda: serving() == learnt.OLD)
            await stage.shows("decompose is served as before")

    play(scene)


def test_previous_and_candidate_stand_beside_the_base(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "learning", (100, 30)) as stage:
            await stage.shows("Adapters")
            await stage.press("tab", "G", "k", "enter")
            await stage.shows(
                "…bbbbbb (active) ← …aaaaaa (retired) ← tiny-base", "✗ base", "✓ previous",
                "base 20.0%, previous 60.0%, candidate 90.0%",
            )  # fmt: skip
            assert "Promote" not in stage.text

    play(scene)


def test_what_other_processes_do_shows(used: Valence) -> None:
    async def scene() -> None:
        async with opened(used, "learning") as stage:
            await stage.shows("400 calls")
            used.stores.ledger.record(learnt.by_frontier(400))
            await stage.shows("401 calls")

    play(scene)


def test_a_second_app_steers_nothing(used: Valence) -> None:
    run = learnt.train(used)

    async def scene() -> None:
        async with opened(used, "learning", read_only=True) as stage:
            await stage.shows("30%")
            await stage.press("p", "s", "b", "t", "tab", "enter", "p", "s")
            await stage.shows("step 60 of 200")

    play(scene)
    assert not list((used.locations.runs / run.id).iterdir())
