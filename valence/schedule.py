"""When something is due by the week: "sun 03:00", by the clock on the wall.

Computed from the last time at each opportunity, with no timer: a machine that slept, a clock that
was put forward, an app that was closed only make it late, and once. Knows nothing of runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FORM = re.compile(r"(?:(?P<day>[a-z]{3}) )?(?P<hour>\d{1,2}):(?P<minute>\d\d)")


@dataclass(frozen=True)
class Schedule:
    """Once a week on `day` (0: Monday), or every day (None), at a time of day."""

    day: int | None
    hour: int
    minute: int

    def last(self, now: datetime) -> datetime:
        """The latest of its moments, by this machine's clock on the wall, that is not after `now`.
        Both have time zones; summer time is kept by the wall."""
        wall = now.astimezone().replace(tzinfo=None)
        moment = wall.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        back = 0 if self.day is None else (wall.weekday() - self.day) % 7
        moment -= timedelta(days=back)
        if moment > wall:
            moment -= timedelta(days=1 if self.day is None else 7)
        return moment.astimezone()

    def due(self, since: datetime, now: datetime) -> bool:
        """Whether its moment came after `since`; both have time zones. A clock that was put back
        makes nothing due twice."""
        return since < self.last(now) <= now


def parse(text: str) -> Schedule:
    """Raises ValueError unless the text is like "sun 03:00" or "03:00"."""
    found = FORM.fullmatch(text.strip().lower())
    day = found["day"] if found else None
    if not found or (day and day not in DAYS) or int(found["hour"]) > 23 or found["minute"] > "59":
        raise ValueError(f'{text!r} is no schedule; write it as "sun 03:00" or "03:00"')
    return Schedule(DAYS.index(day) if day else None, int(found["hour"]), int(found["minute"]))
