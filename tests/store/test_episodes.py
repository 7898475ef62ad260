"""Pieces with their words and vectors: found, kept whole, forgotten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from store import wording
from store.database import Database
from store.episodes import Chunk, Episodes
from store.errors import UnknownChunk, UnknownSource
from store.memory_forgetting import purge
from store.sources import Source, Sources


@pytest.fixture
def episodes(db: Database) -> Episodes:
    return Episodes(db)


def units(count: int, width: int = 8, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def texts(found: list[tuple[Chunk, float]]) -> list[str]:
    return [chunk.text for chunk, _ in found]


def test_pieces_and_their_vectors_are_read_as_they_were_written(episodes: Episodes) -> None:
    chunks = [Chunk(text=f"piece {i}", kind="episode", episode="e", position=i) for i in range(3)]
    rows = units(3)
    episodes.add(chunks, rows, "model")
    assert episodes.of_episode("e") == chunks
    assert episodes.get(chunks[1].id) == chunks[1]
    ids, kept = next(iter(episodes.vectors.read("model", [chunk.id for chunk in chunks])))
    assert ids == [chunk.id for chunk in chunks]
    assert np.array_equal(kept, rows)


def test_a_batch_is_kept_whole_or_not_at_all(episodes: Episodes) -> None:
    twice = Chunk(text="a")
    with pytest.raises(Exception, match="UNIQUE"):
        episodes.add([twice, twice], units(2), "model")
    assert episodes.count() == 0
    with pytest.raises(ValueError, match="zip"):
        episodes.add([Chunk(text="a"), Chunk(text="b")], units(1), "model")
    assert episodes.count() == 0


def test_any_word_finds_and_rarer_words_weigh_more(episodes: Episodes) -> None:
    said = ["the crab lives by the sea", "the leader of Aarhus", "the crab leads", "nothing else"]
    episodes.add([Chunk(text=text) for text in said])
    found = episodes.search("Who is the LEADER of Aarhus?")
    assert texts(found)[0] == "the leader of Aarhus"
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert texts(episodes.search("zebra")) == []
    assert texts(episodes.search('") OR * NEAR(')) == texts(episodes.search("or near"))


def test_filters_of_kind_time_and_source(db: Database, episodes: Episodes) -> None:
    source = Sources(db).add(Source(kind="note"))
    march = Chunk(text="rain in march", source_id=source.id, occurred_at="2026-03-01")
    may = Chunk(text="rain in may", kind="episode", occurred_at="2026-05-01")
    now = Chunk(text="rain today", recorded_at="2026-11-01")
    episodes.add([march, may, now])

    def rain(**filters: str) -> set[str]:
        return set(texts(episodes.search("rain", **filters)))  # type: ignore[arg-type]

    assert rain(until="2026-04") == {march.text}
    assert rain(since="2026-04") == {may.text, now.text}
    assert rain(since="2026-04", until="2026-06") == {may.text}
    assert rain(source=source.id) == {march.text}
    assert rain(kind="episode") == {may.text}


def test_a_common_word_neither_ranks_nor_hides_a_rare_one(
    episodes: Episodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "COMMON", 20)
    episodes.add([Chunk(text=f"alpha beta {i}") for i in range(40)] + [Chunk(text="alpha rare")])
    assert texts(episodes.search("alpha rare")) == ["alpha rare"]
    newest = [f"alpha beta {i}" for i in (39, 38, 37)]
    assert texts(episodes.search("alpha beta", limit=3)) == newest


def test_what_waits_for_a_vector_is_known_by_model(episodes: Episodes) -> None:
    chunks = [Chunk(text=f"piece {i}") for i in range(5)]
    episodes.add(chunks[:2], units(2), "old")
    episodes.add(chunks[2:])
    assert [chunk.text for chunk in episodes.backlog("old")] == ["piece 4", "piece 3", "piece 2"]
    assert (episodes.waiting("old"), episodes.waiting("new")) == (3, 5)
    episodes.vectors.add("chunk", "new", [chunk.id for chunk in chunks], units(5))
    assert episodes.backlog("new") == []
    assert episodes.vectors.models("chunk") == {"old": 2, "new": 5}
    assert episodes.vectors.keep_only("chunk", "new") == 2
    assert episodes.vectors.models("chunk") == {"new": 5}


def test_a_vector_that_comes_after_its_piece_was_forgotten_is_not_kept(episodes: Episodes) -> None:
    chunk = Chunk(text="a secret")
    episodes.add([chunk])
    episodes.remove([chunk.id])
    episodes.vectors.add("chunk", "model", [chunk.id], units(1))
    assert episodes.vectors.mark("chunk", "model").count == 0


def test_forgetting_takes_words_vectors_and_bytes(
    path: Path, db: Database, episodes: Episodes
) -> None:
    secret, other = Chunk(text="xylophonist at dawn"), Chunk(text="another")
    episodes.add([secret, other], units(2), "model")
    with db.transaction() as connection:
        assert episodes.remove([secret.id]) == 1
        purge(connection)
    db.checkpoint()
    assert episodes.search("xylophonist") == []
    assert episodes.by_ids([secret.id, other.id]).keys() == {other.id}
    assert episodes.vectors.ids("chunk", "model") == [other.id]
    with pytest.raises(UnknownChunk):
        episodes.get(secret.id)
    for file in path.parent.glob("valence.db*"):
        assert b"xylophonist" not in file.read_bytes()


def test_sources_keep_their_trust_and_their_last_state(db: Database) -> None:
    sources = Sources(db)
    source = sources.add(Source(kind="document", place="/n/a.md", trusted=False))
    sources.update(Source(id=source.id, kind="document", place="/n/a.md", state="gone"))
    kept = sources.get(source.id)
    assert (kept.state, kept.trusted) == ("gone", False)
    assert sources.list(kind="document", state="read") == []
    assert sources.documents() == {"/n/a.md": kept}
    with pytest.raises(UnknownSource):
        sources.get("f")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from store.database import Database
from store.episodes import Chunk, Episodes
episodes = Episodes(Database(Path(sys.argv[1])))
for i in range(10**6):
    chunks = [Chunk(text=f"word{i} first"), Chunk(text=f"word{i} second")]
    episodes.add(chunks, np.eye(2, 8, dtype=np.float32), "model")
    print(i, flush=True)
"""


def test_nothing_acknowledged_is_lost_to_a_kill(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(5)]
        writer.kill()
        said += writer.stdout.read().split("\n")[:-1]
    db = Database(path)
    episodes = Episodes(db)
    assert episodes.count() >= 2 * len(said)
    assert episodes.count() == episodes.vectors.mark("chunk", "model").count
    assert len(episodes.search(f"word{len(said) - 1}")) == 2
    assert db.integrity() == "ok"
    db.close()
