"""Figures as they stand in the app: shares, money, times, bars. Knows no page and no store."""

from __future__ import annotations

import re
from datetime import datetime

FULL, EMPTY = "█", "░"

_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{6}([0-9a-f]{6})\b")


def share(value: float | None) -> str:
    """0 to 1 as a percentage; what is nearly none or nearly all is not rounded to it."""
    if value is None:
        return "–"
    if 0 < value < 0.01 or 0.99 < value < 1:
        return f"{100 * value:.1f}%"
    return f"{value:.0%}"


def usd(value: float | None) -> str:
    """Dollars, cents where they matter."""
    if value is None:
        return "–"
    if 0 < value < 0.01:
        return "under 1¢"
    return f"${value:,.2f}"


def bar(value: float | None, width: int) -> str:
    """A share as a bar that can be read without colours."""
    done = round((value or 0.0) * width)
    return FULL * done + EMPTY * (width - done)


def several(count: int, what: str) -> str:
    """A count with its noun."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def duration(seconds: float) -> str:
    """About how long."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def ms(value: float | None) -> str:
    """A latency."""
    if value is None:
        return "–"
    if value < 1:
        return "under 1 ms"
    return f"{value:.0f} ms" if value < 10_000 else f"{value / 1000:.0f} s"


def moment(at: str) -> str:
    """A time of the store in this machine's zone."""
    return _local(at).strftime("%Y-%m-%d %H:%M")


def when(at: str, today: str) -> str:
    """The same in 11 characters: of `today` the time, of its year day and time, else the day."""
    local = _local(at)
    if local.strftime("%Y-%m-%d") == today:
        return local.strftime("%H:%M:%S")
    return local.strftime("%m-%d %H:%M" if local.strftime("%Y") == today[:4] else "%Y-%m-%d")


def _local(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone()


def today() -> str:
    """The present day in this machine's zone."""
    return datetime.now().astimezone().strftime("%Y-%m-%d")


def short(id_: str | None) -> str:
    """The end of an id: the beginning is the time, which neighbours share."""
    return "–" if id_ is None else f"…{id_[-6:]}"


def shortened(text: str) -> str:
    """The text with its ids cut to their ends."""
    return _ID.sub(r"…\1", text)
