"""An answer on a terminal while it comes; words that are taken back are wiped off.

It knows how wide characters are and what a terminal does with them, not whose words they are.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from typing import Any

import click

from valence.cli.output import printable


def is_live() -> bool:
    """Whether stdout is a terminal that can wipe off what it shows."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


class Spoken:
    """Listens to a turn and writes its answer, a line a part."""

    def __init__(self) -> None:
        self._line = ""

    def __call__(self, name: str, state: dict[str, Any]) -> None:
        if name == "words":
            words = printable(state["text"])
            self._line += words
            click.echo(words, nl=False)
        elif name == "unsaid":
            click.echo(_wiping(self._line), nl=False)
            self._line = ""
        elif name == "said":
            click.echo()
            self._line = ""


def _wiping(line: str) -> str:
    """Back to where the line began, and clear from there (ECMA-48: CUU and ED)."""
    rows = _rows_below(line, shutil.get_terminal_size().columns)
    up = f"\x1b[{rows}A" if rows else ""
    return f"\r{up}\x1b[J"


def _rows_below(line: str, columns: int) -> int:
    """How many rows below its first one a line ends that a terminal breaks at its width."""
    row = column = 0
    for character in line:
        cells = _cells(character)
        if column + cells > columns:
            row, column = row + 1, 0
        column += cells
    return row


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
