"""Looking at what is known: entities, what is around them, who said it, what holds, what goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from store.adapters import Adapter
from store.entity_search import named_like, told_lately
from store.errors import IllegalTransition, UnknownId
from store.examples import RANKS, Example
from store.facts import Provenance
from store.sources import Source
from valence.app import Valence
from valence.forgetting import forget, rehearse
from valence.memory.about import facts_about, statements
from valence.memory.neighbourhood import neighbourhood

Open = Callable[..., Valence]
TOLD = Provenance(confidence=0.6)


@pytest.fixture
def app(open_app: Open) -> Valence:
    return open_app()


def learn(app: Valence, *triples: tuple[str, str, str]) -> None:
    app.memory.knowledge.learn(triples, TOLD)


def test_entities_told_of_lately_come_first_with_their_facts(app: Valence) -> None:
    learn(app, ("Ada", "knows", "Bob"), ("Ada", "born in", "London"), ("Bob", "knows", "Cyd"))
    found = told_lately(app.stores.database)
    assert [(each.entity.name, each.facts) for each in found] == [("Bob", 2), ("Ada", 2)]
    learn(app, ("Ada", "likes", "Bob"))
    assert [each.entity.name for each in told_lately(app.stores.database)] == ["Ada", "Bob"]
    assert [each.entity.name for each in told_lately(app.stores.database, 1)] == ["Ada"]


def test_entities_are_found_by_parts_of_their_names_the_shortest_first(app: Valence) -> None:
    learn(app, ("Ada Lovelace", "knows", "Ada"), ("Adam", "likes", "100% wool"))
    db = app.stores.database
    assert [e.entity.name for e in named_like(db, ["ada"])] == ["Ada", "Adam", "Ada Lovelace"]
    assert [e.entity.name for e in named_like(db, ["love", "ada"])] == ["Ada Lovelace"]
    assert [e.entity.name for e in named_like(db, ["%"])] == ["100% wool"]
    assert len(named_like(db, [])) == 4
    graph = app.memory.graph
    graph.merge(app.memory.entity("Adam").id, app.memory.entity("Ada").id)
    (first, *_) = named_like(db, ["adam"])
    assert (first.entity.name, first.facts) == ("Ada", 2)


def test_a_neighbourhood_is_the_same_every_time_and_names_each_once(app: Valence) -> None:
    learn(
        app,
        ("Ada", "born in", "London"),
        ("London", "capital of", "UK"),
        ("Byron", "child", "Ada"),
        ("Byron", "born in", "London"),
        ("London", "on", "Thames"),
        ("Ada", "knows", "Byron"),
    )
    ada = app.memory.entity("Ada")
    around = neighbourhood(app.memory.graph, ada, far=1)
    drawn = [(link.relation, link.outward, link.name, link.more) for link in around.links]
    assert drawn == [("born in", True, "London", 1), ("child", False, "Byron", 0)]
    assert [link.name for link in around.links[0].links] == ["UK"]
    assert neighbourhood(app.memory.graph, ada, far=1) == around
    assert neighbourhood(app.memory.graph, ada, near=1).more == 1


def test_a_fact_names_its_sources_and_the_words_it_was_read_from(app: Valence) -> None:
    kept = app.memory.remember("Listen: it rains. Ada Lovelace was born in London. So it is.")
    app.memory.remember("Ada Lovelace was born in London!")
    first, second = statements(app.memory.graph, kept.facts[-1].id)
    assert (first.before, first.after) == ("Listen: it rains. ", ". So it is.")
    assert first.said == "Ada Lovelace was born in London"
    assert second.source is not None
    assert second.source.title == "Ada Lovelace was born in London!"


def test_who_settles_a_contradiction_can_take_it_back(app: Valence) -> None:
    knowledge, graph = app.memory.knowledge, app.memory.graph
    learn(app, *((f"Person {i}", "born in", f"Town {i}") for i in range(12)))
    learn(app, ("Person 3", "born in", "Elsewhere"))
    (found,) = knowledge.contradictions()
    holds, other = found.facts
    assert knowledge.settle(found, holds.id) == [graph.get(other.id)]
    assert knowledge.contradictions() == []
    assert graph.get(other.id).superseded_by == holds.id
    assert graph.get(other.id).superseded_at is not None
    assert graph.believe_again(other.id) == other
    assert knowledge.contradictions() == [found]


def test_what_holds_at_another_time_is_left_alone(app: Valence) -> None:
    knowledge = app.memory.knowledge
    learn(app, *((f"Person {i}", "lives in", f"Town {i}") for i in range(20)))
    for town, start, end in (
        ("Rome", "1990", "2000"),
        ("Bern", "1999", "2010"),
        ("Oslo", "2005", None),
    ):
        knowledge.learn([("Person X", "lives in", town)], TOLD, start, end)
    (found,) = [each for each in knowledge.contradictions() if each.subject == "Person X"]
    rome = next(fact for fact in found.facts if fact.object == "Rome")
    assert [fact.object for fact in knowledge.settle(found, rome.id)] == ["Bern"]


def test_what_was_told_again_is_not_believed_twice(app: Valence) -> None:
    graph = app.memory.graph
    learn(app, ("Ada", "born in", "Paris"))
    (old,) = graph.facts()
    graph.supersede(old.id)
    learn(app, ("Ada", "born in", "Paris"))
    with pytest.raises(IllegalTransition, match="already"):
        graph.believe_again(old.id)
    assert graph.count() == 1


def test_an_entity_goes_with_all_its_facts_and_names_and_nothing_else(app: Valence) -> None:
    learn(app, ("Ada", "born in", "London"), ("Bob", "knows", "Ada"), ("Bob", "likes", "tea"))
    graph = app.memory.graph
    learn(app, ("Adah", "wrote", "Notes"))
    graph.merge(app.memory.entity("Adah").id, app.memory.entity("Ada").id)
    gone = graph.facts(relation="born in")[0]
    graph.supersede(gone.id)
    ada = app.memory.entity("Ada")
    assert len(facts_about(graph, ada.id)) == 2
    assert len(facts_about(graph, ada.id, include_superseded=True)) == 3
    assert app.memory.forget(ada.id) == ("entity", ada.id)
    assert [fact.triple for fact in graph.all_facts()] == [("Bob", "likes", "tea")]
    assert {each.entity.name for each in named_like(app.stores.database, [])} == {"Bob", "tea"}


def trained_on(app: Valence, call_id: str) -> Adapter:
    """An adapter that learnt from what came of the call."""
    example = Example(
        boundary="decompose", input="x", output="{}", origin="frontier", rank=RANKS["frontier"],
        split="train", group_key="x", fold_key="x", call_id=call_id,
    )  # fmt: skip
    app.stores.examples.add(example)
    adapter = Adapter(
        boundary="decompose", base_model="m", base_revision="r", prompt_version="1", folder="f",
        weights_sha256="0",
    )  # fmt: skip
    app.stores.adapters.register(adapter, [example.id])
    return adapter


def test_it_is_known_before_what_forgetting_takes_away(app: Valence) -> None:
    kept = app.memory.remember("Ada Lovelace was born in London. Rex is a dog.")
    assert kept.answer is not None
    call_id = kept.answer.call.id
    adapter = trained_on(app, call_id)
    fact = next(fact for fact in kept.facts if fact.subject == "Rex")
    loss = rehearse(app, fact.id)
    assert (loss.kind, loss.rows) == ("fact", {"facts": 1, "entities": 2})
    assert (loss.calls, loss.examples, loss.adapters) == ((call_id,), 1, (adapter,))
    whole = rehearse(app, app.memory.entity("Rex").id, with_calls=True)
    everything = {"facts": 2, "entities": 4, "chunks": 1, "calls": 1, "examples": 1}
    assert (whole.kind, whole.rows) == ("entity", everything)
    assert rehearse(app, kept.source.id).rows == {"facts": 2, "entities": 4, "chunks": 1}
    assert app.memory.graph.count() == 2
    assert app.stores.adapters.get(adapter.id).tainted_at is None
    forget(app, kept.source.id, with_calls=True)
    assert app.memory.graph.count() == app.memory.episodes.count() == 0
    assert app.stores.ledger.list() == []
    assert app.stores.adapters.get(adapter.id).tainted_at is not None


def test_forgetting_without_the_calls_leaves_the_ledger(app: Valence) -> None:
    kept = app.memory.remember("Rex is a dog.")
    source = app.memory.sources.add(replace(Source(kind="note"), title="other"))
    forget(app, kept.facts[0].id)
    assert app.memory.graph.count() == 0
    assert len(app.stores.ledger.list()) == 1
    assert rehearse(app, source.id).rows == {}
    with pytest.raises(UnknownId):
        rehearse(app, "nothing")
