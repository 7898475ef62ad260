"""How commands print: results on stdout (with --json one object a line), the rest on stderr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TextIO, TypeVar, cast

import click

from store.transfer import json_line

Command = TypeVar("Command", bound=Callable[..., Any])

INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True)
"""A file to read, or `-` for stdin."""
MOST = 2**31 - 1


def json_option(command: Command) -> Command:
    """The `--json` that every command with a result has."""
    decorated: Command = click.option(
        "--json", "as_json", is_flag=True, help="One JSON object a line on stdout."
    )(command)
    return decorated


def limit_option(default: int, help: str | None = None) -> Callable[[Command], Command]:
    """The `--limit` of every command that lists: 1 or more, and no more than a database counts."""
    return click.option(
        "--limit", default=default, show_default=True, type=click.IntRange(1, MOST), help=help
    )


def open_lines(path: str) -> TextIO:
    """A file or `-` as lines of text, without a byte order mark. Bytes that are no UTF-8 become
    half surrogates, which the reader of their line refuses: one bad line does not take the others
    along."""
    return cast(TextIO, click.open_file(path, encoding="utf-8-sig", errors="surrogateescape"))


def emit(result: dict[str, Any]) -> None:
    """One JSON line, at once: a reader on the other end of a pipe may be waiting."""
    click.echo(json_line(result))


def note(text: str) -> None:
    click.echo(text, err=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as what stands in them."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    for row in [list(headers), *cells]:
        click.echo("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else printable(str(value))


def printable(text: str) -> str:
    """Text of unknown origin without control characters, on one line, for a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
