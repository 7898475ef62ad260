"""Lines over time in braille dots, with axes; drawn into whatever room there is.

What tells two lines apart is never colour alone: the first is drawn whole, the second dotted, and
the legend names them. Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from tui import render

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a braille cell, by row and column."""
STYLES = ("$text-primary", "$text-warning", "$text-success")
MARKS = ("━", "┅", "╌")


@dataclass(frozen=True)
class Line:
    """A named line: y over equally spaced x, None where there is no value."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Axes:
    """What the values mean: their range, how one is written, and what stands under both ends.
    `mark` is a level drawn across, such as a promise."""

    low: float = 0.0
    high: float = 1.0
    unit: str = "{:.0%}"
    first: str = ""
    last: str = ""
    mark: float | None = None


class Plot(Widget):
    """A plot that fills its widget; at least 12 by 4 cells."""

    DEFAULT_CSS = "Plot { height: 8; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._axes = Axes()

    def show(self, lines: Sequence[Line], axes: Axes) -> None:
        """Draw these from now on."""
        if (lines, axes) != (self._lines, self._axes):
            self._lines, self._axes = lines, axes
            self.refresh()

    def render(self) -> Content:
        return draw(self._lines, self._axes, self.size.width, self.size.height)


def draw(lines: Sequence[Line], axes: Axes, width: int, height: int) -> Content:
    """The plot as text of `height` lines of at most `width` cells: the lines, their axes, and
    under them a legend where there are several."""
    several = len(lines) > 1
    labels = [axes.unit.format(axes.high), axes.unit.format(axes.low)]
    left = max(map(len, labels))
    columns, rows = width - left - 1, height - 2 - several
    if columns < 4 or rows < 1:
        return Content("")
    body = [
        Content.assemble((f"{label:>{left}}", render.QUIET), ("┤", render.QUIET), cells)
        for label, cells in zip(
            _labels(labels, rows), _cells(lines, axes, columns, rows), strict=True
        )
    ]
    floor = Content.styled(f"{'':{left}}└{'─' * columns}", render.QUIET)
    ends = _ends(axes, left + 1, columns)
    return Content("\n").join([*body, floor, ends, *([_legend(lines)] if several else [])])


def _labels(labels: list[str], rows: int) -> list[str]:
    """What stands beside each row: the highest value at the top, the lowest at the bottom."""
    return [labels[0], *[""] * (rows - 2), labels[1]] if rows > 1 else [labels[0]]


def _cells(lines: Sequence[Line], axes: Axes, columns: int, rows: int) -> Iterator[Content]:
    """Each row of the field; where two lines meet the first is seen."""
    canvas = [[(0, "")] * columns for _ in range(rows)]
    if axes.mark is not None:
        y = _height(axes.mark, axes, rows)
        for x in range(0, columns * 2, 4):
            _dot(canvas, x, y, render.QUIET)
    for number, line in reversed(list(enumerate(lines))):
        for x, y in _path(line.values, axes, columns, rows):
            if number == 0 or x % (number * 2 + 1) == 0:
                _dot(canvas, x, y, STYLES[number % len(STYLES)])
    for row in canvas:
        yield Content.assemble(*((chr(BRAILLE + bits), style) for bits, style in row))


def _path(
    values: Sequence[float | None], axes: Axes, columns: int, rows: int
) -> Iterator[tuple[int, int]]:
    """The dots of a line: of each column the value there, and what joins it to the one before."""
    before: int | None = None
    for x in range(columns * 2):
        value = _at(values, x / max(1, columns * 2 - 1))
        if value is None:
            before = None
            continue
        y = _height(value, axes, rows)
        yield x, y
        if before is not None:
            for between in range(min(before, y) + 1, max(before, y)):
                yield x, between
        before = y


def _at(values: Sequence[float | None], share: float) -> float | None:
    """The value at this share of the way, between its neighbours."""
    if not values:
        return None
    place = share * (len(values) - 1)
    left, right = values[int(place)], values[min(int(place) + 1, len(values) - 1)]
    if left is None or right is None:
        return left if place - int(place) < 0.5 else right
    return left + (right - left) * (place - int(place))


def _height(value: float, axes: Axes, rows: int) -> int:
    """The row of dots of a value, from the top; what lies outside of the range is at its edge."""
    span = axes.high - axes.low or 1.0
    share = min(1.0, max(0.0, (value - axes.low) / span))
    return round((1 - share) * (rows * 4 - 1))


def _dot(canvas: list[list[tuple[int, str]]], x: int, y: int, style: str) -> None:
    bits, _ = canvas[y // 4][x // 2]
    canvas[y // 4][x // 2] = (bits | DOTS[y % 4][x % 2], style)


def _ends(axes: Axes, left: int, columns: int) -> Content:
    first, last = render.line(axes.first), render.line(axes.last)
    room = max(1, columns - len(first) - len(last))
    return Content.styled(f"{'':{left}}{first}{'':{room}}{last}", render.QUIET)


def _legend(lines: Sequence[Line]) -> Content:
    named = [
        Content.assemble(
            (f"{MARKS[i % 3]} ", STYLES[i % 3]), (render.line(line.name), render.QUIET)
        )
        for i, line in enumerate(lines)
    ]
    return Content("   ").join(named)
