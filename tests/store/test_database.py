from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store import database, errors, migrations
from store.database import Database, pragmas, sqlite_warning


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_private(db: Database, path: Path) -> None:
    with db.transaction() as connection:
        connection.execute("INSERT INTO leases VALUES ('a', 'b', 1, 'c')")
    assert mode(path.parent) == 0o700
    assert {p.name: mode(p) for p in path.parent.iterdir()} == {
        "valence.db": 0o600,
        "valence.db-wal": 0o600,
        "valence.db-shm": 0o600,
    }


def test_an_open_file_is_made_private_and_a_given_folder_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "valence.db"
    path.touch(mode=0o644)
    Database(path).close()
    assert mode(path) == 0o600
    assert mode(tmp_path) == 0o755


def test_commits_are_durable(db: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert {name: db.read(f"PRAGMA {name}")[0][0] for name in expected} == expected


def test_only_macos_needs_fullfsync() -> None:
    extra = set(pragmas("darwin")) - set(pragmas("linux"))
    assert extra == {"fullfsync=1", "checkpoint_fullfsync=1"}


def test_an_empty_file_gets_the_whole_schema(db: Database) -> None:
    assert db.read("PRAGMA user_version")[0][0] == migrations.LATEST
    applied = [row["name"] for row in db.read("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert applied == list(migrations.STEPS)


def test_a_second_open_loads_no_migration_library(db: Database, path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from store.database import Database\n"
        f"Database(Path({str(path)!r})).close()\n"
        "print([m for m in ('sqlite_utils', 'numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("[]\n", "")


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(errors.NewerDatabase, match="made by a newer Valence"):
        Database(path)


def test_a_failed_migration_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(script: str) -> list[str]:
        return ["CREATE TABLE half (id TEXT)", "CREATE TABLE half (id TEXT)"]

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "statements", half)
        with pytest.raises(errors.StoreError, match="half already exists"):
            Database(path)
    database = Database(path)
    assert database.read("SELECT 1 FROM sqlite_master WHERE name = 'half'") == []
    database.close()


def test_two_may_make_the_same_file_at_once(path: Path) -> None:
    def opened(_: int) -> str:
        database = Database(path)
        answer = database.integrity()
        database.close()
        return answer

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(4))) == ["ok"] * 4


@pytest.mark.parametrize("content", [b"not a database, a letter" * 50, b"\x89PNG\r\n\x1a\n" * 80])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "valence.db"
    path.write_bytes(content)
    with pytest.raises(errors.NotADatabase, match="not a Valence database"):
        Database(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.DatabaseReadOnly, match="cannot be opened"):
        Database(tmp_path)


def test_a_full_disk_keeps_nothing_and_says_so(db: Database) -> None:
    pages = db.read("PRAGMA page_count")[0][0]
    db.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(errors.DiskFull, match="disk is full"), db.transaction() as connection:
        connection.executemany(
            "INSERT INTO events VALUES (?, 'k', NULL, ?, 't')",
            [(str(i), "x" * 4000) for i in range(200)],
        )
    assert db.read("SELECT count(*) FROM events")[0][0] == 0
    assert db.integrity() == "ok"


def test_a_write_lock_held_too_long_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    first, second = Database(path), Database(path)
    locked = pytest.raises(errors.DatabaseLocked, match="another process")
    with first.transaction(), locked, second.transaction():
        pass
    first.close()
    second.close()


def test_a_file_that_cannot_be_written_is_named(db: Database) -> None:
    db.connection.execute("PRAGMA query_only = 1")
    read_only = pytest.raises(errors.DatabaseReadOnly, match="cannot be written")
    with read_only, db.transaction() as connection:
        connection.execute("INSERT INTO leases VALUES ('a', 'b', 1, 'c')")


def test_an_error_inside_rolls_all_of_it_back(db: Database) -> None:
    def write() -> None:
        with db.transaction() as outer:
            outer.execute("INSERT INTO leases VALUES ('a', 'b', 1, 'c')")
            with db.transaction() as inner:
                inner.execute("INSERT INTO leases VALUES ('b', 'b', 1, 'c')")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert db.read("SELECT * FROM leases") == []


def test_each_thread_has_its_own_connection(db: Database) -> None:
    seen = []
    thread = threading.Thread(target=lambda: seen.append(db.connection))
    thread.start()
    thread.join()
    assert seen[0] is not db.connection
    second = threading.Thread(target=lambda: db.connection)
    second.start()
    second.join()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):  # its thread is over
        seen[0].execute("SELECT 1")


def test_lone_surrogates_are_refused_with_a_sentence(db: Database) -> None:
    with pytest.raises(errors.StoreError, match="surrogate"), db.transaction() as connection:
        connection.execute("INSERT INTO leases VALUES (?, 'b', 1, 'c')", ("\ud800",))


@pytest.mark.parametrize(
    ("version", "warned"),
    [
        ((3, 40, 1), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_sqlite_versions_with_the_log_reset_fault(
    version: tuple[int, int, int], warned: bool
) -> None:
    assert (sqlite_warning(version) is not None) == warned
