"""What lies in a folder: the files that may be read, and why others are not.

It follows no link, opens no file, and leaves alone what begins with a dot. It does not know what
was there before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A plain file: its size, and when it was changed, as the store writes times."""

    path: Path
    bytes: int
    modified_at: str


@dataclass
class Scan:
    """The files under a folder by place; reasons by place for what is not read; and the folders
    that could not be listed, of whose content nothing is known."""

    files: dict[str, File] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)

    def is_unknown(self, place: str) -> bool:
        """Whether the place is inside a folder that could not be listed."""
        return any(Path(place).is_relative_to(folder) for folder in self.unlisted)


def scan(folder: Path) -> Scan:
    """Everything under `folder`, which may itself be a link."""
    found = Scan()
    root = Path(os.path.realpath(folder))
    waiting, seen = [root], set[tuple[int, int]]()
    while waiting:
        current = waiting.pop()
        for entry in _listed(current, seen, found):
            if inner := _look(entry, root, found):
                waiting.append(inner)
    return found


def _listed(folder: Path, seen: set[tuple[int, int]], found: Scan) -> Iterator[os.DirEntry[str]]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:  # mounted into itself
            found.skipped[_place(folder)] = "a folder that was read elsewhere"
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        found.skipped[_place(folder)] = f"the folder cannot be listed ({error.strerror})"
        found.unlisted.append(str(folder))
        return
    yield from (entry for entry in listed if not entry.name.startswith("."))


def _look(entry: os.DirEntry[str], root: Path, found: Scan) -> Path | None:
    """Notes what an entry is; a folder is given back to be looked into."""
    path = Path(entry.path)
    place = _place(path)
    try:
        if entry.is_symlink():
            found.skipped[place] = _why_no_link(path, root)
        elif entry.is_dir(follow_symlinks=False):
            return path
        elif place != str(path):
            found.skipped[place] = "its name is not Unicode"
        else:
            _keep(path, place, entry.stat(follow_symlinks=False), found)
    except OSError as error:
        found.skipped[place] = f"it cannot be looked at ({error.strerror})"
    return None


def _keep(path: Path, place: str, status: os.stat_result, found: Scan) -> None:
    if not stat.S_ISREG(status.st_mode):
        found.skipped[place] = "it is not a plain file"
        return
    changed = datetime.fromtimestamp(status.st_mtime_ns / 1e9, UTC)
    found.files[place] = File(path, status.st_size, changed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _why_no_link(path: Path, root: Path) -> str:
    """A folder from elsewhere may hold links to what its reader never meant to show."""
    try:
        target = path.resolve(strict=True)
    except RuntimeError:  # Python 3.11 and 3.12 say so
        return "a link that loops"
    except OSError as error:
        return "a link that loops" if path.is_symlink() and _loops(error) else "a link to nothing"
    if path.is_relative_to(target):
        return "a link that loops"
    if target.is_relative_to(root):
        return "a link; what it leads to is read where it stands"
    return "a link that leads out of the folder"


def _loops(error: OSError) -> bool:
    import errno

    return error.errno == errno.ELOOP


def _place(path: Path) -> str:
    """The path as text that can be kept: a name in another encoding is shown with escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
