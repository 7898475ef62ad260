"""The vector index on disk: LanceDB, made from SQLite and made again whenever it is not whole.

Never the only copy, and never waited for: what it does not hold yet is searched exactly, and so
is everything while it cannot be opened. Not fork-safe: a child searches exactly. LanceDB is loaded
only above the size where it pays. It does not know what the vectors stand for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store.database import Database
from store.errors import IndexDamaged
from store.events import Events
from store.exact import ExactIndex, Found
from store.lance_table import LanceTable
from store.leases import Leases
from store.vectors import BATCH, Vectors

if TYPE_CHECKING:
    from store.vectors import Matrix

EXACT_UP_TO = 200_000
"""Vectors up to here are searched exactly. At 100,000 of 384 exact search took 2.7 ms on two cores
where the index took 3.6 ms, and 110 s to build; at twice that the index begins to be quicker, and
the vectors take 300 MB of memory."""
APPEND_AT = 256
"""So many new vectors are appended at once; until then they are searched exactly."""
OPTIMISE_AFTER = 200
"""Appends after which the table's small files are made one (3,000 appends left 386 MB)."""
CANDIDATES = 4
"""Candidates of the approximate search for each result, ranked by their exact cosine."""
LEASE = "vector index"
LEASE_S = 3600.0

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Maintained:
    """What `VectorIndex.maintain` did: rows written, rows removed, and why it built, if it did."""

    appended: int = 0
    removed: int = 0
    rebuilt: str = ""


class VectorIndex:
    """The chunks nearest to a vector, among those that one model embedded."""

    def __init__(
        self, db: Database, folder: Path, model: str, exact_up_to: int = EXACT_UP_TO
    ) -> None:
        self._vectors = Vectors(db)
        self._events = Events(db)
        self._leases = Leases(db)
        self._folder = folder
        self._model = model
        self._exact_up_to = exact_up_to
        self._pid = os.getpid()
        self._table: LanceTable | None = None
        self._exact = ExactIndex(self._vectors, "chunk", model)

    def search(self, vector: Matrix, limit: int) -> Found:
        """Ids of the chunks nearest to `vector` (d,; of length one) with their cosines, best first.

        Sees whatever has been committed, whatever state the index on disk is in.
        """
        for _ in range(2):  # another process may have tidied the files of an open table away
            table = self._opened() if self._pays() else None
            if table is None:
                break
            with suppress(IndexDamaged):
                return self._both(table, vector, limit)
            self._close()
        return self._exact.search(vector, limit)

    def maintain(self, progress: Progress = lambda done, all_: None) -> Maintained:
        """Bring the index on disk up to date, or build it; a job for a quiet moment.

        Only one process does it at a time; the others go on as they were. A build says so in an
        event. 100,000 vectors take about two minutes; searches meanwhile are exact. Raises
        IndexDamaged where none can be built (a full disk, say); searches stay exact then.
        """
        if not self._pays() or not self._leases.acquire(LEASE, LEASE_S):
            return Maintained()
        try:
            return self._maintained(progress)
        finally:
            self._leases.release(LEASE)

    def _pays(self) -> bool:
        if self._pid != os.getpid():
            return False
        return self._vectors.mark("chunk", self._model).count > self._exact_up_to

    def _opened(self) -> LanceTable | None:
        """The table, if there is one that was built and opens."""
        if self._table is None:
            with suppress(IndexDamaged):
                table = LanceTable.open(self._folder, self._model)
                if table is not None and table.indexed:
                    self._use(table)
        return self._table

    def _use(self, table: LanceTable) -> None:
        """From now on only what follows the table's newest row is searched exactly."""
        self._table = table
        self._exact = ExactIndex(self._vectors, "chunk", self._model, after=table.mark.last)

    def _close(self) -> None:
        self._table = None
        self._exact = ExactIndex(self._vectors, "chunk", self._model)

    def _both(self, table: LanceTable, vector: Matrix, limit: int) -> Found:
        """The cosines are SQLite's, and what it no longer has is no result."""
        near = self._cosines(table.nearest(vector, CANDIDATES * limit), vector)
        found = near + self._exact.search(vector, limit)
        return sorted(found, key=lambda each: -each[1])[:limit]

    def _cosines(self, ids: list[str], vector: Matrix) -> Found:
        return [
            (each, float(cosine))
            for some, rows in self._vectors.read(self._model, ids)
            for each, cosine in zip(some, rows @ vector, strict=True)
        ]

    def _maintained(self, progress: Progress) -> Maintained:
        try:
            table = LanceTable.open(self._folder, self._model)
            done = table and self._brought_up(table, progress)
            reason = "it was not as SQLite has it" if table else "there was none"
        except IndexDamaged as error:
            done, reason = None, str(error)
        return done or self._rebuilt(reason, progress)

    def _brought_up(self, table: LanceTable, progress: Progress) -> Maintained | None:
        """Appends what is new and removes what is gone; None where the table cannot be mended."""
        if not table.indexed:
            return None
        change = self._vectors.changes("chunk", self._model, table.mark, table.ids())
        if change is None or (len(change.added) < APPEND_AT and not change.gone):
            return Maintained()
        if len(change.gone) > table.mark.count // 2:
            return None
        table.remove(change.gone)
        self._fill(table, change.added, progress)
        if change.gone or table.appends >= OPTIMISE_AFTER:
            table.optimise()  # a removed vector stays in the files until then
        self._use(table)
        return Maintained(len(change.added), len(change.gone))

    def _rebuilt(self, reason: str, progress: Progress) -> Maintained:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)
        ids = self._vectors.ids("chunk", self._model)
        table = LanceTable.create(self._folder, self._model)
        self._fill(table, ids, progress)
        table.build()
        self._use(table)
        self._events.record("vector index rebuilt", reason=reason, vectors=len(ids))
        return Maintained(len(ids), 0, reason)

    def _fill(self, table: LanceTable, ids: list[str], progress: Progress) -> None:
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            for found, numbers, rows in self._vectors.numbered(self._model, some):
                table.append(found, numbers, rows)
            self._leases.renew(LEASE, LEASE_S)
            progress(min(start + BATCH, len(ids)), len(ids))
