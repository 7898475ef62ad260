"""What a message asks and what it tells, by rules."""

from __future__ import annotations

import pytest

from valence.conversation.questions import Question, content, is_question, sentences, understand


@pytest.mark.parametrize(
    "text",
    [
        "Where was Ada born?",
        "where was Ada born",
        "What is the birthPlace of Ada",
        "Who wrote it",
        "How many moons does Mars have",
        "Is Ada a poet",
        "Does she sing?",
        "Tell me about Ada.",
        "Bitte erkläre mir das.",
        "Wo wohnt Ada",
        "Was ist die Hauptstadt von Italien",
        "Ada lives in Paris, right?",
        "她在哪里？",
        "¿Dónde vive Ada?",
    ],
)
def test_a_question_is_known_by_its_mark_or_its_beginning(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ada was born in London.",
        "When I was young, I lived in Rome.",
        "Which is why I left.",
        "Will lives in Paris",
        "What a nice day!",
        "Ada wohnt in Paris.",
        "Hello",
        "",
    ],
)
def test_what_states_something_is_no_question(text: str) -> None:
    assert not is_question(text)


def test_a_message_can_tell_and_ask_at_once() -> None:
    taken = understand("I moved to Rome. Where did I live before? My dog is Rex. How old is he?")
    assert taken.told == "I moved to Rome. My dog is Rex."
    assert taken.asked == ("Where did I live before?", "How old is he?")


def test_a_request_to_remember_is_what_is_to_be_remembered() -> None:
    assert understand("Please remember that Ada sings.").told == "Ada sings."
    assert understand("Merke dir, dass Ada singt.").told == "Ada singt."


def test_titles_and_initials_end_no_sentence() -> None:
    assert sentences("Dr. Smith met J. R. Cash. They sang e.g. hymns! St. Paul is far.") == [
        "Dr. Smith met J. R. Cash.",
        "They sang e.g. hymns!",
        "St. Paul is far.",
    ]


def test_words_that_carry_meaning_are_stems_and_camel_case_is_two_words() -> None:
    assert content("birthPlace") == content("birth place") == content("the birth_places")
    assert content("where is the") == ()
    assert content("leaders") == content("leader")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When was it?", "time"),
        ("In what year was it built?", "time"),
        ("How tall is it?", "number"),
        ("Who is it?", "name"),
        ("What is it?", ""),
    ],
)
def test_the_first_words_say_what_kind_of_thing_would_answer(text: str, expected: str) -> None:
    assert Question(text).expected == expected


def test_a_name_is_given_as_it_is_written() -> None:
    question = Question("Who made C++ (really)?")
    place = question.tokens.index("c")
    assert question.written(place, place + 1) == "C++"
