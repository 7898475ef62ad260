"""When a fact held, as a text says right behind it: "until 2015", "from 2001 to 2005", "since May".
And the time that a question is about: the one it names, or the present.

Only what is said of one fact is read, and only times that name a year. It does not know what a fact
says, nor when it was told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from store.clock import now

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
_NAMED = re.compile(
    rf"\b(?:(?P<at>in|on|during|at|as of|im jahr) |(?P<after>since|after|seit|nach) "
    rf"|(?P<before>until|before|bis|vor) |(?:from|between|von|zwischen) (?P<first>{_DATE}) "
    rf"(?:to|till|until|and|bis|und) )(?P<date>{_DATE})",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:did|was|were|had|used to|war|waren|hatte|hatten|wurde)\b"
    r"|\b(?:has|have) (?:\w+ ){1,4}\w+ed\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Za-z]+|\d+")

Period = tuple[str | None, str | None]
"""From when to when, as ISO 8601 of the precision that was said; None where it is open."""


@dataclass(frozen=True)
class Asked:
    """The time that a question is about; `words` is where it names it, None where it is the
    present."""

    period: Period
    words: tuple[int, int] | None = None

    def holds(self, period: Period) -> bool:
        """Whether what holds in this period is known to hold then. What was told without a time
        is told of the present."""
        if period == (None, None):
            return self.words is None
        (start, end), (since, until) = self.period, period
        begun = since is None or end is None or since[: len(end)] <= end
        return begun and (until is None or start is None or until > start)


def time_asked(question: str) -> Asked | None:
    """None where any time is meant: a question in the past tense that names none."""
    named = _NAMED.search(question)
    if named is None:
        today = now()[:10]
        return None if _PAST.search(question) else Asked((today, today))
    date = _iso(named["date"])
    start = date if named["at"] or named["after"] else _iso(named["first"])
    return Asked((start, None if named["after"] else date), named.span())


def in_words(period: Period) -> str:
    """`until 2019`; "" where no time is known."""
    since, until = period
    if since and until:
        return f"from {since} to {until}"
    return f"since {since}" if since else f"until {until}" if until else ""


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
    words = _WORDS.findall(date.title())
    months = [f"{MONTHS.split().index(word) + 1:02}" for word in words if word.isalpha()]
    days = [f"{int(word):02}" for word in words[:-1] if word.isdigit()]
    return "-".join([words[-1], *months, *days])
