"""The detectors: rarely a false alarm, soon a true one, and nothing from what cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from valence.drift import first_alarm, first_shift, gaps_of

RUNS = 100


def labels(chance: np.random.Generator, *stretches: tuple[int, float]) -> list[bool]:
    """1 = wrong; each stretch is (labels, rate of errors)."""
    return [bool(wrong) for count, rate in stretches for wrong in chance.random(count) < rate]


def false_alarms(chance: np.random.Generator, count: int, rate: float, max_error: float) -> int:
    """Alarms in a sequence, begun anew after each."""
    gaps, alarms = gaps_of(labels(chance, (count, rate))), 0
    while (alarm := first_alarm(gaps, max_error)) is not None:
        gaps, alarms = gaps[alarm.wrong :], alarms + 1
    return alarms


@pytest.mark.parametrize("max_error", [0.05, 0.1])
def test_at_the_promised_error_there_is_at_most_one_false_alarm_in_10_000(max_error: float) -> None:
    found = [
        false_alarms(np.random.default_rng(seed), 10_000, max_error, max_error)
        for seed in range(RUNS)
    ]
    assert sum(found) <= 0.5 * RUNS  # and not only just


@pytest.mark.parametrize(("rate", "median"), [(0.2, 60), (0.3, 30), (0.1, 400)])
def test_a_turn_is_found_soon(rate: float, median: int) -> None:
    delays = []
    for seed in range(RUNS):
        sequence = labels(np.random.default_rng(seed), (300, 0.05), (3000, rate))
        alarm = first_alarm(gaps_of(sequence), 0.05)
        delays.append(math.inf if alarm is None else alarm.labels - 300)
    assert np.median(delays) <= median


def test_an_alarm_says_what_it_saw() -> None:
    alarm = first_alarm(gaps_of([False] * 200 + [True] * 50), 0.05)
    assert alarm is not None
    assert alarm.labels == 200 + alarm.wrong
    assert (alarm.recent_labels, alarm.recent_wrong) == (alarm.wrong, alarm.wrong)
    assert alarm.wrong < 10
    assert alarm.evidence > 10_000


def test_the_turn_is_dated_within_the_labels_that_show_it() -> None:
    alarm = first_alarm(gaps_of([False] * 400 + [True, False, False] * 30), 0.05)
    assert alarm is not None
    assert alarm.recent_labels == alarm.labels - 400
    assert alarm.recent_wrong == alarm.wrong


@pytest.mark.parametrize(
    "sequence", [[], [True], [False] * 5000, [False] * 19 + [True], ([False] * 24 + [True]) * 400]
)
def test_what_is_no_worse_than_promised_raises_no_alarm(sequence: list[bool]) -> None:
    assert first_alarm(gaps_of(sequence), 0.05) is None


def test_the_labels_before_do_not_hide_a_turn() -> None:
    after = labels(np.random.default_rng(1), (300, 0.25))
    at_once, late = (first_alarm(gaps_of([False] * n + after), 0.05) for n in (0, 5000))
    assert at_once is not None
    assert late is not None
    assert late.labels - 5000 <= at_once.labels


@pytest.mark.parametrize("max_error", [0.01, 0.3, 0.6, 0.95])
def test_every_promise_can_be_watched(max_error: float) -> None:
    assert first_alarm([0] * 2000, max_error) is not None
    calm = gaps_of(labels(np.random.default_rng(2), (2000, max_error / 2)))
    assert first_alarm(calm, max_error) is None


def test_gaps_are_the_right_labels_before_each_wrong_one() -> None:
    assert gaps_of([False, False, True, True, False, True, False]) == [2, 0, 1]
    assert gaps_of([]) == gaps_of([False]) == []


def test_a_shift_of_confidences_is_seen_and_a_calm_stream_is_not() -> None:
    chance = np.random.default_rng(5)
    calm = chance.beta(9, 1, 1500).tolist()
    lower = chance.beta(5, 2, 300).tolist()
    assert first_shift(calm) is None
    place = first_shift(calm[:1000] + lower)
    assert place is not None
    assert 1000 <= place < 1200
    assert first_shift([]) is None
