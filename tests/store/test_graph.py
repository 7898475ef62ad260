"""The semantic graph through its own door, in a real database."""

from __future__ import annotations

from typing import Any

import pytest

from store.clock import now
from store.database import Database
from store.episodes import Chunk, Episodes
from store.errors import IllegalTransition, StoreError, UnknownEntity, UnknownFact
from store.graph import Entity, Fact, Graph, NewFact, Provenance
from store.ledger import Call, Ledger
from store.sources import Source, Sources


@pytest.fixture
def graph(db: Database) -> Graph:
    return Graph(db)


def entity(graph: Graph, name: str) -> Entity:
    return graph.add_entity(name, name.casefold())


def told(graph: Graph, subject: str, relation: str, object: str, **changes: Any) -> Fact:
    provenance = {
        name: changes.pop(name)
        for name in ("confidence", "call_id", "source_id", "chunk_id", "recorded_at")
        if name in changes
    }
    new = NewFact(
        subject_id=entity(graph, subject).id,
        relation=relation,
        relation_folded=relation.casefold(),
        object_id=entity(graph, object).id,
        provenance=Provenance(**provenance),
        **changes,
    )
    return graph.add_fact(new)


def source(db: Database) -> str:
    return Sources(db).add(Source(kind="note")).id


def call(db: Database) -> str:
    made = Call(boundary="decompose", input="x", output=None, route="builtin")
    Ledger(db).record(made)
    return made.id


def test_an_entity_is_made_once_and_keeps_its_first_spelling(graph: Graph) -> None:
    first = graph.add_entity("Ada Lovelace", "ada lovelace")
    assert graph.add_entity("ADA LOVELACE", "ada lovelace") == first
    assert graph.entity("ada lovelace") == first
    assert graph.entity("grace hopper") is None
    assert graph.get_entity(first.id[:30]).name == "Ada Lovelace"
    assert list(graph.all_entities()) == [first]


def test_an_alias_finds_its_entity_unless_it_is_ambiguous_or_only_a_candidate(graph: Graph) -> None:
    paris, texas = entity(graph, "Paris"), entity(graph, "Paris Texas")
    graph.add_alias("city of light", paris.id, "told")
    assert graph.entity("city of light") == paris
    graph.add_alias("city of light", texas.id, "told")
    assert graph.entity("city of light") is None
    assert set(graph.named(["city of light", "unheard"])["city of light"]) == {paris, texas}
    graph.add_alias("paname", paris.id, "candidate")
    assert graph.entity("paname") is None
    assert graph.candidates() == [("paname", paris)]
    graph.drop_alias("city of light", texas.id)
    assert graph.entity("city of light") == paris
    with pytest.raises(UnknownEntity):
        graph.add_alias("x", "nobody", "told")


def test_the_name_itself_goes_before_anothers_alias(graph: Graph) -> None:
    other, real = entity(graph, "Bill Gates"), entity(graph, "Bill")
    graph.add_alias("bill", other.id, "told")
    assert graph.entity("bill") == real
    assert graph.named(["bill"])["bill"][0] == real


def test_facts_are_found_by_any_of_their_parts_newest_first(graph: Graph) -> None:
    born = told(graph, "Ada", "born in", "London")
    lived = told(graph, "Ada", "lived in", "London")
    other = told(graph, "Grace", "born in", "New York")
    assert graph.facts() == [other, lived, born]
    assert graph.facts(subject=born.subject_id) == [lived, born]
    assert graph.facts(object=born.object_id, relation="born in") == [born]
    assert graph.facts(relation="born in", limit=1) == [other]
    assert graph.same(born.subject_id, "born in", born.object_id) == born
    assert graph.same(born.subject_id, "born in", other.object_id) is None
    assert graph.get(born.id).triple == ("Ada", "born in", "London")
    assert graph.relations() == {"born in": 2, "lived in": 1}
    assert list(graph.all_facts()) == [born, lived, other]
    assert list(graph.links()) == [(f.subject_id, f.object_id) for f in (born, lived, other)]
    assert graph.count() == 3


def test_a_fact_about_nothing_known_keeps_nothing_of_its_batch(graph: Graph) -> None:
    ada = entity(graph, "Ada").id
    good = NewFact(subject_id=ada, relation="r", relation_folded="r", object_id=ada)
    bad = NewFact(subject_id=ada, relation="r", relation_folded="r", object_id="nobody")
    with pytest.raises(StoreError):
        graph.add_facts([good, bad])
    assert graph.facts() == []
    with pytest.raises(UnknownFact):
        graph.get("nothing")
    with pytest.raises(UnknownFact):
        graph.witnesses("nothing")


def test_what_was_believed_when(graph: Graph) -> None:
    old = told(graph, "Ada", "lives in", "London", recorded_at="2026-01-01T00:00:00.000000Z")
    between = now()
    new = told(graph, "Ada", "lives in", "Paris")
    superseded = graph.supersede(old.id, new.id)
    assert (superseded.superseded_by, superseded.superseded_at is not None) == (new.id, True)
    assert graph.facts(subject=old.subject_id) == [new]
    assert [f.id for f in graph.facts(subject=old.subject_id, as_of=between)] == [old.id]
    assert graph.facts(subject=old.subject_id, as_of="2025") == []
    both = graph.facts(subject=old.subject_id, include_superseded=True)
    assert [f.id for f in both] == [new.id, old.id]
    assert graph.supersede(old.id) == superseded  # the first reason stays
    assert graph.count() == 1


def test_what_held_in_the_world_when(graph: Graph) -> None:
    first = told(graph, "Ada", "lives in", "London", valid_from="1815", valid_to="1840-06")
    then = told(graph, "Ada", "lives in", "Ockham", valid_from="1840-06")
    always = told(graph, "Ada", "is", "human")
    assert graph.facts(valid_at="1840-05-31") == [always, first]
    assert graph.facts(valid_at="1840-06") == [always, then]
    assert graph.facts(valid_at="1800") == [always]


def test_more_statements_make_a_fact_surer_and_one_source_counts_once(
    graph: Graph, db: Database
) -> None:
    note = source(db)
    fact = told(graph, "Ada", "born in", "London", confidence=0.6, source_id=note)
    same = graph.reinforce(fact.id, Provenance(confidence=0.9, source_id=note))
    assert same == fact
    surer = graph.reinforce(fact.id, Provenance(confidence=0.5, source_id=source(db)))
    assert surer.confidence == pytest.approx(0.8)
    surest = graph.reinforce(fact.id, Provenance(confidence=0.9))
    assert surest.confidence == pytest.approx(0.98)
    assert [w.confidence for w in graph.witnesses(fact.id)] == [0.6, 0.5, 0.9]
    assert graph.reinforce(fact.id, Provenance(confidence=0.9)).confidence == 0.99


def test_a_merge_joins_facts_under_one_name_and_can_be_undone(graph: Graph) -> None:
    short = told(graph, "NYC", "country", "United States")
    long = told(graph, "New York City", "mayor", "Ada")
    city = graph.merge(short.subject_id, long.subject_id)
    assert city.name == "New York City"
    assert graph.entity("nyc") == city
    assert graph.spelled("nyc") != city
    joined = graph.facts(subject=short.subject_id)
    assert [f.triple for f in joined] == [
        ("New York City", "mayor", "Ada"),
        ("New York City", "country", "United States"),
    ]
    assert graph.aliases(city.id) == {"nyc": "merged"}
    assert next(iter(graph.links()))[0] == city.id
    with pytest.raises(IllegalTransition):
        graph.merge(city.id, short.subject_id)
    assert graph.unmerge(short.subject_id).name == "NYC"
    assert graph.facts(subject=city.id) == [long]


def test_merged_entities_stay_one_step_from_the_one_that_stands(graph: Graph) -> None:
    a, b, c = (entity(graph, name) for name in "abc")
    graph.merge(a.id, b.id)
    graph.merge(b.id, c.id)
    assert graph.entities([a.id, b.id, c.id]) == dict.fromkeys([a.id, b.id, c.id], c)
    assert graph.get_entity(a.id).merged_into == c.id


@pytest.fixture
def chain(graph: Graph) -> list[Fact]:
    """a - b - c - d - e, the arrows pointing both ways in turn."""
    pairs = [("a", "b"), ("c", "b"), ("c", "d"), ("e", "d")]
    return [told(graph, one, "knows", other) for one, other in pairs]


def test_neighbours_by_distance_in_either_direction(graph: Graph, chain: list[Fact]) -> None:
    a = chain[0].subject_id
    assert [(n.entity.name, n.hops) for n in graph.neighbours([a], 3)] == [
        ("b", 1), ("c", 2), ("d", 3),
    ]  # fmt: skip
    assert [n.entity.name for n in graph.neighbours([a], 9)] == ["b", "c", "d"]
    assert [n.entity.name for n in graph.neighbours([a], 3, limit=1)] == ["b"]
    assert graph.neighbours(["nobody"], 2) == []


def test_a_walk_passes_through_merged_names_and_not_over_superseded_facts(
    graph: Graph, chain: list[Fact]
) -> None:
    e = chain[3].subject_id
    far = told(graph, "E the same", "knows", "f")
    assert "f" not in [n.entity.name for n in graph.neighbours([e])]
    graph.merge(far.subject_id, e)
    assert "f" in [n.entity.name for n in graph.neighbours([far.subject_id])]
    graph.supersede(far.id)
    assert "f" not in [n.entity.name for n in graph.neighbours([e])]


def test_a_hub_does_not_drown_the_nearest(graph: Graph) -> None:
    hub = entity(graph, "hub").id
    for i in range(300):
        told(graph, f"leaf {i}", "is", "hub")
    near = graph.neighbours([entity(graph, "leaf 7").id], 3, limit=50)
    assert len(near) == 50
    assert (near[0].entity.id, near[0].hops) == (hub, 1)
    newest = {f"leaf {i}" for i in range(200, 300)}
    assert {n.entity.name for n in graph.neighbours([hub], limit=300)} == newest


def test_a_path_is_a_shortest_chain_in_order(graph: Graph, chain: list[Fact]) -> None:
    a, e = chain[0].subject_id, chain[3].subject_id
    assert graph.path(a, e) == chain
    assert graph.path(e, a) == chain[::-1]
    assert graph.path(a, e, max_hops=3) is None
    assert graph.path(a, a) == []
    shortcut = told(graph, "a", "knows", "e")
    assert graph.path(a, e) == [shortcut]
    assert graph.path(a, entity(graph, "lonely").id) is None


def test_facts_about_entities_from_both_sides(graph: Graph, chain: list[Fact]) -> None:
    b, d = chain[0].object_id, chain[2].object_id
    assert graph.facts_about([b]) == [chain[1], chain[0]]
    assert graph.facts_about([b, d], limit=3) == [chain[3], chain[2], chain[1]]
    assert graph.facts_about([]) == []


def test_search_ranks_by_the_rarer_words(graph: Graph) -> None:
    told(graph, "Ada", "born in", "London")
    hopper = told(graph, "Grace Hopper", "born in", "New York")
    told(graph, "Alan", "born in", "Maida Vale")
    best = graph.search(["Hopper", "born"])
    assert best[0][0] == hopper
    assert all(score > 0 for _, score in best)
    assert len(best) == 3
    assert graph.search(['"', "AND", "NEAR("]) == []
    assert graph.search([]) == []
    graph.supersede(hopper.id)
    assert graph.search(["hopper"]) == []


def test_a_common_word_alone_finds_the_newest(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.graph_search.COMMON", 5)
    facts = [told(graph, f"person {i}", "likes", "tea") for i in range(9)]
    assert [f for f, _ in graph.search(["likes", "tea"], 3)] == facts[:-4:-1]
    assert [f for f, _ in graph.search(["likes", "4"])] == [facts[4]]


def test_the_shape_of_a_relation(graph: Graph) -> None:
    for person, place in [("a", "x"), ("b", "x"), ("c", "y"), ("c", "z")]:
        told(graph, person, "born in", place)
    assert graph.shape("born in") == (3, 2)
    assert graph.shape("unheard") == (0, 0)
    assert graph.with_several("born in") == [entity(graph, "c").id]


def test_forgetting_a_source_leaves_what_others_said(graph: Graph, db: Database) -> None:
    one, other = source(db), source(db)
    shared = told(graph, "Ada", "born in", "London", confidence=0.6, source_id=one)
    graph.reinforce(shared.id, Provenance(confidence=0.7, source_id=other))
    told(graph, "Ada", "secretly", "Quxzan", source_id=one)
    assert graph.forget_source(one) == 1
    (left,) = graph.facts()
    assert (left.id, left.source_id, left.confidence) == (shared.id, other, 0.7)
    assert [w.source_id for w in graph.witnesses(shared.id)] == [other]
    assert graph.entity("quxzan") is None
    assert graph.search(["quxzan"]) == []
    assert graph.forget_source(other) == 1
    assert list(graph.all_entities()) == []


def test_forgetting_what_superseded_a_fact_has_it_believed_again(
    graph: Graph, db: Database
) -> None:
    one, two, three = (call(db) for _ in range(3))
    first = told(graph, "Ada", "lives in", "London", call_id=one)
    second = told(graph, "Ada", "lives in", "Paris", call_id=two)
    third = told(graph, "Ada", "lives in", "Rome", call_id=three)
    graph.supersede(first.id, second.id)
    graph.supersede(second.id, third.id)
    graph.forget_call(two)
    assert graph.get(first.id).superseded_by == third.id
    graph.forget_call(three)
    assert [f.id for f in graph.facts()] == [first.id]


def test_a_forgotten_name_that_stood_for_others_hands_over(graph: Graph, db: Database) -> None:
    secret = told(graph, "Quxzan", "is", "tall", call_id=call(db))
    kept = told(graph, "Q", "is", "old")
    more = told(graph, "Mister Q", "is", "odd")
    for each in (kept, more):
        graph.merge(each.subject_id, secret.subject_id)
    graph.add_alias("quxzan", entity(graph, "old").id, "candidate")
    graph.forget_call(str(secret.call_id))
    assert graph.entity("quxzan") is None
    assert graph.entity("mister q") == graph.entity("q")
    assert len(graph.facts(subject=kept.subject_id)) == 2
    assert graph.candidates() == []


def test_forgetting_a_chunk(graph: Graph, db: Database) -> None:
    note = source(db)
    chunks = [Chunk(text=text, source_id=note) for text in ("a", "b")]
    Episodes(db).add(chunks)
    first, second = (
        told(graph, "Ada", "is", name, source_id=note, chunk_id=chunk.id)
        for name, chunk in zip(("tall", "old"), chunks, strict=True)
    )
    assert graph.forget_chunk(chunks[0].id) == 1
    assert graph.facts() == [second]
    Episodes(db).remove([chunk.id for chunk in chunks])
    assert graph.get(second.id).chunk_id is None
    assert graph.by_ids([first.id]) == {}


def test_forgetting_one_fact(graph: Graph, db: Database) -> None:
    fact, other = told(graph, "Ada", "is", "tall"), told(graph, "Ada", "is", "old")
    graph.reinforce(fact.id, Provenance(source_id=source(db)))
    graph.forget_fact(fact.id)
    assert graph.facts() == [other]
    assert db.read("SELECT count(*) FROM witnesses")[0][0] == 0
    assert db.integrity() == "ok"
    db.connection.execute("INSERT INTO fact_search (fact_search) VALUES ('integrity-check')")
