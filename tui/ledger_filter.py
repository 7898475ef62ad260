"""What the page Ledger is asked for: filters that step through their values, one key each.

Knows no widget and no store; days are those of this machine's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from store.browsing import Filter
from valence.boundaries import BOUNDARIES
from valence.boundaries.intent import NAME as INTENT
from valence.errors import ValenceError

ALL = "all"
DAYS = {ALL: None, "today": 0, "7 days": 7, "30 days": 30, "365 days": 365}
VALUES: dict[str, tuple[str, ...]] = {
    "boundary": (ALL, *BOUNDARIES, INTENT),
    "route": (ALL, "local", "encoder", "frontier", "builtin"),
    "said": (ALL, "corrected", "wrong"),
    "since": tuple(DAYS),
}
EVERY = {
    "boundary": "any boundary",
    "route": "any route",
    "said": "right or wrong",
    "since": "any time",
}
"""What stands for a filter that lets everything through."""


@dataclass(frozen=True)
class Chosen:
    """The values of the filters; `day` (YYYY-MM-DD) takes the place of `since`."""

    KEYS: ClassVar[dict[str, str]] = {"b": "boundary", "r": "route", "w": "said", "d": "since"}

    boundary: str = ALL
    route: str = ALL
    said: str = ALL
    since: str = ALL
    day: str = ""

    def next(self, name: str) -> Chosen:
        """With the next value of this filter."""
        values = VALUES[name]
        following = values[(values.index(getattr(self, name)) + 1) % len(values)]
        changes: dict[str, Any] = {name: following}
        return replace(self, **changes, **({"day": ""} if name == "since" else {}))

    def on(self, day: str) -> Chosen:
        """On this day alone; any day again for "". Raises ValenceError for what is no day."""
        try:
            return replace(self, since=ALL, day=day and _midnight(day).strftime("%Y-%m-%d"))
        except ValueError as error:
            raise ValenceError(f"{day!r} is not a day", do="Write it as 2026-11-30.") from error

    def told(self, name: str) -> str:
        """The filter in words."""
        if name == "since" and self.day:
            return self.day
        value: str = getattr(self, name)
        return EVERY[name] if value == ALL else value

    def filter(self, present: datetime | None = None) -> Filter:
        """As the store is asked; `present` is now."""
        begin, end = self._window(present or datetime.now().astimezone())
        return Filter(
            boundary=None if self.boundary == ALL else self.boundary,
            route=None if self.route == ALL else self.route,
            said=None if self.said == ALL else ("wrong" if self.said == "wrong" else "corrected"),
            since=begin,
            until=end,
        )

    def _window(self, present: datetime) -> tuple[str, str]:
        if self.day:
            begin = _midnight(self.day)
            return _utc(begin), _utc(begin + timedelta(days=1))
        days = DAYS[self.since]
        if days is None:
            return "", ""
        midnight = present.replace(hour=0, minute=0, second=0, microsecond=0)
        return _utc(midnight - timedelta(days=days)), ""


def _midnight(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d").astimezone()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
