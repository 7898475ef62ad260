"""The builtin floor: everyday sentences in, facts out, and back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.builtin import Triple, read, write

SENTENCES: list[tuple[str, list[Triple]]] = [
    (
        "Ada Lovelace was born in London in 1815.",
        [("Ada Lovelace", "birthPlace", "London"), ("Ada Lovelace", "birthDate", "1815")],
    ),
    (
        "My sister Anna works for Siemens in Munich.",
        [
            ("I", "sister", "Anna"),
            ("Anna", "employer", "Siemens"),
            ("Anna", "workLocation", "Munich"),
        ],
    ),
    ("The Rhine flows through Basel.", [("Rhine", "flowsThrough", "Basel")]),
    ("Water boils at 100 °C.", [("Water", "boilingPoint", "100 °C")]),
    (
        "I bought a bicycle yesterday",
        [("I", "bought", "a bicycle"), ("I", "boughtWhen", "yesterday")],
    ),
    ("Rome is the capital of Italy.", [("Italy", "capital", "Rome")]),
    ("Italy's capital is Rome.", [("Italy", "capital", "Rome")]),
    ("My name is Peter.", [("I", "name", "Peter")]),
    ("I am 42 years old.", [("I", "age", "42")]),
    ("I like tea, coffee and cake.", [("I", "like", x) for x in ("tea", "coffee", "cake")]),
    ("The Eiffel Tower is 324 metres tall.", [("Eiffel Tower", "height", "324 metres")]),
    (
        "Anna, the CEO of Siemens, lives in Munich.",
        [("Siemens", "CEO", "Anna"), ("Anna", "residence", "Munich")],
    ),
    (
        "Siemens was founded in 1847 by Werner von Siemens.",
        [("Siemens", "foundingDate", "1847"), ("Siemens", "founder", "Werner von Siemens")],
    ),
    ("Oslo is a city in Norway.", [("Oslo", "isA", "city"), ("Oslo", "location", "Norway")]),
    ("My car is red.", [("my car", "is", "red")]),
    ("Berlin has a population of 3.7 million.", [("Berlin", "population", "3.7 million")]),
    (
        "I live in Zurich and work for Google.",
        [("I", "residence", "Zurich"), ("I", "employer", "Google")],
    ),
    (
        "Moby-Dick was written by Herman Melville in 1851.",
        [("Moby-Dick", "author", "Herman Melville"), ("Moby-Dick", "writtenWhen", "1851")],
    ),
    ("Dr. Smith works at Stanford.", [("Dr. Smith", "worksAt", "Stanford")]),
    ("The meeting is on Monday at 3 pm.", [("meeting", "time", "Monday at 3 pm")]),
]


@pytest.mark.parametrize(("text", "triples"), SENTENCES)
def test_everyday_sentences_are_read(text: str, triples: list[Triple]) -> None:
    assert read(text) == triples


@pytest.mark.parametrize("triples", [triples for _, triples in SENTENCES])
def test_what_is_written_is_read_back(triples: list[Triple]) -> None:
    assert sorted(read(write(triples))) == sorted(triples)


@pytest.mark.parametrize(
    ("text", "triples"),
    [
        ("Anna has worked for Siemens since 2019.", [("Anna", "workedFor", "Siemens")]),
        ("Bob lived in Rome from 2001 to 2005.", [("Bob", "livedIn", "Rome")]),
        ("Bob lived in Rome between 2001 and 2005.", [("Bob", "livedIn", "Rome")]),
        ("Clara was the mayor of Bonn until May 2015.", [("Bonn", "mayor", "Clara")]),
        ("The shop has opened.", []),
    ],
)
def test_a_period_is_part_of_no_name(text: str, triples: list[Triple]) -> None:
    assert read(text) == triples


def test_several_sentences_and_pronouns() -> None:
    assert read(
        "Marie Curie was a physicist. She died in 1934. Hi, I'm Anna and I live in Rome."
    ) == [
        ("Marie Curie", "isA", "physicist"),
        ("Marie Curie", "deathDate", "1934"),
        ("I", "name", "Anna"),
        ("I", "residence", "Rome"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Where was Ada Lovelace born?",
        "Is Rome the capital of Italy?",
        "who works for Siemens",
        "Can you help me?",
        "What a nice day",
        "Hello!",
        "Thanks, that was great.",
        "I don't like tea.",
        "If Anna works for Siemens, she lives in Munich.",
        "Maybe Peter bought a car.",
        "I think Paris is the capital of Spain.",
        "He works for IBM.",
        "I have been to Rome.",
        "asdf qwer zxcv",
        "🙂",
        "... !!! ???",
        "",
    ],
)
def test_silence_rather_than_nonsense(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("triples", "text"),
    [
        (
            [("Ada", "birthPlace", "London"), ("Ada", "birthDate", "10 December 1815")],
            "Ada was born in London on 10 December 1815.",
        ),
        (
            [
                ("Aarhus Airport", "cityServed", "Aarhus"),
                ("Aarhus Airport", "runway_length", "2777"),
            ],
            "The city served of Aarhus Airport is Aarhus. "
            "The runway length of Aarhus Airport is 2777.",
        ),
        ([("X", "genre", "jazz"), ("X", "genre", "rock")], "The genre of X is jazz and rock."),
        ([("I", "sister", "Anna"), ("I", "employer", "IBM")], "I work for IBM. My sister is Anna."),
        (
            [("Tom", "birthDate", "1980"), ("Tom", "birthDate", "1990")],
            "Tom was born in 1980 and in 1990.",
        ),
        (
            [("I", "callWhen", "Monday"), ("I", "callWhen", "3 pm")],
            "I call on Monday at 3 pm.",
        ),
        ([("Tom", "order", "Primates")], "The order of Tom is Primates."),
        ([("sky", "is", "blue")], "The sky is blue."),
        ([("A", "isA", "apple"), ("B", "age", "7")], "A is an apple. B is 7 years old."),
        ([], ""),
    ],
)
def test_facts_become_sentences(triples: list[Triple], text: str) -> None:
    assert write(triples) == text


VALUES = st.text(max_size=12)


@settings(deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=4))
def test_any_triples_can_be_written_and_their_values_stand_in_the_text(
    triples: list[Triple],
) -> None:
    text = write(triples)
    assert all(value.strip() in text for _, _, value in triples)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(len(triple) == 3 and all(triple) for triple in read(text))


@pytest.mark.parametrize(
    "piece",
    ["a", "A ", ". ", "is ", "A is ", ", and ", "(", "my ", " of ", "\n", ";", "'s ", "Dr."],
)
def test_long_text_is_read_in_linear_time(piece: str) -> None:
    # Quadratic work on these would take minutes, beyond the limit of the suite.
    read(piece * (100_000 // len(piece)))
