"""Figures as they are written, and the filters of the ledger."""

from __future__ import annotations

from datetime import datetime

import pytest

from store.browsing import Filter
from tui import figures
from tui.learning_words import resample
from tui.ledger_filter import Chosen
from tui.plainly import plain
from valence.errors import ValenceError


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0.0, "0%"), (0.004, "0.4%"), (0.5, "50%"), (0.996, "99.6%"), (1.0, "100%")],
)
def test_a_share(value: float | None, told: str) -> None:
    assert figures.share(value) == told


def test_money_times_and_ids() -> None:
    assert [figures.usd(v) for v in (None, 0.0, 0.004, 12.345)] == [
        "–",
        "$0.00",
        "under 1¢",
        "$12.35",
    ]
    assert [figures.duration(s) for s in (5, 300, 7200)] == ["5 s", "5 min", "2.0 h"]
    assert [figures.ms(v) for v in (None, 0.2, 40, 12_000)] == ["–", "under 1 ms", "40 ms", "12 s"]
    assert figures.bar(0.5, 4) == "██░░"
    assert figures.bar(None, 2) == "░░"
    assert figures.shortened("replaced by 019a0000-0000-7000-8000-0000000000af!") == (
        "replaced by …0000af!"
    )
    assert [figures.several(n, "call") for n in (0, 1, 1200)] == [
        "0 calls",
        "1 call",
        "1,200 calls",
    ]


def test_moments(utc: None) -> None:
    at = "2026-03-04T10:06:07.000000Z"
    assert figures.moment(at) == "2026-03-04 10:06"
    assert figures.when(at, "2026-03-04") == "10:06:07"
    assert figures.when(at, "2026-03-05") == "03-04 10:06"
    assert figures.when(at, "2027-03-04") == "2026-03-04"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (None, ""),
        ('{"text": "Ada lives."}', "Ada lives."),
        ('{"triples": [["a", "b", "c"], ["d", "e", "f"]]}', "a | b | c\nd | e | f"),
        ('{"triples": []}', ""),
        ('{"triples": 3}', '{"triples": 3}'),
        ('{"other": 1}', '{"other": 1}'),
        ("[" * 100_000, "[" * 100_000),
        ("no JSON", "no JSON"),
    ],
)
def test_outputs_as_a_person_reads_them(output: str | None, told: str) -> None:
    assert plain(output) == told


def test_a_series_between_its_points() -> None:
    drawn = resample(((0, 4.0), (50, 2.0)), 199)
    assert (len(drawn), drawn[0], drawn[25], drawn[50]) == (200, 4.0, 3.0, 2.0)
    assert drawn[51:] == [None] * 149
    assert resample(((100, 1.0),), 199)[100] == 1.0
    assert resample(((100, 1.0),), 199).count(None) == 199


def test_filters_step_round_and_begin_at_local_midnight(utc: None) -> None:
    present = datetime(2026, 3, 4, 15, 30).astimezone()
    chosen = Chosen()
    assert chosen.filter(present) == Filter()
    assert chosen.told("said") == "right or wrong"
    for _ in range(3):
        chosen = chosen.next("said")
    assert chosen == Chosen()
    week = chosen.next("since").next("since").next("boundary")
    assert (week.told("since"), week.told("boundary")) == ("7 days", "decompose")
    assert week.filter(present).since == "2026-02-25T00:00:00.000000Z"


def test_one_day_has_two_ends(utc: None) -> None:
    chosen = Chosen().on("2026-3-4")
    assert chosen.told("since") == "2026-03-04"
    assert chosen.filter() == Filter(
        since="2026-03-04T00:00:00.000000Z", until="2026-03-05T00:00:00.000000Z"
    )
    assert chosen.next("since").day == ""
    assert chosen.on("").filter() == Filter()
    with pytest.raises(ValenceError, match="is not a day"):
        Chosen().on("yesterday")
