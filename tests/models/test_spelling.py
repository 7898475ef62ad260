from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.spelling import Spelling


def spelling(texts: list[str], stop: str = "") -> Spelling:
    values = [i for i, text in enumerate(texts) if any(c.isalnum() or c == "\ufffd" for c in text)]
    return Spelling(texts, values, stop)


def test_pieces_are_the_value_tokens_between_separators() -> None:
    lines = spelling(["Ada", " |", " born", "In", " |", " London", "\n", "Ada", " |", " x", " |y"])
    assert lines.pieces("\n") == [[0, 2, 3, 5], [7, 9, 10]]
    tags = Spelling([" <t>", " Ada", "<r>", " is", "<t>", " Eve", "<r>"], [1, 3, 5])
    assert tags.pieces("<t>") == [[1, 3], [5]]


def test_a_separator_may_take_several_tokens_or_a_part_of_one() -> None:
    assert spelling(["a", "<", "t", ">", "b"]).pieces("<t>") == [[0], [4]]
    assert spelling(["a", " b\n", "c"]).pieces("\n") == [[0, 1], [2]]
    assert spelling(["a\nb", "c"]).pieces("\n") == [[0], [0, 1]]


def test_blank_pieces_are_none_and_one_without_values_is_empty() -> None:
    assert spelling(["\n", " ", "a", "\n", "\n", " "]).pieces("\n") == [[2]]
    assert spelling(["a", "\n", "?", "\n", "b"]).pieces("\n") == [[0], [], [4]]
    assert spelling([]).pieces("\n") == []


def test_what_stands_after_the_stop_counts_no_more() -> None:
    stopped = spelling(["a", "\n", "b", "\n\nc"], stop="\n\n")
    assert stopped.text == "a\nb"
    assert stopped.pieces("\n") == [[0], [2]]
    assert [word for word, _ in stopped.words()] == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([" Lon", "don", ",", " UK"], [("London", [0, 1]), ("UK", [3])]),
        (["10", ".", "5", " km"], [("10.5", [0, 2]), ("km", [3])]),
        (["O", "'", "Brien", "'s."], [("O'Brien's", [0, 2, 3])]),
        (["M", "\ufffd", "\ufffd", "ller"], [("M\ufffd\ufffdller", [0, 1, 2, 3])]),
        (["birth", "Place", " |", " x"], [("birthPlace", [0, 1]), ("x", [3])]),
        (["", "a", "", " b"], [("a", [1]), ("b", [3])]),
        ([" ?", "!"], []),
    ],
)
def test_words_are_whole(texts: list[str], words: list[tuple[str, list[int]]]) -> None:
    assert list(spelling(texts).words()) == words


def test_what_only_a_control_token_spells_is_no_word() -> None:
    assert list(Spelling(["<r>", " born"], [1]).words()) == [("born", [1])]


@given(st.lists(st.text("ab \n|", max_size=4), max_size=12))
def test_every_value_token_is_in_some_piece_and_word(texts: list[str]) -> None:
    spelled = spelling(texts)
    values = {i for i, text in enumerate(texts) if "a" in text or "b" in text}
    assert {i for piece in spelled.pieces("\n") for i in piece} == values
    assert {i for _, word in spelled.words() for i in word} == values
    joined = "".join(texts)
    assert len(spelled.pieces("\n")) == sum(bool(line.strip()) for line in joined.split("\n"))
