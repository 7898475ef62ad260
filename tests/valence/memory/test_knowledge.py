"""Learning into the graph: names, repeated and disagreeing facts, likeness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from store.database import Database
from store.graph import Graph, Provenance
from store.sources import Source, Sources
from valence.memory.alike import AlikeNames, AlikePlaces
from valence.memory.knowledge import Knowledge

if TYPE_CHECKING:
    from store.vectors import Matrix

TOLD = Provenance(confidence=0.6)


class Letters:
    """Names by their pairs of letters: enough likeness to test what is made of it."""

    name = "letters"

    def embed(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), 27 * 27), np.float32)
        for row, text in zip(rows, texts, strict=True):
            places = [max(0, ord(c) - 96) % 27 for c in text.casefold()]
            for a, b in zip([0, *places], [*places, 0], strict=True):
                row[27 * a + b] += 1
        unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    db = Database(tmp_path / "home" / "valence.db")
    yield Graph(db)
    db.close()


def source(graph: Graph) -> str:
    return Sources(graph.db).add(Source(kind="note")).id


def test_triples_become_facts_with_their_source(graph: Graph) -> None:
    knowledge, note = Knowledge(graph), source(graph)
    stated = Provenance(source_id=note, span_start=3, span_end=9)
    facts = knowledge.learn(
        [("Ada", "bornIn", "London"), ("Ada", "bornIn", "London"), ("Ada", " ", "x")], stated
    )
    (fact,) = facts
    assert fact.triple == ("Ada", "bornIn", "London")
    assert (fact.relation_folded, fact.source_id, fact.span_end) == ("born in", note, 9)
    assert graph.facts(source=note) == facts
    assert knowledge.learn([], TOLD) == []


def test_the_same_fact_otherwise_written_is_reinforced(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    (first,) = knowledge.learn([("Ada Lovelace", "bornIn", "London")], TOLD)
    (again,) = knowledge.learn([("ada lovelace", "born_in", "LONDON")], TOLD)
    assert (again.id, again.relation) == (first.id, "bornIn")
    assert again.confidence == pytest.approx(0.84)
    assert graph.count() == 1


def test_the_same_of_another_time_is_another_fact(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    knowledge.learn([("Ada", "mayor of", "Rome")], TOLD, valid_from="1990", valid_to="1994")
    knowledge.learn([("Ada", "mayor of", "Rome")], TOLD, valid_from="2002")
    assert len(graph.facts(relation="mayor of")) == 2
    assert len(graph.facts(relation="mayor of", valid_at="1991")) == 1


def test_names_of_other_letters_are_never_joined_by_likeness_alone(graph: Graph) -> None:
    knowledge = Knowledge(graph, AlikeNames(graph, Letters()))
    knowledge.learn([("Werder Bremen", "ground", "Weserstadion")], TOLD)
    knowledge.learn([("Werder Bremens", "ground", "Platz"), ("Zzz", "is", "far")], TOLD)
    assert knowledge.find("Werder Bremens") != knowledge.find("Werder Bremen")
    club = knowledge.find("Werder Bremen")
    assert graph.candidates() == [("werder bremens", club)]


def test_names_that_differ_in_accents_are_joined_and_can_be_parted(graph: Graph) -> None:
    knowledge = Knowledge(graph, AlikeNames(graph, Letters()))
    knowledge.learn([("Zürich Nord Station", "country", "Switzerland")], TOLD)
    (fact,) = knowledge.learn([("Zurich Nord Station", "line", "S6")], TOLD)
    assert fact.subject == "Zürich Nord Station"
    twin = graph.spelled("zurich nord station")
    assert twin is not None
    assert twin.merged_into == fact.subject_id
    graph.unmerge(twin.id)
    assert [f.subject for f in graph.facts(relation="line")] == ["Zurich Nord Station"]


def test_other_numbers_are_other_things(graph: Graph) -> None:
    knowledge = Knowledge(graph, AlikeNames(graph, Letters()))
    knowledge.learn([("Apollo program flight 11", "landed on", "Moon")], TOLD)
    knowledge.learn([("Apollo program flight 12", "landed on", "Moon")], TOLD)
    assert graph.candidates() == []
    assert graph.count() == 2


def test_names_learnt_before_they_could_be_compared_are_compared_later(graph: Graph) -> None:
    Knowledge(graph).learn(
        [("Zürich Nord Station", "is", "big"), ("Zurich Nord Station", "is", "old")], TOLD
    )
    names = AlikeNames(graph, Letters())
    embedded = names.catch_up()
    assert len(embedded) == 4
    assert names.catch_up() == []
    Knowledge(graph, names).resolve(embedded)
    assert {f.subject for f in graph.facts(relation="is")} == {"Zürich Nord Station"}


def learn_births(knowledge: Knowledge, people: int) -> None:
    knowledge.learn([(f"Person {i}", "born in", f"Town {i % 7}") for i in range(people)], TOLD)


def test_what_disagrees_is_kept_and_shown(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    learn_births(knowledge, 20)
    (other,) = knowledge.learn([("Person 3", "bornIn", "Elsewhere")], TOLD)
    (found,) = knowledge.contradictions()
    assert (found.subject, found.relation) == ("Person 3", "born in")
    assert [f.object for f in found.facts] == ["Elsewhere", "Town 3"]
    assert knowledge.contradictions([other.subject_id]) == [found]
    assert knowledge.contradictions([other.object_id]) == []
    assert knowledge.contradictions(limit=0) == []


def test_relations_with_many_objects_and_times_apart_do_not_disagree(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    knowledge.learn([(f"P{i}", "likes", f"thing {i + j}") for i in range(20) for j in (0, 1)], TOLD)
    assert knowledge.contradictions() == []
    for i in range(20):
        knowledge.learn([(f"P{i}", "lives in", "Rome")], TOLD, valid_to="2001")
    knowledge.learn([("P1", "lives in", "Oslo")], TOLD, valid_from="2001")
    assert knowledge.contradictions() == []
    knowledge.learn([("P1", "lives in", "Bern")], TOLD, valid_from="2000")
    (found,) = knowledge.contradictions()
    assert len(found.facts) == 3


def test_few_examples_do_not_make_a_relation_functional(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    knowledge.learn([(f"Person {i}", "plays", f"game {i}") for i in range(5)], TOLD)
    knowledge.learn([("Person 3", "plays", "Go")], TOLD)
    assert knowledge.contradictions() == []


def test_nobody_has_two_ages_however_little_is_known(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    knowledge.learn([("Eva", "age", "30"), ("Eva", "likes", "tea")], TOLD)
    knowledge.learn([("Eva", "age", "31"), ("Eva", "likes", "cake")], TOLD)
    (found,) = knowledge.contradictions()
    assert (found.relation, {fact.object for fact in found.facts}) == ("age", {"30", "31"})


def test_what_says_the_same_more_exactly_does_not_disagree(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    dates = ("1980", "3 May 1980", "May 1980")
    knowledge.learn([("Tom", "birthDate", date) for date in dates], TOLD)
    assert knowledge.contradictions() == []
    knowledge.learn([("Tom", "birthDate", "1981")], TOLD)
    (found,) = knowledge.contradictions()
    assert len(found.facts) == 4


def test_what_is_known_of_many_tells_better_than_the_name_of_a_relation(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    knowledge.learn([(f"Land {i}", "capital", f"{n} {i}") for i in range(12) for n in "AB"], TOLD)
    assert knowledge.contradictions() == []


def test_a_correction_takes_the_place_of_a_fact(graph: Graph) -> None:
    knowledge = Knowledge(graph)
    (old,) = knowledge.learn([("Ada", "born in", "Paris")], TOLD)
    new = knowledge.correct(old.id, ("Ada", "born in", "London"), TOLD)
    assert new.origin == "correction"
    assert graph.facts() == [new]
    assert graph.get(old.id).superseded_by == new.id
    assert knowledge.correct(new.id, new.triple, TOLD).superseded_at is None


def test_entities_alike_by_name_and_after_fitting_by_place(graph: Graph) -> None:
    names = AlikeNames(graph, Letters())
    knowledge, places = Knowledge(graph, names), AlikePlaces(graph, names)
    assert not places.due
    groups = {"A": "north", "B": "south"}
    knowledge.learn(
        [(f"{g} member {i}", "in", f"{side} club {i % 5}")
         for g, side in groups.items() for i in range(30)]
        + [(f"{g} member {i}", "in", f"{side} club {(i + 1) % 5}")
           for g, side in groups.items() for i in range(30)],
        TOLD,
    )  # fmt: skip
    here = knowledge.find("A member 3")
    assert here is not None
    before = places.similar(here.id, 3)
    assert len(before) == 3
    assert here not in [entity for entity, _ in before]
    assert places.due
    places.fit()
    assert not places.due
    after = places.similar(here.id, 3)
    assert {entity.name[0] for entity, _ in after} <= {"A", "n"}
    assert all(-1.001 <= likeness <= 1.001 for _, likeness in after)
    assert places.similar("nobody") == []


def test_vectors_in_memory_follow_the_database(graph: Graph) -> None:
    names = AlikeNames(graph, Letters())
    knowledge = Knowledge(graph, names)
    assert names.near(["Ada"], 5) == [[]]
    (fact,) = knowledge.learn([("Ada", "knows", "Bob")], TOLD)
    assert names.near(["Ada"], 1)[0][0] == (fact.subject_id, pytest.approx(1.0))
    knowledge.learn([("Cyd", "knows", "Bob")], TOLD)
    assert len(names.near(["Ada"], 9)[0]) == 3
    graph.forget_fact(fact.id)
    assert len(names.near(["Ada"], 9)[0]) == 2
