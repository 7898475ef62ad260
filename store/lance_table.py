"""One LanceDB table of vectors: opened, filled, indexed, searched.

Every error of LanceDB, which has many kinds, becomes IndexDamaged. It does not know where the
vectors come from or whether they are up to date.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import IndexDamaged
from store.vectors import Mark

if TYPE_CHECKING:
    from store.vectors import Matrix

AT_ONCE = 500
"""Ids in one delete."""
BREADTH = 4
"""Rows that the graph search keeps in view for each one wanted (HNSW's ef)."""
MOST_SAID = 120
"""Characters of LanceDB's own message that are worth a person's time."""


class LanceTable:
    """The vectors of one model, each with its owner's id and its number in SQLite."""

    def __init__(self, database: Any, name: str, table: Any = None) -> None:
        self._database = database
        self._name = name
        self._table = table
        self.mark = Mark()
        self.indexed = False

    @classmethod
    def open(cls, folder: Path, model: str) -> LanceTable | None:
        """The table of a model under `folder`; None where there is none. Raises IndexDamaged."""
        if not folder.is_dir() or not any(folder.iterdir()):
            return None
        with _as_damage():
            database = _connect(folder)
            name = _name(model)
            if name not in database.list_tables().tables:
                return None
            opened = cls(database, name, database.open_table(name))
            opened._look()
        return opened

    @classmethod
    def create(cls, folder: Path, model: str) -> LanceTable:
        """A new, empty table; it is on disk with the first rows. Raises IndexDamaged."""
        with _as_damage():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(_connect(folder), _name(model))

    @property
    def appends(self) -> int:
        """Writes since the files were last made one."""
        with _as_damage():
            return len(self._table.list_versions())

    def nearest(self, vector: Matrix, limit: int) -> list[str]:
        """Ids of about the nearest rows, about the nearest first. Raises IndexDamaged."""
        with _as_damage():
            query = self._table.search(vector, vector_column_name="vector")
            query = query.distance_type("cosine").limit(limit).ef(BREADTH * limit)
            near = query.select(["id", "_distance"])
            return [str(each) for each in near.to_arrow().column("id").to_pylist()]

    def ids(self) -> Iterator[str]:
        """Whose vectors there are; read only when the first is asked for."""
        with _as_damage():
            yield from self._column("id")

    def append(self, ids: list[str], numbers: list[int], rows: Matrix) -> None:
        """Add rows (n, d) in one write. Raises IndexDamaged."""
        with _as_damage():
            data = _arrow(ids, numbers, rows)
            if self._table is None:
                self._table = self._database.create_table(self._name, data)
            else:
                self._table.add(data)
        last = max(self.mark.last, *numbers)
        self.mark = Mark(self.mark.count + len(ids), last)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the rows of these owners; their bytes stay until `optimise`."""
        gone = sorted(ids)
        with _as_damage():
            for start in range(0, len(gone), AT_ONCE):
                self._table.delete(f"id IN ({_quoted(gone[start : start + AT_ONCE])})")
            self._look()

    def build(self) -> None:
        """Make the graph index (HNSW over scalar-quantised vectors; Malkov and Yashunin 2018)."""
        with _as_damage():
            from lancedb.index import HnswSq

            kind = HnswSq(distance_type="cosine", num_partitions=1)
            self._table.create_index("vector", config=kind)
            self._tidy()
            self._look()

    def optimise(self) -> None:
        """Make the files one, take new rows into the index, drop what was removed."""
        with _as_damage():
            self._tidy()
            self._look()

    def _tidy(self) -> None:
        # No version is worth keeping: SQLite has it all, and a reader of an old one opens anew.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "optimize", UserWarning)
            self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)

    def _look(self) -> None:
        """What it holds now; reading a column shows whether the files are there."""
        numbers = self._column("number")
        self.mark = Mark(len(numbers), max(numbers, default=0))
        self.indexed = bool(self._table.list_indices())

    def _column(self, name: str) -> list[Any]:
        found = self._table.search().select([name]).limit(None).to_arrow()
        values: list[Any] = found.column(name).to_pylist()
        return values


@contextmanager
def _as_damage() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # pyarrow, lance and its Rust core each raise their own kinds, and all mean the same here.
        raise IndexDamaged(f"the vector index cannot be used: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:MOST_SAID]


def _connect(folder: Path) -> Any:
    import lancedb

    return lancedb.connect(str(folder))


def _name(model: str) -> str:
    return "chunks_" + hashlib.sha256(model.encode()).hexdigest()[:16]


def _arrow(ids: list[str], numbers: list[int], rows: Matrix) -> Any:
    import pyarrow as pa

    flat = pa.array(rows.reshape(-1), type=pa.float32())
    vectors = pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])
    columns = [pa.array(ids), pa.array(numbers, type=pa.int64()), vectors]
    return pa.table(columns, names=["id", "number", "vector"])


def _quoted(ids: Sequence[str]) -> str:
    return ", ".join("'" + each.replace("'", "''") + "'" for each in ids)
