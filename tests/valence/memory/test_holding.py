"""When a fact held, as the text behind it says."""

from __future__ import annotations

import pytest

from valence.memory.holding import held


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
