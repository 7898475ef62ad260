"""The page Memory as a person uses it: looked through, settled, synced, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import OptionList

from store.facts import Provenance
from tests.tui.playing import opened, play
from tui.widgets.listing import Listing
from tui.widgets.neighbourhood import draw
from valence.app import Valence
from valence.memory.neighbourhood import neighbourhood

TOLD = Provenance(confidence=0.6)
EVIL = "\x1b]52;c;eA==\x07 \x9d0;x\x9c \u202e [/ [b + x"


@pytest.fixture
def valence(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valence]:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("VALENCE_MEMORY__NOTES_DIR", str(notes))
    with Valence.open() as opened:
        yield opened


def fill(valence: Valence) -> None:
    """People and their places, the births of enough of them, and one told twice otherwise."""
    knowledge = valence.memory.knowledge
    knowledge.learn(
        [(f"Person {i}", "born in", f"Town {i}") for i in range(12)]
        + [("Person 3", "born in", "Elsewhere")],
        TOLD,
    )
    knowledge.learn(
        [
            ("Ada Lovelace", "birthPlace", "London"),
            ("Ada Lovelace", "wrote", "Notes on the Analytical Engine"),
            ("Lord Byron", "child", "Ada Lovelace"),
            ("London", "capital of", "United Kingdom"),
            ("London", "on", "Thames"),
        ],
        TOLD,
    )
    valence.memory.remember("Listen: it rains. Grace Hopper works for the Navy.")
    with valence.stores.database.transaction() as connection:
        for table in ("facts", "sources"):
            connection.execute(f"UPDATE {table} SET recorded_at = '2026-03-01T09:30:00.000000Z'")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("theme", ["dark", "ansi"])
def test_what_is_known_at_a_glance(valence: Valence, size: tuple[int, int], theme: str) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory", size) as stage:
            stage.app.theme = theme
            await stage.shows("Grace Hopper – employer – Navy  90% sure", "Documents 1")
            await stage.press("/", *"love", "enter")
            await stage.shows("Ada Lovelace – wrote – Notes on the", "60% sure")
            await stage.looks(f"memory-known-{size[0]}")
            await stage.press("c")
            await stage.shows("○ Elsewhere", "Person 3 – born in – Elsewhere")
            await stage.looks(f"memory-disagreements-{size[0]}")

    play(scene)


def test_what_is_found_meanwhile_takes_no_key_from_who_is_searching(valence: Valence) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper – employer – Navy")
            await stage.press("/", "l")
            await stage.hides("Grace Hopper")
            await stage.press(*"ove")
            await stage.shows("love", "Ada Lovelace – wrote")

    play(scene)


def test_a_fresh_memory_says_how_to_begin(valence: Valence) -> None:
    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Nothing is known yet", "Tell Valence something")
            await stage.press("c")
            await stage.shows("Nothing disagrees")
            await stage.press("d")
            await stage.shows("Nothing was read yet", "what changes is read by itself")
            await stage.press("e")
            await stage.shows("Nothing is known yet")

    play(scene)


def test_entities_are_found_and_walked_by_keys(valence: Valence) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper")
            await stage.press("/", *"ada", "enter", "enter")
            await stage.until(lambda: stage.app.focused and stage.app.focused.id == "facts")
            facts = stage.app.query_one("#facts", Listing)
            await stage.until(lambda: facts.option_count == 3)
            await stage.press("G")
            await stage.shows("Lord Byron – child – Ada Lovelace")
            await stage.press("enter")
            await stage.shows("Lord Byron ──")
            await stage.press("escape")
            await stage.shows("Ada Lovelace ─┼")
            await stage.press("escape")
            await stage.until(lambda: stage.app.focused and stage.app.focused.id == "entities")
            await stage.press("/", "escape")
            await stage.shows("Person 11")

    play(scene)


def test_the_mouse_chooses_too(valence: Valence) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper – employer")
            await stage.pilot.click("#entities", offset=(3, 2))
            await stage.shows("Lord Byron ──")
            await stage.pilot.click("SectionLine", offset=(20, 0))
            await stage.shows("○ Town 3")

    play(scene)


def test_what_holds_is_chosen_and_can_be_taken_back(valence: Valence) -> None:
    fill(valence)
    graph = valence.memory.graph

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Disagreements 1")
            await stage.press("c")
            await stage.shows("Person 3 – born in – Elsewhere")
            await stage.press("j", "enter")
            await stage.shows("Nothing disagrees")
            (gone,) = graph.facts(include_superseded=True, relation="born in", limit=1)
            assert gone.object == "Elsewhere"
            assert gone.superseded_at is not None
            await stage.press("u")
            await stage.shows("○ Elsewhere", "○ Town 3")
            assert graph.get(gone.id).superseded_at is None

    play(scene)


def test_a_superseded_fact_is_shown_as_such_and_believed_again(valence: Valence) -> None:
    fill(valence)
    graph = valence.memory.graph
    (fact,) = graph.facts(relation="wrote")
    graph.supersede(fact.id)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper")
            await stage.press("/", *"notes on", "enter", "enter")
            await stage.shows("believed no longer since")
            await stage.press("b")
            await stage.hides("believed no longer since")
            assert graph.get(fact.id).superseded_at is None

    play(scene)


def test_forgetting_asks_with_all_that_goes(valence: Valence) -> None:
    fill(valence)
    (fact,) = valence.memory.graph.facts(relation="employer")

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper – employer – Navy")
            await stage.press("enter", "x")
            await stage.shows(
                "Forget the fact Grace Hopper – employer – Navy?",
                "Goes     1 fact, 2 names",
                "1 call in the ledger that read it",
                "no adapter was trained on it",
                "Goes     1 fact, 2 names, 1 text, 1 call",
            )
            await stage.looks("memory-forgetting-80")
            await stage.press("enter")  # the focus is on what keeps it
            await stage.shows("Disagreements")
            assert valence.memory.graph.get(fact.id) == fact
            await stage.press("x")
            await stage.shows("With its calls")
            await stage.press("c")
            await stage.hides("Grace Hopper")
            assert valence.stores.ledger.list() == []
            assert valence.memory.episodes.count() == 0

    play(scene)


def test_documents_are_brought_in_and_say_what_became_of_them(
    valence: Valence, tmp_path: Path
) -> None:
    (tmp_path / "notes" / "crabs.md").write_text("# Crabs\n\nCrabs eat algae.\n")
    (tmp_path / "notes" / "photo.png").write_bytes(b"\x89PNG")

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.press("d", "s")
            await stage.shows("✓ read", "crabs.md", "1 text ", "– skipped", "photo.png")
            await stage.press("/", *"skipped", "enter")
            await stage.hides("crabs.md")
            await stage.shows("– skipped: ")
            await stage.press("/", "escape", "g")
            await stage.press("x")
            await stage.shows("Forget the source", "stays in its folder")
            await stage.press("escape", "S")
            await stage.shows("Read facts out of the notes?")
            await stage.press("y")
            await stage.shows("1 text      1 fact")

    play(scene)


def test_what_changes_in_the_notes_folder_is_read_by_itself(
    valence: Valence, tmp_path: Path
) -> None:
    note = tmp_path / "notes" / "owls.md"

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.press("d")
            await stage.shows("Nothing was read yet")
            note.write_text("# Owls\n\nOwls eat mice.\n")
            await stage.shows("✓ read", "owls.md", "1 text ")
            note.unlink()
            await stage.shows("× gone", "owls.md")

    play(scene)


def test_who_only_reads_changes_nothing(valence: Valence) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory", read_only=True) as stage:
            await stage.shows("Disagreements 1")
            await stage.press("x", "c")
            await stage.shows("○ Elsewhere")
            await stage.press("enter", "h", "x", "b", "u")
            await stage.pilot.pause(0.2)
            assert "○ Elsewhere" in stage.text
            assert "Forget the" not in stage.text

    play(scene)


def test_untrusted_names_and_texts_are_only_text(valence: Valence) -> None:
    valence.memory.knowledge.learn([(f"Tom {EVIL}", f"is {EVIL}", f"baker {EVIL}")], TOLD)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Tom �]52;c;eA==�", "[/ [b + x")
            assert stage.text.replace("\n", "").isprintable()
            await stage.press("x")
            await stage.shows("Forget the entity Tom")
            assert stage.text.replace("\n", "").isprintable()

    play(scene)


@pytest.mark.parametrize("width", [40, 46, 60, 84, 120])
@pytest.mark.parametrize("height", [1, 4, 8, 20])
def test_a_drawing_fits_and_is_always_the_same(valence: Valence, width: int, height: int) -> None:
    learn = valence.memory.knowledge.learn
    hub = [("Hub of all", "links to the far", f"Name {i} 東京都庁舎") for i in range(9)]
    learn([*hub, *((f"Name {i} 東京都庁舎", "on", f"End {i % 4}") for i in range(6))], TOLD)
    graph = valence.memory.graph
    place = neighbourhood(graph, valence.memory.entity("Hub of all"))
    drawn = draw(place, width, height)
    assert drawn == draw(place, width, height)
    lines = drawn.split("\n")
    assert len(lines) <= max(2, height)
    assert all(line.cell_length <= width for line in lines)


def test_a_drawing_shows_two_hops_where_there_is_room(valence: Valence) -> None:
    fill(valence)
    place = neighbourhood(valence.memory.graph, valence.memory.entity("Ada Lovelace"))
    assert draw(place, 100, 9).plain == (
        "              ╭─ birthPlace ─▸ London             ─┬─ capital of ─▸ United Kingdom\n"
        "              │                                    ╰─ on ─────────▸ Thames\n"
        "Ada Lovelace ─┼─ wrote ──────▸ Notes on the Anal…\n"
        "              ╰◂ child ─────── Lord Byron"
    )
    assert draw(place, 46, 3).plain == (
        "              ╭─ birthPlace ─▸ London +2\n"
        "Ada Lovelace ─┼─ wrote ──────▸ Notes on t…\n"
        "              ╰◂ child ─────── Lord Byron"
    )


def test_a_list_keeps_its_place_when_it_is_filled_anew(valence: Valence) -> None:
    fill(valence)

    async def scene() -> None:
        async with opened(valence, "memory") as stage:
            await stage.shows("Grace Hopper – employer")
            await stage.press("j", "j")
            entities = stage.app.query_one("#entities", OptionList)
            chosen = entities.highlighted_option
            valence.memory.knowledge.learn([("New", "is", "newer")], TOLD)
            stage.app.page.refresh_from_store()
            await stage.shows(" New ")
            assert chosen is not None
            assert entities.highlighted_option is not None
            assert entities.highlighted_option.id == chosen.id

    play(scene)
