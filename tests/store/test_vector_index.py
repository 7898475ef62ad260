"""The nearest vectors: exact, by the index on disk, and whatever befalls that."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from store import lance
from store.database import Database
from store.episodes import Chunk, Episodes
from store.events import Events
from store.exact import ExactIndex
from store.lance import VectorIndex
from store.leases import Leases

MODEL = "m@1"
WIDTH = 16


def units(count: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def episodes(db: Database) -> Episodes:
    return Episodes(db)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "episodic.lance"


def fill(episodes: Episodes, count: int, seed: int = 1) -> list[str]:
    chunks = [Chunk(text=f"piece {i}") for i in range(count)]
    episodes.add(chunks, units(count, seed), MODEL)
    return [chunk.id for chunk in chunks]


def by_hand(episodes: Episodes, vector: np.ndarray, limit: int) -> list[str]:
    """The nearest by their definition."""
    pairs = [
        (float(row @ vector), each)
        for ids, rows in episodes.vectors.read(MODEL, episodes.vectors.ids("chunk", MODEL))
        for each, row in zip(ids, rows, strict=True)
    ]
    return [each for _, each in sorted(pairs, reverse=True)[:limit]]


def ids_of(found: list[tuple[str, float]]) -> list[str]:
    return [each for each, _ in found]


def rebuilt(db: Database) -> list[str]:
    return [event.detail["reason"] for event in Events(db).list(9, "vector index rebuilt")]


def test_exact_search_follows_every_change(db: Database, episodes: Episodes) -> None:
    index = ExactIndex(episodes.vectors, "chunk", MODEL)
    query = units(1, seed=9)[0]
    assert index.search(query, 5) == []
    first = fill(episodes, 30)
    found = index.search(query, 5)
    assert ids_of(found) == by_hand(episodes, query, 5)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    for step in range(3):  # one goes and one comes, so that the count stays
        episodes.remove([first[step]])
        fill(episodes, 1, seed=50 + step)
        assert ids_of(index.search(query, 40)) == by_hand(episodes, query, 40)
    assert len(index) == 30
    chunk = first[10]
    episodes.vectors.add("chunk", MODEL, [chunk], query[None])
    assert index.search(query, 1) == [(chunk, pytest.approx(1.0, abs=1e-6))]


def test_another_process_is_followed_too(db: Database, episodes: Episodes, path: Path) -> None:
    index = ExactIndex(episodes.vectors, "chunk", MODEL)
    fill(episodes, 3)
    assert len(index.search(units(1)[0], 9)) == 3
    other = Database(path)
    fill(Episodes(other), 2, seed=4)
    other.close()
    assert len(index.search(units(1)[0], 9)) == 5


def test_what_was_never_committed_is_not_found(db: Database, episodes: Episodes) -> None:
    index = ExactIndex(episodes.vectors, "chunk", MODEL)
    kept = fill(episodes, 2)
    with suppress(ZeroDivisionError), db.transaction():
        fill(episodes, 3, seed=2)
        assert len(index.search(units(1)[0], 9)) == 5
        _ = 1 / 0
    assert {*ids_of(index.search(units(1)[0], 9))} == {*kept}


def test_few_vectors_need_no_index_on_disk(
    db: Database, episodes: Episodes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.lance_table._connect", lambda folder: pytest.fail("loaded"))
    ids = fill(episodes, 20)
    index = VectorIndex(db, folder, MODEL)
    assert index.maintain().appended == 0
    assert index.search(units(20)[7], 1) == [(ids[7], pytest.approx(1.0, abs=1e-6))]
    assert not folder.exists()


@pytest.fixture
def built(db: Database, episodes: Episodes, folder: Path) -> VectorIndex:
    fill(episodes, 300)
    index = VectorIndex(db, folder, MODEL, exact_up_to=100)
    assert index.maintain().appended == 300
    return index


def test_the_index_finds_what_exact_search_finds(
    built: VectorIndex, db: Database, episodes: Episodes
) -> None:
    assert rebuilt(db) == ["there was none"]
    queries = units(20, seed=7)
    hits = sum(len({*ids_of(built.search(q, 10))} & {*by_hand(episodes, q, 10)}) for q in queries)
    assert hits >= 195
    for each, score in built.search(queries[0], 3):
        row = next(rows for _, rows in episodes.vectors.read(MODEL, [each]))[0]
        assert score == pytest.approx(float(row @ queries[0]), abs=1e-6)


def test_what_is_new_or_gone_is_seen_before_the_index_knows(
    built: VectorIndex, episodes: Episodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = fill(episodes, 5, seed=3)
    rows = units(5, seed=3)
    assert built.search(rows[2], 1)[0][0] == fresh[2]
    episodes.remove([fresh[2]])
    old = built.search(units(300)[5], 1)[0][0]
    episodes.remove([old])
    assert fresh[2] not in ids_of(built.search(rows[2], 10))
    assert old not in ids_of(built.search(units(300)[5], 10))
    assert built.maintain().removed == 1
    monkeypatch.setattr(lance, "APPEND_AT", 2)
    fill(episodes, 3, seed=5)
    assert built.maintain().appended == 3
    assert built.search(units(3, seed=5)[0], 1)[0][1] == pytest.approx(1.0, abs=1e-6)


def _zero(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_bytes(b"")


def _half(folder: Path) -> None:
    newest = max(folder.rglob("*.manifest"), key=lambda file: file.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])


@pytest.mark.parametrize("damage", [_zero, _half, shutil.rmtree], ids=["zeroed", "cut", "gone"])
def test_a_damaged_index_loses_nothing_and_is_made_again(
    built: VectorIndex, db: Database, episodes: Episodes, folder: Path, damage: object
) -> None:
    damage(folder)  # type: ignore[operator]
    query = units(300)[42]
    for index in (built, VectorIndex(db, folder, MODEL, exact_up_to=100)):
        assert ids_of(index.search(query, 5))[0] == by_hand(episodes, query, 1)[0]
    again = VectorIndex(db, folder, MODEL, exact_up_to=100)
    assert again.maintain().rebuilt
    assert len(rebuilt(db)) == 2
    assert again.search(query, 1)[0][1] == pytest.approx(1.0, abs=1e-6)
    assert again.maintain() == lance.Maintained()


def test_a_build_that_was_broken_off_is_begun_anew(
    db: Database, episodes: Episodes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(episodes, 120)
    index = VectorIndex(db, folder, MODEL, exact_up_to=100)
    with monkeypatch.context() as patch:
        patch.setattr(lance.LanceTable, "build", lambda table: sys.exit("killed"))
        with pytest.raises(SystemExit):
            index.maintain()
    assert index.search(units(120)[3], 1)[0][0] == ids[3]
    assert index.maintain().rebuilt == "it was not as SQLite has it"


def test_an_index_of_another_model_gives_way(
    built: VectorIndex, db: Database, episodes: Episodes, folder: Path
) -> None:
    ids = episodes.vectors.ids("chunk", MODEL)
    wide = np.eye(len(ids), 400, dtype=np.float32)
    episodes.vectors.add("chunk", "other@2", ids, wide)
    index = VectorIndex(db, folder, "other@2", exact_up_to=100)
    assert index.search(wide[3], 1)[0][0] == ids[3]
    assert index.maintain().appended == 300
    assert index.search(wide[3], 1)[0][0] == ids[3]


def test_one_process_at_a_time_maintains(db: Database, episodes: Episodes, folder: Path) -> None:
    fill(episodes, 120)
    other = Leases(db)
    assert other.acquire(lance.LEASE, 60)
    index = VectorIndex(db, folder, MODEL, exact_up_to=100)
    assert index.maintain() == lance.Maintained()
    assert len(index.search(units(1)[0], 3)) == 3
    other.release(lance.LEASE)
    assert index.maintain().appended == 120
