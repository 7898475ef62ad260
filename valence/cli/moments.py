"""Times as options of commands take them: to text that sorts, as the store keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from store.clock import moment

if TYPE_CHECKING:
    Text = click.ParamType[str]
else:
    Text = click.ParamType  # older releases of click have no type argument


class Moment(Text):
    """A time: a date, or ISO 8601; UTC where no zone is given. As UTC text that sorts."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return moment(value)
        except ValueError:
            self.fail(f"{value!r} is no time; give 2026-03-01 or 2026-03-01T12:30", param, ctx)


class End(Moment):
    """A time as an end: a date alone means the end of that day."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        day = len(value) == len("2026-03-01")
        text = super().convert(value, param, ctx)
        if not day:
            return text
        return moment((datetime.fromisoformat(text) + timedelta(days=1)).isoformat())


class WorldTime(Text):
    """A time of the world, as exact as it is known: 2024, 2024-03 or 2024-03-01."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            datetime.strptime(value, ("%Y", "%Y-%m", "%Y-%m-%d")[value.count("-")])
        except (ValueError, IndexError):
            self.fail(f"{value!r} is no date; give 2024, 2024-03 or 2024-03-01", param, ctx)
        return value
