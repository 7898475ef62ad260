"""A text cut into pieces that can be found and quoted, each with its span.

Pieces follow headings and paragraphs, and begin anew with each section, so that an edit changes
the pieces of its own section only. It knows Markdown's headings and fences, and nothing else of
the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 1000
"""Characters in a piece: about the 256 tokens that a small embedding model reads."""
LEAST = 200
"""A section shorter than this is put together with the next."""

_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\s\"')\]»”]+|\n")


@dataclass(frozen=True)
class Piece:
    """`text` stands in the whole from character `start` to before `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Block:
    start: int
    end: int
    is_heading: bool


def pieces(text: str, most: int = MOST, least: int = LEAST) -> list[Piece]:
    """The text in pieces of at most `most` characters, in order, none of them blank."""
    found: list[Piece] = []
    for start, end in _sections(text, most, least):
        found += [
            Piece(low, high, text[low:high])
            for low, high in (_trimmed(text, *span) for span in _cut(text, start, end, most))
            if low < high
        ]
    return found


def _sections(text: str, most: int, least: int) -> Iterator[tuple[int, int]]:
    """Runs of blocks that belong together: as many as fit, and no heading at the end of one."""
    run: list[_Block] = []
    for block in _blocks(text):
        if run and _ends_before(run, block, most, least):
            headings = _last_headings(run)
            yield run[0].start, run[len(run) - len(headings) - 1].end
            run = headings
        run.append(block)
    if run:
        yield run[0].start, run[-1].end


def _ends_before(run: list[_Block], block: _Block, most: int, least: int) -> bool:
    if block.end - run[0].start > most:
        return not all(each.is_heading for each in run)
    return block.is_heading and not run[-1].is_heading and run[-1].end - run[0].start >= least


def _last_headings(run: list[_Block]) -> list[_Block]:
    """The headings that end a run: they belong to what follows."""
    body = max(i for i, block in enumerate(run) if not block.is_heading)
    return run[body + 1 :]


def _blocks(text: str) -> Iterator[_Block]:
    """Headings and paragraphs; a fenced part, blank lines and all, is one."""
    start, fence = None, ""
    place = 0
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        heading = not fence and _HEADING.match(line) is not None
        if start is not None and (heading or (not fence and not line.strip())):
            yield _Block(start, place, False)
            start = None
        if heading:
            yield _Block(place, place + len(line), True)
        elif line.strip() and start is None:
            start = place
        if mark:
            fence = "" if fence == mark[1] else fence or mark[1]
        place += len(line)
    if start is not None:
        yield _Block(start, place, False)


def _cut(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `most`, cut after a sentence, else between words, else anywhere."""
    while end - start > most:
        at = _last_end(text, start, start + most)
        yield start, at
        start = at
    yield start, end


def _last_end(text: str, start: int, limit: int) -> int:
    """The last good place to cut in the second half of a span, or its limit."""
    half = (start + limit) // 2
    ends = [match.end() for match in _SENTENCE_END.finditer(text, half, limit)]
    if ends:
        return ends[-1]
    space = max(text.rfind(" ", half, limit), text.rfind("\t", half, limit))
    return space + 1 if space > 0 else limit


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    left = len(inner) - len(inner.lstrip())
    return min(start + left, end), start + len(inner.rstrip())
