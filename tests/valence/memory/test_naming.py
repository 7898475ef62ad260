from __future__ import annotations

import pytest

from valence.memory.naming import entity_key, relation_key, same_letters, same_numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Lovelace", "ADA  LOVELACE"),
        ("St. Louis", "St Louis"),
        ("“Hamlet”", "Hamlet"),
        ("New-York", "new york"),
        ("Ａｄａ", "Ada"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert entity_key(one) == entity_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"), ("C", "C#"), ("7", "-7"), ("1.5", "1/5"), ("15", "1.5"), ("100", "100%"),
        ("5", "$5"), ("3 °C", "3 C"), ("Göttingen", "Gottingen"), ("…", "?"), ("Ada", "Ida"),
    ],
)  # fmt: skip
def test_different_names_stay_apart(one: str, other: str) -> None:
    assert entity_key(one) != entity_key(other)


def test_a_name_of_signs_alone_has_a_key() -> None:
    assert entity_key("???") == "???"
    assert relation_key("->") == "->"


@pytest.mark.parametrize("relation", ["birthPlace", "birth_place", "Birth Place", "birth-place"])
def test_spellings_of_one_relation(relation: str) -> None:
    assert relation_key(relation) == "birth place"


def test_a_relation_of_capitals_is_taken_apart() -> None:
    assert relation_key("isPartOfUSState") == "is part of us state"


def test_letters_and_numbers() -> None:
    assert same_letters("The Göttingen", "Gottingen")
    assert same_letters("New York", "NewYork")
    assert not same_letters("17L/35R", "17R/35L")
    assert not same_letters("Werder Bremen", "Werder Bremen II")
    assert same_numbers("Apollo 11", "apollo-11")
    assert not same_numbers("Apollo 11", "Apollo 12")
