"""Which pairs of names are asked about first: names, links, and what the answers taught of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.candidates import Candidates
from store.database import Database
from store.graph import Entity, Graph, Provenance
from tests.meaning import WordMeaning
from valence.memory.alike import AlikeNames, AlikePlaces
from valence.memory.knowledge import Knowledge
from valence.memory.likeliest import Likeliest, Likeness, fit_weight

TOLD = Provenance()


class Mind:
    """A graph whose names have vectors."""

    def __init__(self, db: Database) -> None:
        self.graph = Graph(db)
        self.names = AlikeNames(self.graph, WordMeaning())
        self.knowledge = Knowledge(self.graph)
        self.candidates = Candidates(db)
        self.likeliest = Likeliest(self.graph, "words@1")

    def tell(self, name: str, *others: str) -> Entity:
        self.knowledge.learn([(name, "knows", other) for other in others], TOLD)
        self.names.catch_up()
        entity = self.knowledge.find(name)
        assert entity is not None
        return entity

    def pair(self, number: int, shared: int) -> tuple[Entity, Entity]:
        """Two names of no common word, with so many neighbours in common."""
        both = [f"friend{number}x{i}" for i in range(shared)]
        one, other = f"one{number}", f"other{number}"
        return self.tell(one, f"own{number}", *both), self.tell(other, f"its{number}", *both)


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[Mind]:
    db = Database(tmp_path / "valence.db")
    yield Mind(db)
    db.close()


def test_until_something_was_answered_the_names_decide(mind: Mind) -> None:
    alike = mind.tell("the home of Ada", "x"), mind.tell("the abode of Ada", "y")
    sharing = mind.pair(1, shared=3)
    assert mind.likeliest([sharing, alike]) == [alike, sharing]
    assert mind.likeliest([]) == []


def test_links_count_where_the_answers_say_that_they_tell(mind: Mind) -> None:
    for number in range(4):
        mind.candidates.join(*mind.pair(number, shared=3))
        mind.candidates.part(*mind.pair(10 + number, shared=0))
    assert mind.likeliest.weight() > 0
    few, many = mind.pair(20, shared=0), mind.pair(21, shared=6)
    assert mind.likeliest([few, many]) == [many, few]


def test_links_count_against_or_nothing_where_they_mislead(mind: Mind) -> None:
    for number in range(4):
        mind.candidates.part(*mind.pair(number, shared=3))
        mind.candidates.join(*mind.pair(10 + number, shared=0))
    assert mind.likeliest.weight() <= 0
    few, many = mind.pair(20, shared=0), mind.pair(21, shared=6)
    assert mind.likeliest([many, few])[0] == few


def test_the_weight_is_nought_where_the_names_tell_as_well() -> None:
    pairs = [Likeness(0.9, 0.5), Likeness(0.8, 0.0), Likeness(0.3, 0.5), Likeness(0.2, 0.0)]
    assert fit_weight(pairs, [True, True, False, False]) == 0
    assert fit_weight(pairs, [True, True, True, True]) == 0
    assert fit_weight([], []) == 0


def test_names_linked_with_each_other_share_nothing(mind: Mind) -> None:
    for number in range(4):
        mind.candidates.join(*mind.pair(number, shared=3))
        mind.candidates.part(*mind.pair(10 + number, shared=0))
    apart, together = mind.pair(20, shared=3), mind.pair(21, shared=3)
    mind.tell(together[0].name, together[1].name)
    assert mind.likeliest([together, apart]) == [apart, together]


def test_two_names_in_one_place_of_the_graph_are_proposed(mind: Mind) -> None:
    for number in range(12):
        mind.tell(f"person{number}", f"town{number % 4}", f"club{number % 3}", f"job{number}")
    united = mind.tell("United Kingdom", "london", "pound", "king")
    uk = mind.tell("UK", "london", "pound", "king")
    places = AlikePlaces(mind.graph, mind.names)
    places.fit()
    mind.knowledge.propose(places.counterparts())
    proposed = [{one.id, other.id} for one, other in mind.candidates.unasked(99)]
    assert {united.id, uk.id} in proposed
    mind.candidates.part(united, uk)
    mind.knowledge.propose(places.counterparts())
    assert {united.id, uk.id} not in [{a.id, b.id} for a, b in mind.candidates.unasked(99)]
