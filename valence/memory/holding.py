"""When a fact held, as a text says right behind it: "until 2015", "from 2001 to 2005", "since May".

Only what is said of one fact is read, and only times that name a year. It does not know what a fact
says, nor when it was told.
"""

from __future__ import annotations

import re

MONTHS = "January February March April May June July August September October November December"
_MONTH = "|".join(MONTHS.split())
_YEAR = r"(?:1\d{3}|20\d{2})"
_DATE = (
    rf"(?:{_YEAR}-\d\d(?:-\d\d)?|(?:(?:\d{{1,2}}\.? )?(?:{_MONTH})(?: \d{{1,2}})?,? )?{_YEAR})\b"
)
_PERIOD = re.compile(
    rf",? (?:(?:from|between) ({_DATE}) (?:to|till|until|and) ({_DATE})"
    rf"|since ({_DATE})|(?:till|until) ({_DATE}))",
)
_WORDS = re.compile(r"[A-Za-z]+|\d+")

Period = tuple[str | None, str | None]
"""From when to when, as ISO 8601 of the precision that was said; None where it is open."""


def held(text: str, end: int | None) -> Period:
    """The period that stands in the text from character `end` on, where a fact ends."""
    found = _PERIOD.match(text, end) if end is not None else None
    if found is None:
        return None, None
    start, stop, since, until = found.groups()
    return _iso(start or since), _iso(stop or until)


def _iso(date: str | None) -> str | None:
    """`3 May 1980` → 1980-05-03, `May 1980` → 1980-05."""
    if date is None or "-" in date:
        return date
    words = _WORDS.findall(date)
    months = [f"{MONTHS.split().index(word) + 1:02}" for word in words if word.isalpha()]
    days = [f"{int(word):02}" for word in words[:-1] if word.isdigit()]
    return "-".join([words[-1], *months, *days])
