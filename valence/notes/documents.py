"""The notes folder in memory: what changed is read again, what went is gone, the rest is left.

Each file is one transaction, so that a kill at any point leaves it as it was or as it is. What a
document says can be quoted and cited; it never instructs, and its source is not trusted. It does
not embed (valence/memory/backlog.py), nor know how facts are read from a text.
"""

from __future__ import annotations

import errno
import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from store.clock import now
from store.database import Database
from store.episodes import Chunk, Episodes
from store.events import Events
from store.leases import Leases
from store.sources import FORGOTTEN, Source, Sources
from valence.errors import Unreadable
from valence.notes.chunking import Piece, pieces
from valence.notes.readers import load, parse
from valence.notes.scanning import File, Scan, scan

LEASE = "documents"
LEASE_S = 120.0
SAME_MOMENT = timedelta(seconds=2)
"""A file changed so shortly before it was read may have changed again within its clock's tick."""
AWAY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ESTALE, errno.ENOTCONN})
"""Errors of a file whose disk or folder has just gone: they say nothing of the file."""

ForgetFacts = Callable[[Sequence[str]], object]
Decompose = Callable[[Source, Chunk], str | None]
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Synced:
    """Files of one look at the folder, pieces that are new, and pieces decomposed.

    `problem` is a sentence where the folder could not be looked at; nothing has changed then.
    """

    read: int = 0
    unchanged: int = 0
    skipped: int = 0
    gone: int = 0
    chunks: int = 0
    decomposed: int = 0
    problem: str = ""


class Documents:
    """The documents of one folder.

    `forget_facts` is given the ids of pieces that are about to go, inside the same transaction.
    """

    def __init__(
        self, db: Database, folder: Path, forget_facts: ForgetFacts = lambda chunk_ids: None
    ) -> None:
        self._db = db
        self._folder = folder.expanduser().absolute()
        self._forget_facts = forget_facts
        self._sources = Sources(db)
        self._episodes = Episodes(db)
        self._events = Events(db)
        self._leases = Leases(db)
        self._was_missing = False

    def sync(
        self,
        decompose: Decompose | None = None,
        progress: Progress = lambda place: None,
        within_s: float = math.inf,
    ) -> Synced:
        """Bring memory up to what the folder holds now; one process at a time does it. No file is
        begun after `within_s` seconds; the next look goes on from there.

        A folder that is not there changes nothing: it may be on a disk that is away. With
        `decompose` every piece that no call has read yet is handed to it; the id of the call that
        it gives back is kept with the piece, and None from it ends the reading for this time.
        """
        if not self._folder.is_dir():
            return self._missing()
        self._was_missing = False
        if not self._leases.acquire(LEASE, LEASE_S):
            return Synced(problem="another process is reading the notes folder")
        try:
            synced = self._synced(scan(self._folder), progress, time.monotonic() + within_s)
            return replace(synced, decomposed=self._decomposed(decompose) if decompose else 0)
        finally:
            self._leases.release(LEASE)

    def _missing(self) -> Synced:
        if not self._was_missing:
            self._was_missing = True
            self._events.record("notes folder missing", folder=str(self._folder))
        return Synced(
            problem=f"the notes folder {self._folder} is not there; what was read of it is kept"
        )

    def _synced(self, found: Scan, progress: Progress, until: float) -> Synced:
        known = self._known()
        done: dict[str, Any] = defaultdict(int)
        for place, file in found.files.items():
            if time.monotonic() > until:
                break
            before = known.get(place)
            state, added = self._file(place, file, before)
            done[state] += 1
            done["chunks"] += added
            if state != "unchanged" and not (before and _is_as_it_was(file, before)):
                progress(place)
        for place, reason in found.skipped.items():
            self._skip(place, None, known.get(place), reason)
        there = found.files.keys() | found.skipped.keys()
        for place, source in known.items():
            if source.state != "gone" and place not in there and not found.is_unknown(place):
                left = replace(source, state="gone", reason="", recorded_at=now())
                self._replace(left, [], source)
                done["gone"] += 1
        done["skipped"] += len(found.skipped)
        return Synced(**done)

    def _known(self) -> dict[str, Source]:
        """The folder's documents; those of a folder that was set before are left alone."""
        root = self._folder.resolve()
        documents = self._sources.documents()
        return {
            place: each for place, each in documents.items() if Path(place).is_relative_to(root)
        }

    def _file(self, place: str, file: File, known: Source | None) -> tuple[str, int]:
        """What became of one file, and how many of its pieces are new."""
        if known is not None and _is_as_it_was(file, known):
            return ("unchanged" if known.state == "read" else "skipped"), 0
        try:
            data = load(file.path)
        except Unreadable as reason:
            error = reason.__cause__
            if known is not None and isinstance(error, OSError) and error.errno in AWAY:
                return "unchanged", 0  # the next look will tell whether it is gone
            self._skip(place, None if isinstance(error, OSError) else file, known, str(reason))
            return "skipped", 0
        return self._read(place, file, known, data)

    def _read(self, place: str, file: File, known: Source | None, data: bytes) -> tuple[str, int]:
        digest = hashlib.sha256(data).hexdigest()
        if known is not None and known.state == "read" and known.sha256 == digest:
            self._sources.update(
                replace(known, modified_at=file.modified_at, bytes=len(data), recorded_at=now())
            )
            return "unchanged", 0
        try:
            document = parse(file.path, data)
        except Unreadable as reason:
            self._skip(place, file, known, str(reason))
            return "skipped", 0
        source = replace(
            known or _new(place), state="read", reason="", title=document.title, sha256=digest,
            bytes=len(data), modified_at=file.modified_at, recorded_at=now(),
        )  # fmt: skip
        return "read", self._replace(source, pieces(document.text), known)

    def _skip(self, place: str, file: File | None, known: Source | None, reason: str) -> None:
        """`file` is None where another look may find it readable though it has not changed."""
        if file is None and known and (known.state, known.reason) == ("skipped", reason):
            return
        source = replace(
            known or _new(place), state="skipped", reason=reason, sha256=None,
            bytes=file.bytes if file else None, modified_at=file.modified_at if file else None,
            recorded_at=now(),
        )  # fmt: skip
        self._replace(source, [], known)

    def _replace(self, source: Source, new: list[Piece], known: Source | None) -> int:
        """The source and its pieces as they are now; a piece that says the same stays the same,
        with its vector and its facts. How many are new."""
        with self._db.transaction():
            self._leases.renew(LEASE, LEASE_S)
            self._sources.update(source) if known else self._sources.add(source)
            kept, added, gone = _compared(source, self._episodes.of_source(source.id), new)
            if gone:
                self._forget_facts(gone)
                self._episodes.remove(gone)
            self._episodes.move(kept)
            self._episodes.add(added)
        return len(added)

    def _decomposed(self, decompose: Decompose) -> int:
        """Each piece is marked with its call before the next is begun."""
        done = 0
        while batch := self._episodes.unread():
            for chunk in batch:
                self._leases.renew(LEASE, LEASE_S)
                call_id = decompose(self._sources.get(chunk.source_id or ""), chunk)
                if call_id is None:
                    return done
                self._episodes.read_by(chunk.id, call_id)
                done += 1
        return done


def _new(place: str) -> Source:
    return Source(kind="document", place=place, title=Path(place).stem, trusted=False)


def _is_as_it_was(file: File, known: Source) -> bool:
    """By size and time, without opening it. One that was forgotten stays so until it changes."""
    if (known.state == "gone" and known.reason != FORGOTTEN) or known.modified_at is None:
        return False
    settled = _moment(known.recorded_at) - _moment(known.modified_at) > SAME_MOMENT
    return settled and (known.bytes, known.modified_at) == (file.bytes, file.modified_at)


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time)


def _compared(
    source: Source, old: list[Chunk], new: list[Piece]
) -> tuple[list[Chunk], list[Chunk], list[str]]:
    """Pieces that stay (at their new places), pieces that are new, and ids of those that go."""
    held = defaultdict[str, list[Chunk]](list)
    for chunk in old:
        held[chunk.text].append(chunk)
    kept, added = [], []
    for position, piece in enumerate(new):
        place: dict[str, Any] = {
            "position": position,
            "span_start": piece.start,
            "span_end": piece.end,
        }
        if held[piece.text]:
            kept.append(replace(held[piece.text].pop(0), **place))
        else:
            added.append(
                Chunk(text=piece.text, source_id=source.id, occurred_at=source.modified_at, **place)
            )
    return kept, added, [chunk.id for chunks in held.values() for chunk in chunks]
