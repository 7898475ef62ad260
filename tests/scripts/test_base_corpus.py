"""The made-up corpus: what it promises to the base models that are trained on it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import pytest
from base_corpus import Sample, Wording, corpus, held_out_corpus
from base_names import KINDS, fresh
from base_nonce import camel_case, nonce_relation
from base_pairs import clean, swap, swapped_pairs
from base_relations import FAMILIES, HELD_OUT_FAMILIES


def _labels(samples: list[Sample]) -> set[str]:
    return {relation for sample in samples for _, relation, _ in sample.triples}


def test_same_seed_gives_the_same_samples() -> None:
    assert list(islice(corpus(3), 200)) == list(islice(corpus(3), 200))
    assert list(islice(corpus(3), 200)) != list(islice(corpus(4), 200))


@pytest.mark.parametrize("source", [corpus(1), held_out_corpus(1)], ids=["corpus", "held out"])
def test_every_subject_and_object_stands_in_its_text(source: Iterator[Sample]) -> None:
    for sample in islice(source, 3000):
        assert all(s in sample.text and o in sample.text for s, _, o in sample.triples), sample


def test_texts_state_one_to_nine_triples() -> None:
    counts = {len(sample.triples) for sample in islice(corpus(1), 5000)}
    assert {1, 2, 3, 4, 5, 6, 7} <= counts <= set(range(1, 10))


def test_fewer_facts_make_fewer_triples() -> None:
    samples = list(islice(corpus(1, Wording(most_facts=1, nonce=0.0)), 500))
    assert max(len(sample.triples) for sample in samples) <= 3
    assert all(len({r for _, r, _ in sample.triples}) == 1 for sample in samples)


@pytest.mark.parametrize("kind", ["person", "place", "work", "organisation"])
def test_names_hardly_ever_come_twice(kind: str) -> None:
    rng = random.Random(0)
    assert len({fresh(kind, rng) for _ in range(20_000)}) > 14_000


def test_values_have_no_space_at_their_ends() -> None:
    rng = random.Random(0)
    assert all(
        value == value.strip() != ""
        for kind in KINDS
        for value in (fresh(kind, rng) for _ in range(300))
    )


def test_there_are_many_relations_each_said_in_many_ways() -> None:
    relations = [relation for family in FAMILIES for relation in family.relations]
    assert len({relation.label for relation in relations}) >= 80
    for relation in relations:
        noun_forms = 10 if relation.noun else 0
        assert (
            len(relation.predicates) + len(relation.asides) + len(relation.inverses) + noun_forms
            >= 5
        ), relation


def test_every_relation_has_objects_of_a_known_kind() -> None:
    kinds = {
        relation.kind for family in (*FAMILIES, *HELD_OUT_FAMILIES) for relation in family.relations
    }
    assert kinds <= set(KINDS)


def test_held_out_relations_never_occur_in_the_corpus() -> None:
    held_out = {relation.label for family in HELD_OUT_FAMILIES for relation in family.relations}
    assert _labels(list(islice(held_out_corpus(0), 500))) == held_out
    assert not held_out & _labels(list(islice(corpus(0), 10_000)))


def test_objects_come_before_and_after_their_subjects() -> None:
    singles = [s for s in islice(corpus(0), 2000) if len(s.triples) == 1]
    inverse = sum(s.text.index(s.triples[0][2]) < s.text.index(s.triples[0][0]) for s in singles)
    assert 0.05 < inverse / len(singles) < 0.5


def test_nonce_labels_are_many_and_read_off_the_wording() -> None:
    rng = random.Random(0)
    relations = [nonce_relation(rng) for _ in range(3000)]
    assert len({relation.label for relation in relations}) > 1000
    nouns = [relation for relation in relations if relation.noun]
    assert all(relation.label == camel_case(relation.noun) for relation in nouns)


def test_swap_renames_in_text_and_triples_alike() -> None:
    sample = Sample(
        "Otto Berg lives in Aarhus, Denmark. Denmark is old.",
        (("Otto Berg", "residence", "Aarhus, Denmark"),),
    )
    rng = random.Random(0)
    swapped = [swap(sample, rng) for _ in range(200)]
    assert all(s in each.text and o in each.text for each in swapped for s, _, o in each.triples)
    assert sum("Otto Berg" in each.text for each in swapped) < 60


def test_swap_renames_a_part_and_the_whole_consistently() -> None:
    sample = Sample("Aarhus, Denmark is in Denmark.", (("Aarhus, Denmark", "country", "Denmark"),))
    for seed in range(50):
        ((subject, _, country),) = swap(sample, random.Random(seed)).triples
        assert subject == f"Aarhus, {country}"


def test_swap_leaves_what_the_text_does_not_say() -> None:
    sample = Sample("It lies 25 metres high.", (("Aarhus Airport", "elevation", "25.0"),))
    assert swap(sample, random.Random(0)) == sample


def test_a_fifth_of_the_pairs_keep_their_names() -> None:
    sample = Sample("Otto Berg lives in Aarhus.", (("Otto Berg", "residence", "Aarhus"),))
    kept = sum(each == sample for each in islice(swapped_pairs([sample], 0), 2000))
    assert 350 < kept < 550


def test_values_are_cleaned_of_underscores_and_quotes() -> None:
    assert clean('"Aarhus,_Denmark"') == "Aarhus, Denmark"
