"""One SQLite file, opened safely: durable commits, one connection a thread, clear errors.

It knows pragmas, transactions and file modes. It does not know any table.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.errors import (
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnusable,
    DiskFull,
    NotADatabase,
    StoreError,
)
from store.migrations import bring_up_to_date

Parameters = Sequence[Any] | Mapping[str, Any]

BUSY_TIMEOUT_S = 10.0

_ERRORS: dict[str, tuple[type[DatabaseUnusable], str]] = {
    "SQLITE_FULL": (DiskFull, "the disk is full; nothing of this change was kept"),
    "SQLITE_NOTADB": (NotADatabase, "this file is not a Valence database"),
    "SQLITE_CORRUPT": (NotADatabase, "this database is damaged"),
    "SQLITE_BUSY": (DatabaseLocked, "another process keeps the database locked; try again"),
    "SQLITE_LOCKED": (DatabaseLocked, "the database is locked; try again"),
    "SQLITE_READONLY": (DatabaseReadOnly, "the database cannot be written"),
    "SQLITE_PERM": (DatabaseReadOnly, "the database cannot be opened"),
    "SQLITE_CANTOPEN": (DatabaseReadOnly, "the database cannot be opened"),
}


class Database:
    """A database file in use; safe to share between threads, never across a fork.

    Opening makes the file (0600) and its folder (0700) where they are missing and brings the
    schema up to date. Raises a DatabaseUnusable that says what stands in the way.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._local = threading.local()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()
        _make_private(self.path)
        try:
            bring_up_to_date(self)
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, opened at its first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        return self._connect() if connection is None else connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises.

        Inside another transaction of the same thread the block becomes part of that one.
        """
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        with self._clear_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def rehearsal(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is taken back at its end: what would a change do?

        Files that the block writes outside of the database are not taken back.
        """
        connection = self.connection
        with self._clear_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                _roll_back(connection)

    def read(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of a SELECT."""
        with self._clear_errors():
            return self.connection.execute(sql, parameters).fetchall()

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file and empty it; False where a reader, or this
        thread's own transaction, hinders."""
        if self.connection.in_transaction:
            return False
        return not self.read("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]

    def integrity(self) -> str:
        """`ok`, or SQLite's own words on what is damaged."""
        return "; ".join(row[0] for row in self.read("PRAGMA integrity_check"))

    def close(self) -> None:
        """Close the connections of all threads; the object is of no use afterwards."""
        with self._lock:
            connections = list(self._connections.values())
            self._connections.clear()
        for connection in connections:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        with self._clear_errors():
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,  # each thread uses its own; close() may be another's
            )
            self._keep(connection)
            connection.row_factory = sqlite3.Row
            _write_ahead(connection)
            for pragma in pragmas(sys.platform):
                connection.execute(f"PRAGMA {pragma}")
        self._local.connection = connection
        return connection

    def _keep(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            for thread in [thread for thread in self._connections if not thread.is_alive()]:
                self._connections.pop(thread).close()
            self._connections[threading.current_thread()] = connection

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error
        except UnicodeEncodeError as error:
            raise StoreError(
                "a text with a lone surrogate is not Unicode and cannot be kept"
            ) from error


def pragmas(platform: str) -> list[str]:
    """What each connection sets. On macOS only F_FULLFSYNC reaches the medium."""
    durable = ["fullfsync=1", "checkpoint_fullfsync=1"] if platform == "darwin" else []
    return ["synchronous=FULL", *durable, "foreign_keys=1", "secure_delete=1"]


def sqlite_warning(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str | None:
    """A sentence when this SQLite can damage a file that two processes write, else None."""
    fixed = (
        version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    )
    if fixed:
        return None
    name = ".".join(map(str, version))
    return (
        f"SQLite {name} has a rare fault that can damage a database when two processes write at "
        "once; 3.51.3, 3.50.7 and 3.44.6 have the repair"
    )


def _make_private(path: Path) -> None:
    try:
        # The mode is for a folder that is made here; one that is there is its owner's affair.
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise DatabaseReadOnly(f"{path}: cannot be opened ({error.strerror})") from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the journal's mode, which SQLite itself does not wait for: of two that make a file at
    once neither would ever get the other's lock."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite has done it itself after some errors
        connection.execute("ROLLBACK")


def _translated(error: sqlite3.Error, path: Path) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    primary = "_".join(name.split("_")[:2])
    kind, sentence = _ERRORS.get(primary, (StoreError, str(error)))
    return kind(f"{path}: {sentence}")
