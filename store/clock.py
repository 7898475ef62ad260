"""Time as the store writes it: ISO 8601 UTC text with microseconds. It sorts as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> str:
    """The present moment, as `2026-11-21T10:00:00.123456Z`."""
    return datetime.now(UTC).strftime(_FORMAT)


def later(seconds: float) -> str:
    """The moment `seconds` from now (before now when negative)."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(_FORMAT)


def lately(text: str, seconds: float) -> bool:
    """Whether a moment is at most so many seconds ago; one that a clock, set back since, calls the
    future is not."""
    return later(-seconds) < text <= now()


def moment(text: str) -> str:
    """A time in ISO 8601 as the store writes it, UTC where no zone is given. Raises ValueError."""
    found = datetime.fromisoformat(text)
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found.strftime(_FORMAT)
