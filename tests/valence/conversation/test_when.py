"""Answers by what holds at the time that a question is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from valence.app import Valence


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valence]:
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
    with Valence.open() as opened:
        for text in (
            "Anna lives in Rome.",
            "Anna lived in Paris until 2019.",
            "Tom lived in Oslo from 2001 to 2005.",
            "Eva was born in 2018.",
        ):
            opened.assistant.ask(text)
        yield opened


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where does Anna live?", "Anna lives in Rome. [1]"),
        ("Where did Anna live in 2018?", "Anna lived in Paris. (Until 2019.) [1]"),
        ("Where did Anna live before 2019?", "Anna lived in Paris. (Until 2019.) [1]"),
        ("Where does Tom live?", "Tom lived in Oslo. (From 2001 to 2005.) [1]"),
        ("Who was born in 2018?", "Eva was born in 2018. [1]"),
    ],
)
def test_what_holds_then_is_the_answer(app: Valence, question: str, answer: str) -> None:
    assert app.assistant.ask(question).answer == answer


def test_a_question_about_any_time_is_answered_with_each(app: Valence) -> None:
    answer = app.assistant.ask("Where did Anna live?").answer
    assert "Paris" in answer
    assert "Rome" in answer
    assert "(Paris: until 2019.)" in answer


def test_what_holds_then_is_found_first(app: Valence) -> None:
    def first(question: str) -> str:
        triples = [item.triple for item in app.memory.search(question).items if item.triple]
        return triples[0][2]

    assert first("Where does Anna live?") == "Rome"
    assert first("Where did Anna live in 2018?") == "Paris"


def test_what_is_told_of_the_past_is_read_with_its_time(app: Valence) -> None:
    texts = [item.text for item in app.memory.search("Anna Paris").items]
    assert "Anna | lived in | Paris (until 2019)" in texts
