"""When a fact held, as the text behind it says."""

from __future__ import annotations

import pytest

from valence.memory.holding import Period, held, in_words, time_asked


@pytest.mark.parametrize(
    ("behind", "period"),
    [
        (" since 2019.", ("2019", None)),
        (" until May 2015", (None, "2015-05")),
        (" from 2001 to 2005 and liked it", ("2001", "2005")),
        (", between 3 May 2001 and July 4, 2005", ("2001-05-03", "2005-07-04")),
        (" since 2019-02-28.", ("2019-02-28", None)),
        (" since then", (None, None)),
        (" since 20190", (None, None)),
        (" in 2005", (None, None)),
        (" and Paris until 2005", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_period_right_behind_a_fact(behind: str, period: tuple[str | None, str | None]) -> None:
    fact = "Bob lived in Rome"
    assert held(fact + behind, len(fact)) == period


def test_a_fact_that_stands_nowhere_has_none() -> None:
    assert held("since 2019", None) == (None, None)


@pytest.mark.parametrize(
    ("question", "period", "holds"),
    [
        ("Where did Bob live in 2018?", (None, "2019"), True),
        ("Where did Bob live in 2018?", ("2018-03", None), True),
        ("Where did Bob live in 2018?", ("2019", None), False),
        ("Where did Bob live in 2018?", (None, "2018"), False),
        ("Where did Bob live in 2018?", (None, None), False),
        ("Where did Bob live on 3 May 2018?", ("2018", "2019"), True),
        ("where did bob live in may 2018", ("2018-06", None), False),
        ("Where did Bob live before 2010?", (None, "2005"), True),
        ("Where did Bob live before 2010?", ("2012", None), False),
        ("Where has Bob lived since 2010?", (None, "2005"), False),
        ("Where has Bob lived since 2010?", ("2012", None), True),
        ("Where did Bob live from 2001 to 2003?", ("2002", "2008"), True),
        ("Wo wohnte Bob im Jahr 2018?", ("2017", "2019"), True),
        ("Where does Bob live?", (None, None), True),
        ("Where does Bob live?", (None, "2019"), False),
        ("Where does Bob live?", ("2019", None), True),
    ],
)
def test_what_holds_at_the_time_that_is_asked_about(
    question: str, period: Period, holds: bool
) -> None:
    asked = time_asked(question)
    assert asked is not None
    assert asked.holds(period) is holds


@pytest.mark.parametrize(
    "question", ["Where did Bob live?", "Where has Bob lived?", "Who was Bob?", "Wer war Bob?"]
)
def test_the_past_is_any_time(question: str) -> None:
    assert time_asked(question) is None


def test_a_period_in_words() -> None:
    assert in_words(("2001", "2005")) == "from 2001 to 2005"
    assert in_words(("2001", None)) == "since 2001"
    assert in_words((None, "2005-05")) == "until 2005-05"
    assert in_words((None, None)) == ""
