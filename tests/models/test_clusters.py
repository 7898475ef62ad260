"""Texts in groups of a kind, with the words that set each apart."""

from __future__ import annotations

from models.clusters import FEWEST_TEXTS, WordVectors, cluster, key_words

THINGS = [
    "lamp",
    "chair",
    "table",
    "radio",
    "kettle",
    "bicycle",
    "carpet",
    "mirror",
    "clock",
    "drill",
]
COLOURS = ["red", "blue", "green", "black", "white"]
REFUNDS = [f"Please refund the broken {c} {t} that I ordered" for t in THINGS for c in COLOURS]
QUESTIONS = [f"Explain how a {c} {t} works inside" for t in THINGS for c in COLOURS]


def test_two_kinds_are_told_apart_and_named_by_their_words() -> None:
    texts = REFUNDS + QUESTIONS
    found = cluster(WordVectors().embed(texts))
    assert len(set(found.labels[: len(REFUNDS)]) & set(found.labels[len(REFUNDS) :])) == 0
    words = key_words(texts, found.labels)
    assert {"refund", "broken", "ordered"} <= words[found.labels[0]].keys()
    assert {"explain", "works"} <= words[found.labels[-1]].keys()
    assert found.cosines(WordVectors().embed(texts)).argmax(axis=1).tolist() == list(found.labels)


def test_the_same_texts_always_fall_into_the_same_groups() -> None:
    rows = WordVectors().embed(REFUNDS + QUESTIONS)
    assert cluster(rows).labels == cluster(rows.copy()).labels


def test_few_texts_or_copies_of_one_are_one_kind() -> None:
    few = WordVectors().embed([*REFUNDS[: FEWEST_TEXTS // 2], *QUESTIONS[: FEWEST_TEXTS // 2]])
    assert set(cluster(few).labels) == {0}
    assert set(cluster(WordVectors().embed(["the same text"] * 10_000)).labels) == {0}


def test_texts_without_words_are_a_kind_too() -> None:
    texts = ["", "?!", "…"]
    assert set(cluster(WordVectors().embed(texts)).labels) == {0}
    assert key_words(texts, [0, 0, 0]) == [{}]


def test_a_word_of_one_text_names_no_kind_of_several() -> None:
    [words] = key_words(["invoice of Mallory", "invoice of Trent"], [0, 0])
    assert words.keys() == {"invoice"}
