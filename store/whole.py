"""A file that is written whole or not at all: beside its place, synced, then renamed.

A kill, a full disk or a power cut leaves the old file or the new one. It does not know what is
written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path, private: bool = False) -> Iterator[Path]:
    """Where to write what shall stand at `path` when the block has ended without an exception.

    The mode of a file that is there stays, a `private` one is its owner's alone. A link is
    followed; what is no file (a pipe, a terminal) is written as it is. Raises OSError.
    """
    place = path.resolve()
    if place.exists() and not place.is_file():
        yield path
        return
    beside = place.with_name(f".{place.name}.new")
    try:
        beside.touch(0o600 if private else 0o666)
        yield beside
        if place.exists() and not private:
            shutil.copymode(place, beside)
        _sync(beside)
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(place.parent)


def write_whole(path: Path, text: str, private: bool = False) -> None:
    """A text as UTF-8. Raises OSError, and UnicodeEncodeError for a lone surrogate."""
    with whole(path, private) as beside:
        beside.write_text(text, "utf-8")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
