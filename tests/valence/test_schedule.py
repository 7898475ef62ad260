"""What is due by the week, over sleep, summer time and clocks that are put back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from valence.schedule import parse


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is put forward and back."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> datetime:
    """A moment by the clock on the wall."""
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.parametrize(
    ("schedule", "since", "now", "due"),
    [
        ("sun 03:00", "2026-11-21T12:00", "2026-11-22T02:59", False),
        ("sun 03:00", "2026-11-21T12:00", "2026-11-22T03:00", True),
        ("sun 03:00", "2026-11-22T03:00", "2026-11-22T23:00", False),
        ("sun 03:00", "2026-11-22T03:00", "2026-11-28T23:00", False),
        ("sun 03:00", "2026-11-21T12:00", "2026-12-24T12:00", True),
        ("03:00", "2026-11-21T04:00", "2026-11-22T02:00", False),
        ("03:00", "2026-11-21T02:00", "2026-11-21T03:01", True),
        ("Wed 18:30", "2026-11-18T18:00", "2026-11-18T18:30", True),
    ],
)
def test_a_moment_that_has_passed_since_is_due(
    schedule: str, since: str, now: str, due: bool
) -> None:
    assert parse(schedule).due(at(since), at(now)) is due


def test_after_a_long_sleep_it_is_due_once() -> None:
    schedule, woken = parse("sun 03:00"), at("2026-12-16T09:00")
    assert schedule.due(at("2026-11-01T12:00"), woken)
    assert not schedule.due(woken, woken + timedelta(hours=1))


def test_a_clock_that_is_put_back_makes_nothing_due_again() -> None:
    ran = at("2026-11-22T03:00")
    assert not parse("sun 03:00").due(ran, ran - timedelta(hours=2))


def test_the_wall_keeps_its_time_in_summer_and_winter() -> None:
    winter, summer = parse("sun 12:00").last(at("2026-03-28T12:00")), at("2026-03-29T12:30")
    assert winter.astimezone(UTC).hour == 11
    assert parse("sun 12:00").last(summer).astimezone(UTC).hour == 10


def test_an_hour_that_the_clock_leaves_out_is_due_all_the_same() -> None:
    assert parse("sun 02:30").due(at("2026-03-28T12:00"), at("2026-03-29T04:00"))


def test_an_hour_that_the_clock_goes_through_twice_is_due_once() -> None:
    schedule, first = parse("sun 02:30"), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)
    assert (first.astimezone().hour, second.astimezone().hour) == (2, 2)
    assert not schedule.due(first - timedelta(days=1), first - timedelta(minutes=1))
    assert schedule.due(first - timedelta(days=1), first)
    assert not schedule.due(first, second - timedelta(minutes=1))
    assert not schedule.due(first, second + timedelta(minutes=1))
    assert schedule.due(first - timedelta(days=1), second + timedelta(minutes=1))


@pytest.mark.parametrize("text", ["", "sunday 03:00", "sun", "sun 24:00", "sun 03:60", "3"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        parse(text)
