"""An entity and what is around it, drawn with lines: a tree that grows to the right.

Relations stand on the lines, an arrow shows which way a fact reads, and what has no room is
counted. The same neighbourhood always gives the same drawing. Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui import render
from valence.memory.neighbourhood import Link, Neighbourhood

CENTRE, RELATION, NAME = 18, 14, 18
"""Cells that the name in the middle, a relation and another name have at most."""
ARROWS, COUNT = 6, 7
"""Cells around a relation, and for the trunk or a count behind a name."""

FURTHER = 28
"""Cells without which a second hop is only counted."""
BEHIND = 3
"""Links drawn behind each link, at most."""


@dataclass(frozen=True)
class _Columns:
    """Cells that each column has; `further` is what is left to the right of the names."""

    centre: int
    relation: int
    name: int
    further: int


@dataclass(frozen=True)
class _Row:
    """What stands beside the trunk in one line, and whether a branch leaves the trunk there."""

    text: Content
    branch: bool = False


def draw(place: Neighbourhood, width: int, height: int) -> Content:
    """The neighbourhood in at most `height` lines of `width` cells."""
    if not place.links:
        return Content.styled(f"{render.line(place.entity.name)} stands alone", render.QUIET)
    columns = _columns(place, width)
    links, behind = _chosen(place.links, columns, height)
    rows = [row for link in links for row in _rows(link, behind, columns)]
    marks, centre = _trunk([row.branch for row in rows])
    drawn = [
        Content.assemble(
            (render.fit(place.entity.name if here else "", columns.centre), "bold"),
            (f" {'─' if here else ' '}{mark}", render.QUIET),
            row.text,
        )
        for mark, row, here in zip(
            marks, rows, (number == centre for number in range(len(rows))), strict=True
        )
    ]
    left_out = place.more + len(place.links) - len(links)
    more = Content.styled(f"{'':{columns.centre}}   … and {left_out} more", render.QUIET)
    return Content("\n").join([*drawn, *([more] if left_out else [])])


def _columns(place: Neighbourhood, width: int) -> _Columns:
    centre = min(CENTRE, width // 3, _width([place.entity.name]))
    relation = min(RELATION, width // 4, _width([link.relation for link in place.links]))
    room = width - centre - relation - ARROWS - COUNT
    name = max(4, min(NAME, room, _width([link.name for link in place.links])))
    return _Columns(centre, relation, name, room - name)


def _chosen(links: Sequence[Link], columns: _Columns, height: int) -> tuple[Sequence[Link], int]:
    """The links there is room for, and how many of those behind each of them."""
    deep = BEHIND if columns.further >= FURTHER else 0
    for behind in range(deep, 0, -1):
        if sum(max(1, min(behind, len(link.links))) for link in links) <= height:
            return links, behind
    return links if len(links) <= height else links[: max(1, height - 1)], 0


def _rows(link: Link, behind: int, columns: _Columns) -> Iterator[_Row]:
    """A link, and to the right of it those behind it."""
    shown = link.links[:behind]
    hidden = link.more + len(link.links) - len(shown)
    own = _branch(link, columns.relation)
    if not shown:
        count = Content.styled(f" +{hidden}" if hidden else "", render.QUIET)
        yield _Row(own + _cut(link.name, columns.name) + count, branch=True)
        return
    first = own + render.fit(link.name, columns.name)
    blank = Content(" " * first.cell_length)
    for number, each in enumerate(_further(shown, hidden, columns.further)):
        yield _Row((blank if number else first) + each, branch=not number)


def _further(links: Sequence[Link], hidden: int, room: int) -> Iterator[Content]:
    """The links behind a link, each with its piece of a trunk of their own."""
    relation = min(RELATION, room // 2 - ARROWS, _width([link.relation for link in links]))
    marks = ["─"] if len(links) == 1 else ["┬", *"├" * (len(links) - 2), "╰"]
    for number, (mark, link) in enumerate(zip(marks, links, strict=True)):
        count = f" +{hidden}" if hidden and link is links[-1] else ""
        yield Content.assemble(
            (f" {' ' if number else '─'}{mark}", render.QUIET),
            _branch(link, relation),
            _cut(link.name, room - relation - ARROWS - COUNT),
            (count, render.QUIET),
        )


def _branch(link: Link, width: int) -> Content:
    """The line to another entity, its relation on it, the arrow at the fact's object."""
    relation = _cut(link.relation, width)
    rest = "─" * (width - Content(relation).cell_length)
    start, end = ("─ ", f" {rest}─▸") if link.outward else ("◂ ", f" {rest}──")
    return Content.assemble(
        (start, render.QUIET), (relation, "$text-accent"), (end, render.QUIET), " "
    )


def _trunk(branches: Sequence[bool]) -> tuple[list[str], int]:
    """The line that the branches leave, and the row where the centre touches it."""
    places = [row for row, branch in enumerate(branches) if branch]
    first, last = places[0], places[-1]
    centre = min(places, key=lambda row: (abs(2 * row - first - last), row))
    marks = [_mark(row, branch, first, last) for row, branch in enumerate(branches)]
    marks[centre] = {"╭": "┬", "╰": "┴", "├": "┼"}.get(marks[centre], "─")
    return marks, centre


def _mark(row: int, branch: bool, first: int, last: int) -> str:
    if not first <= row <= last:
        return " "
    if not branch:
        return "│"
    if first == last:
        return "─"
    return "╭" if row == first else "╰" if row == last else "├"


def _cut(text: str, width: int) -> str:
    return render.fit(text, width).rstrip()


def _width(texts: Sequence[str]) -> int:
    """Cells of the longest of them."""
    return max((Content(render.line(text)).cell_length for text in texts), default=0)
