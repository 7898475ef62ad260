"""The opened memory: texts in, finds out, vectors later, things taken away again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.errors import UnknownId
from tests.meaning import WordMeaning
from valence.app import Valence
from valence.boundaries import get
from valence.errors import InvalidInput
from valence.memory.memory import Memory
from valence.memory.retrieval import Filters

TEXT = "Ada Lovelace was born in London."
FACT = ("Ada Lovelace", "birthPlace", "London")

Open = Callable[..., Valence]


@pytest.fixture
def app(open_app: Open) -> Valence:
    return open_app()


def with_meaning(app: Valence, embedder: WordMeaning) -> Memory:
    def decompose(text: str, episode: str | None, hear: Any) -> Any:
        return app.router.call(get("decompose"), text, episode)

    return Memory(app.stores.database, app.locations.episodic, embedder, decompose)  # type: ignore[arg-type]


def test_a_text_becomes_facts_with_all_that_is_known_of_their_origin(app: Valence) -> None:
    kept = app.memory.remember(f"Listen: it rains. {TEXT}")
    (fact,) = [fact for fact in kept.facts if fact.triple == FACT]
    assert kept.answer is not None
    assert (fact.source_id, fact.call_id) == (kept.source.id, kept.answer.call.id)
    (chunk,) = app.memory.episodes.of_source(kept.source.id)
    assert (chunk.kind, chunk.call_id, fact.chunk_id) == ("episode", fact.call_id, chunk.id)
    assert chunk.text[fact.span_start : fact.span_end] == "Ada Lovelace was born in London"
    assert app.stores.ledger.get(fact.call_id or "").input == chunk.text


def test_the_same_note_is_kept_once(app: Valence) -> None:
    first, again = app.memory.remember(TEXT), app.memory.remember(TEXT)
    assert again.answer is None
    assert again.source.id == first.source.id
    assert [fact.id for fact in again.facts] == [fact.id for fact in first.facts]
    assert app.memory.episodes.count() == 1
    assert len(app.stores.ledger.list("decompose")) == 1


def test_what_two_processes_are_told_at_once_is_kept_once(app: Valence) -> None:
    other = app.memory

    def decompose(text: str, episode: str | None, hear: Any) -> Any:
        other.remember(text)  # while this one reads it
        return app.router.call(get("decompose"), text, episode)

    mine = Memory(app.stores.database, app.locations.episodic, WordMeaning(), decompose)  # type: ignore[arg-type]
    kept = mine.remember(TEXT)
    (source,) = other.sources.list()
    assert (kept.source.id, [fact.triple for fact in kept.facts]) == (source.id, [FACT])
    assert other.episodes.count() == 1


def test_other_words_for_the_same_make_the_fact_surer(app: Valence) -> None:
    (fact,) = app.memory.remember(TEXT).facts
    (again,) = app.memory.remember("Ada Lovelace was born in London!").facts
    assert again.id == fact.id
    assert again.confidence > fact.confidence


def test_a_text_is_kept_whole_or_not_at_all(app: Valence, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("by the test")

    monkeypatch.setattr(app.memory.knowledge, "learn", fail)
    with pytest.raises(RuntimeError):
        app.memory.remember(TEXT)
    assert app.memory.episodes.count() == 0
    assert app.memory.sources.list() == []
    monkeypatch.undo()
    assert app.memory.remember(TEXT).facts


def test_what_is_no_text_is_refused_and_leaves_nothing(app: Valence) -> None:
    for text in ("", "  \n ", "half a pair \ud800"):
        with pytest.raises(InvalidInput):
            app.memory.remember(text)
    assert app.memory.sources.list() == []


def test_secrets_are_masked_before_they_are_kept(app: Valence) -> None:
    app.memory.remember("My password is hunter2x and Ada was born in Rome.")
    everything = "\n".join(app.stores.database.connection.iterdump())
    assert "hunter2x" not in everything
    assert "[masked:password]" in everything


def test_without_an_embedding_model_words_and_structure_still_find(app: Valence) -> None:
    app.memory.remember(TEXT)
    assert app.memory.embedder is None
    assert "not on this machine" in app.memory.model_problem
    assert app.memory.search("Where was Ada Lovelace born?").items[0].triple == FACT
    assert app.memory.search("Lovelace", "vector").items == ()
    assert (app.memory.waiting(), app.memory.catch_up()) == (1, 0)


def test_texts_wait_for_their_vectors_and_are_found_by_meaning_then(app: Valence) -> None:
    app.memory.remember("The physician keeps a small dwelling.")
    memory = with_meaning(app, WordMeaning())
    assert memory.waiting() == 1
    assert memory.search("doctor home", "vector").items == ()
    seen: list[tuple[int, int]] = []
    assert memory.catch_up(progress=lambda done, all_: seen.append((done, all_))) == 1
    assert (memory.waiting(), seen) == (0, [(1, 1)])
    (item,) = memory.search("doctor home", "vector").items
    assert (item.kind, item.reason) == ("episode", "near in meaning")
    assert memory.search("doctor home", "text").items == ()


def test_another_model_embeds_everything_anew(app: Valence) -> None:
    first = with_meaning(app, WordMeaning("old@1"))
    first.remember(TEXT)
    first.catch_up()
    second = with_meaning(app, WordMeaning("new@1"))
    assert second.waiting() == 1
    second.catch_up()
    assert second.episodes.vectors.models("chunk") == {"new@1": 1}


def test_a_quick_search_never_asks_the_model(app: Valence) -> None:
    meaning = WordMeaning()
    memory = with_meaning(app, meaning)
    memory.remember(TEXT)
    memory.search("Where was Ada Lovelace born?", quick=True)
    assert meaning.embedded == []


def test_relations_are_compared_by_meaning_where_no_word_is_shared(app: Valence) -> None:
    memory = with_meaning(app, WordMeaning())
    memory.knowledge.learn([("Ada", "home", "Ockham"), ("Ada", "likes", "tea")], _told())
    found = memory.search("What abode, Ada?", "graph")
    assert found.items[0].triple == ("Ada", "home", "Ockham")
    assert found.items[0].reason.startswith("meaning")


def test_a_source_is_forgotten_with_all_that_it_alone_said(app: Valence) -> None:
    memory = app.memory
    first = memory.remember(TEXT)
    second = memory.remember("Ada Lovelace was born in London. Rex is a dog.")
    assert memory.forget(second.source.id[:30]) == ("source", second.source.id)
    assert [fact.triple for fact in memory.graph.facts()] == [FACT]
    assert memory.search("Rex dog").items == ()
    assert memory.sources.get(second.source.id).state == "gone"
    memory.forget(first.source.id)
    assert memory.graph.facts() == []
    assert memory.episodes.count() == 0
    assert "Lovelace" not in str([memory.sources.list()])
    assert memory.remember(TEXT).answer is not None


def test_a_fact_is_forgotten_alone(app: Valence) -> None:
    kept = app.memory.remember("Ada Lovelace was born in London in 1815.")
    assert app.memory.forget(kept.facts[0].id) == ("fact", kept.facts[0].id)
    assert len(app.memory.graph.facts()) == len(kept.facts) - 1
    with pytest.raises(UnknownId):
        app.memory.forget("nothing")


def test_sources_are_named_by_id_title_or_place(app: Valence, tmp_path: Path) -> None:
    memory = app.memory
    at = memory.remember("Rex is a dog.", place=str(tmp_path / "notes" / "a.md")).source
    memory.remember("Tom is a cat.", place=str(tmp_path / "notes2" / "b.md"))
    for given in (at.id, at.id[:30], at.place, at.title, str(tmp_path / "notes")):
        assert memory.sources_at(given) == {at.id}
    found = memory.search("is a", "text", filters=Filters(sources=memory.sources_at(at.title)))
    assert {item.source for item in found.items} <= {at.id}
    with pytest.raises(UnknownId):
        memory.sources_at("elsewhere")


def _told() -> Any:
    from store.graph import Provenance

    return Provenance()
