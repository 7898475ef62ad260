from __future__ import annotations

from pathlib import Path

import pytest

from models.tokens import Output, Words

TINY = Path(__file__).parent / "tiny-base"


@pytest.fixture(scope="module")
def tokenizer() -> object:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(TINY)


@pytest.fixture
def words(tokenizer: object) -> Words:
    return Words(tokenizer, frozenset([2]))


def written(words: Words, text: str, stop: str = "\n\n") -> Output:
    """An output that grew token by token until it was finished."""
    output = Output(words, stop, 500)
    for token in [*words._tokenizer.encode(text, add_special_tokens=False), 2]:
        if output.add(token):
            break
    return output


@pytest.mark.parametrize(
    "text", ["<t> Ada<r> bornIn<o> London", "Zoë Müller | knows | 漢字\nÖdön | is | 10.5 km", ""]
)
def test_the_tokens_spell_the_text_and_its_whole_words(words: Words, text: str) -> None:
    output = written(words, text)
    assert output.finished == "eos"
    assert output.text() == text
    stats = {i: (0.0, 0.0, float(i)) for i in output.values}
    found = dict(output.uncertain(output.spelling, stats))
    wanted = text
    for mark in ("<t>", "<r>", "<o>", "|"):
        wanted = wanted.replace(mark, " ")
    assert set(found) == set(list(reversed(wanted.split()))[:5])
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_words_entropy_is_its_highest_tokens_and_it_is_named_once(words: Words) -> None:
    output = written(words, "Quendryl Quendryl")
    assert len(output.values) > 4
    stats = dict.fromkeys(output.values, (0.0, 0.0, 1.0)) | {output.values[1]: (0.0, 0.0, 9.0)}
    assert output.uncertain(output.spelling, stats) == (("Quendryl", 9.0),)


def test_values_are_letters_and_digits_and_no_control_tokens(words: Words) -> None:
    output = written(words, "<t> ?<r> |<o> -")
    assert output.values == []
    assert list(output.scored) == list(range(len(output.emitted)))
    assert output.uncertain(output.spelling, {}) == ()


def test_what_follows_the_stop_spells_nothing(words: Words) -> None:
    output = written(words, "Ada is\n\nEve")
    assert output.finished == "stop"
    assert (output.text(), output.spelling.text) == ("Ada is", "Ada is")


class Metaspace:
    """A tokenizer that drops the space of the first token that it decodes."""

    added_tokens_decoder: dict[int, str] = {}  # noqa: RUF012
    vocabulary = ("a", "▁a", "▁Lon", "don", "▁is", "</s>")

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        return [1]

    def decode(self, tokens: list[int]) -> str:
        return "".join(self.vocabulary[i] for i in tokens).replace("▁", " ").removeprefix(" ")


def test_a_tokens_space_is_seen_where_decoding_drops_it() -> None:
    words = Words(Metaspace(), frozenset([5]))
    assert [words.text(i) for i in range(5)] == ["a", " a", " Lon", "don", " is"]
    output = Output(words, "", 9)
    assert [output.add(i) for i in (2, 3, 4, 5)][-1]
    assert [word for word, _ in output.spelling.words()] == ["London", "is"]
