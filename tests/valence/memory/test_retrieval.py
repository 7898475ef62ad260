"""Finding by structure, words and meaning in a real database, and what answers a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from store.episodes import Chunk, Episodes
from store.graph import Graph, Provenance
from store.sources import Source, Sources
from valence.conversation.answering import grounds, passage
from valence.conversation.questions import Question
from valence.memory.finds import fuse
from valence.memory.knowledge import Knowledge
from valence.memory.retrieval import Filters, Item, Retrieval, tokens

Triple = tuple[str, str, str]
TRIPLES: list[Triple] = [
    ("Ada Lovelace", "birthPlace", "London"),
    ("Ada Lovelace", "birthDate", "1815"),
    ("Ada Lovelace", "spouse", "William King"),
    ("William King", "birthPlace", "Ockham"),
    ("William King", "almaMater", "Cambridge"),
    ("England", "capital", "London"),
    ("England", "leaderName", "Charles III"),
    ("Solaris", "author", "Stanisław Lem"),
    ("Stanisław Lem", "birthPlace", "Lviv"),
    ("C++", "creator", "Bjarne Stroustrup"),
    ("I", "residence", "Berlin"),
    ("Aarhus Airport", "1st_runway_LengthFeet", "9111"),
]


class Mind:
    """A graph and texts of its own, and the answers that they give."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.graph = Graph(db)
        self.knowledge = Knowledge(self.graph)
        self.episodes = Episodes(db)
        self.retrieval = Retrieval(self.graph, self.episodes)

    def tell(self, text: str, source: str = "", at: str | None = None) -> str:
        chunk = Chunk(text=text, kind="episode", source_id=source or None)
        if at is not None:
            chunk = Chunk(text=text, source_id=source or None, recorded_at=at)
        self.episodes.add([chunk])
        return chunk.id

    def answers(self, text: str) -> list[str]:
        """The objects of the facts that answer."""
        found = self.retrieval.search(text, "graph")
        based = grounds(Question(text), found.items)
        return [fact.object for fact in based.answers] if based else []


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[Mind]:
    db = Database(tmp_path / "valence.db")
    mind = Mind(db)
    mind.knowledge.learn(TRIPLES, Provenance())
    yield mind
    db.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("What is the birthPlace of Ada Lovelace?", ["London"]),
        ("what is the birth place of ada lovelace", ["London"]),
        ("Where was Ada Lovelace born?", ["London"]),
        ("When was Ada Lovelace born?", ["1815"]),
        ("Where was Lovelace born?", ["London"]),
        ("Who is Ada Lovelace's spouse?", ["William King"]),
        ("Who leads England, by its leader name?", ["Charles III"]),
        ("Who is the creator of C++?", ["Bjarne Stroustrup"]),
        ("Where do I live?", ["Berlin"]),
        ("What is the 1st runway LengthFeet of Aarhus Airport?", ["9111"]),
        ("What is the birthPlace of the spouse of Ada Lovelace?", ["Ockham"]),
        ("Where was the author of Solaris born?", ["Lviv"]),
        ("What is the alma mater of Ada Lovelace's spouse?", ["Cambridge"]),
        # Not told, and nothing is made up from what is near to it.
        ("What is the death place of Ada Lovelace?", []),
        ("What is the boiling point of Solaris?", []),
        ("What is the birthPlace of Grace Hopper?", []),
        ("What is the birthDate of the spouse of Ada Lovelace?", []),
    ],
)
def test_questions_are_answered_by_one_fact_or_two(
    mind: Mind, question: str, answers: list[str]
) -> None:
    assert mind.answers(question) == answers


def test_the_way_to_an_answer_is_part_of_what_it_rests_on(mind: Mind) -> None:
    question = Question("What is the birthPlace of the spouse of Ada Lovelace?")
    based = grounds(question, mind.retrieval.search(question.text).items)
    assert based is not None
    assert [fact.triple for fact in based.facts] == [TRIPLES[2], TRIPLES[3]]


def test_a_question_without_a_relation_asks_for_all(mind: Mind) -> None:
    assert set(mind.answers("Who is Ada Lovelace?")) == {"London", "1815", "William King"}


def test_a_fact_is_read_from_either_end(mind: Mind) -> None:
    found = mind.retrieval.search("Who was born in Lviv?", "graph")
    based = grounds(Question("Who was born in Lviv?"), found.items)
    assert based is not None
    assert [fact.subject for fact in based.answers] == ["Stanisław Lem"]


def test_what_looks_back_is_about_what_is_given(mind: Mind) -> None:
    lem = mind.knowledge.find("Stanisław Lem")
    assert lem is not None
    found = mind.retrieval.search("Where was he born?", about=[lem])
    based = grounds(Question("Where was he born?"), found.items)
    assert based is not None
    assert based.answers[0].object == "Lviv"


def test_an_alias_names_its_entity(mind: Mind) -> None:
    ada = mind.knowledge.find("Ada Lovelace")
    assert ada is not None
    mind.graph.add_alias("countess of lovelace", ada.id, "told")
    assert mind.answers("Where was the Countess of Lovelace born?") == ["London"]


def test_a_hub_is_asked_by_relation(mind: Mind) -> None:
    mind.knowledge.learn(
        [("Rome", "capitalOf", "Italy"), *((f"Person {n}", "home", "Rome") for n in range(400))],
        Provenance(),
    )
    assert mind.answers("What is Rome the capital of?") == ["Italy"]


def test_each_mode_finds_in_its_own_way(mind: Mind) -> None:
    chunk = mind.tell("Otters build no dams; beavers do.")
    meaning = Retrieval(mind.graph, mind.episodes, lambda text, limit: [(chunk, 0.9)])
    query = "birthPlace of Ada Lovelace"
    assert {item.kind for item in meaning.search(query, "graph").items} == {"fact"}
    assert [item.id for item in meaning.search(query, "vector").items] == [chunk]
    by_words = meaning.search("who builds dams", "text").items
    assert (by_words[0].id, by_words[0].reason) == (chunk, "has words of it")
    hybrid = meaning.search(query, "hybrid").items
    assert hybrid[0].triple == TRIPLES[0]
    assert chunk in [item.id for item in hybrid]


def test_where_nothing_answers_something_like_it_suggests_and_never_answers(mind: Mind) -> None:
    mind.knowledge.learn([("Lem Prize", "awardedIn", "Kraków")], Provenance())
    lem = mind.knowledge.find("Stanisław Lem")
    assert lem is not None
    retrieval = Retrieval(mind.graph, mind.episodes, like=lambda entity_id, limit: [(lem, 0.9)])
    found = retrieval.search("What is the birth place of the Lem Prize?")
    suggested = {item.triple: item.reason for item in found.items}
    assert "Stanisław Lem is like Lem Prize" in suggested["Stanisław Lem", "birthPlace", "Lviv"]
    assert not found.relevant
    assert grounds(Question(found.queries[0]), found.items) is None
    answered = retrieval.search("Where was Ada Lovelace born?", "graph")
    assert all("is like" not in item.reason for item in answered.items)


def test_fused_ranks_are_reciprocal_and_add_up() -> None:
    def item(name: str) -> Item:
        return Item("chunk", name, name, None, 0.0, None, "", "why")

    a, b, c = item("a"), item("b"), item("c")
    fused = fuse({"text": [a, b], "meaning": [b, c]}, 3)
    assert [each.id for each in fused] == ["b", "a", "c"]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert fused[0].reason == "why"


def test_filters_of_time_and_source_hold_for_every_kind(mind: Mind) -> None:
    sources = Sources(mind.db)
    mine, other = (sources.add(Source(kind="note", title=title)) for title in ("mine", "other"))
    mind.knowledge.learn([("Otto", "pet", "otter")], Provenance(source_id=mine.id))
    kept = mind.tell("Otto has an otter.", mine.id)
    mind.tell("Otto has a badger.", other.id)
    old = mind.tell("Otto had a hamster.", mine.id, at="2001-01-01T00:00:00.000000Z")
    found = mind.retrieval.search("What pet does Otto have?", filters=Filters(
        since="2020-01-01", sources=frozenset({mine.id})
    ))  # fmt: skip
    assert {item.source for item in found.items} == {mine.id}
    assert kept in [item.id for item in found.items]
    early = mind.retrieval.search("Otto", filters=Filters(until="2002-01-01"))
    assert [item.id for item in early.items] == [old]


def test_finds_stay_within_the_budget(mind: Mind) -> None:
    mind.tell("dam " * 400)
    short = mind.tell("A dam is short.")
    found = mind.retrieval.search("dam", "text", budget=50)
    assert [item.id for item in found.items] == [short]
    assert sum(tokens(item.text) for item in found.items) <= 50


def test_a_query_that_finds_nothing_is_put_differently_twice_at_most(mind: Mind) -> None:
    asked: list[str] = []

    def meaning(text: str, limit: int) -> list[tuple[str, float]]:
        asked.append(text)
        return []

    england = mind.knowledge.find("England")
    assert england is not None
    mind.graph.add_alias("albion", england.id, "told")
    retrieval = Retrieval(mind.graph, mind.episodes, meaning)
    query = "What is the shoe size of England, please?"
    found = retrieval.search(query, "vector")
    assert not found.relevant
    assert list(found.queries) == asked
    assert asked == [query, "shoe size england albion", "England albion"]
    assert retrieval.search("Where was Ada Lovelace born?").queries == (
        "Where was Ada Lovelace born?",
    )
    assert retrieval.search("zebra stripes", "text").queries == ("zebra stripes",)


def test_a_passage_is_quoted_where_it_has_the_words(mind: Mind) -> None:
    mind.tell("Nothing here. The heron eats frogs at dawn. It sleeps at noon. " * 20)
    question = "When does the heron eat frogs?"
    quoted = passage(question, [item.text for item in mind.retrieval.search(question).items])
    assert quoted is not None
    assert quoted[1].startswith("The heron eats frogs at dawn.")
    assert len(quoted[1]) <= 400
    assert passage(question, ["Frogs sing.", "The heron eats frogs.", "Herons eat frogs."]) == (
        1,
        "The heron eats frogs.",
    )
    other = "What colour is a zebra?"
    assert passage(other, [item.text for item in mind.retrieval.search(other).items]) is None
    assert passage(other, []) is None


@pytest.mark.parametrize(
    "query", ["", "?", "'; DROP TABLE facts; --", '"', "NEAR(a b)", "a" * 5000, "the of and", "🎉"]
)
def test_any_query_is_answered_in_peace(mind: Mind, query: str) -> None:
    mind.tell("Some text.")
    for mode in ("hybrid", "text", "graph"):
        assert len(mind.retrieval.search(query, mode).items) <= 1  # type: ignore[arg-type]
