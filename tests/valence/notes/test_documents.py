"""A notes folder in memory: read once, followed, and never trusted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from store.calls import Call
from store.database import Database
from store.episodes import Chunk, Episodes
from store.events import Events
from store.leases import Leases
from store.ledger import Ledger
from store.sources import Source, Sources
from valence.app import Valence
from valence.memory.backlog import embed_backlog
from valence.notes.documents import LEASE, Documents
from valence.notes.readers import load
from valence.notes.watching import Watcher

Open = Callable[..., Valence]
LONG = "A sentence that says a little. " * 10


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "home" / "valence.db")
    yield database
    database.close()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    write(folder / "crabs.md", f"# Crabs\n\n{LONG}\n\n# Algae\n\n{LONG}")
    write(folder / "deep" / "plan.txt", "Plant the algae.")
    return folder


def write(path: Path, text: str | bytes, age: float = 100.0) -> None:
    """A file that was written so many seconds ago."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))


def states(db: Database, root: Path) -> dict[str, tuple[str, str]]:
    places = Sources(db).documents().items()
    return {str(Path(p).relative_to(root)): (s.state, s.reason) for p, s in places}


def found(db: Database, query: str) -> set[str]:
    return {chunk.text for chunk, _ in Episodes(db).search(query)}


def test_a_folder_is_read_and_only_what_changed_is_read_again(
    db: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = Documents(db, notes)
    first = documents.sync()
    assert (first.read, first.chunks, first.problem) == (2, 3, "")
    source = Sources(db).documents()[str(notes / "crabs.md")]
    assert (source.title, source.kind, source.trusted) == ("Crabs", "document", False)
    whole = (notes / "crabs.md").read_text()
    for chunk in Episodes(db).of_source(source.id):
        assert whole[chunk.span_start : chunk.span_end] == chunk.text
    opened: list[str] = []
    from valence.notes import documents as module

    monkeypatch.setattr(module, "load", lambda path: opened.append(path.name) or path.read_bytes())
    assert documents.sync().unchanged == 2
    assert opened == []
    os.utime(notes / "crabs.md", (1, 1))  # touched, and the same
    assert (documents.sync().unchanged, opened) == (2, ["crabs.md"])
    write(notes / "deep" / "plan.txt", "Plant the kelp.", age=50)
    assert documents.sync().read == 1
    assert found(db, "plant") == {"Plant the kelp."}


def test_a_look_that_may_not_take_long_is_gone_on_with_at_the_next(
    db: Database, notes: Path
) -> None:
    documents = Documents(db, notes)
    documents.sync()
    write(notes / "deep" / "plan.txt", "Plant the kelp.", age=50)
    hurried = documents.sync(within_s=0)
    assert (hurried.read, hurried.gone) == (0, 0)
    assert found(db, "plant") == {"Plant the algae."}
    assert documents.sync(within_s=60).read == 1


def test_an_edit_keeps_the_pieces_that_say_the_same(db: Database, notes: Path) -> None:
    going: list[str] = []
    documents = Documents(db, notes, lambda ids: going.extend(ids))
    documents.sync()
    episodes = Episodes(db)
    source = Sources(db).documents()[str(notes / "crabs.md")]
    crabs, algae = episodes.of_source(source.id)
    episodes.vectors.add("chunk", "m", [crabs.id, algae.id], np.eye(2, 4, dtype=np.float32))
    write(notes / "crabs.md", f"# Crabs\n\nNew. {LONG}\n\n# Algae\n\n{LONG}", age=50)
    assert documents.sync().chunks == 1
    new, kept = episodes.of_source(source.id)
    assert (kept.id, kept.span_start) == (algae.id, algae.span_start + len("New. "))
    assert "New." in new.text
    assert going == [crabs.id]
    assert episodes.vectors.ids("chunk", "m") == [algae.id]


def test_what_is_deleted_is_found_no_more_and_may_come_back(db: Database, notes: Path) -> None:
    going: list[str] = []
    documents = Documents(db, notes, lambda ids: going.extend(ids))
    documents.sync()
    plan = notes / "deep" / "plan.txt"
    plan.unlink()
    assert documents.sync().gone == 1
    assert found(db, "plant") == set()
    assert states(db, notes)["deep/plan.txt"] == ("gone", "")
    assert len(going) == 1
    assert documents.sync().gone == 0
    write(plan, "Plant the algae.")
    assert documents.sync().read == 1
    assert found(db, "plant") == {"Plant the algae."}


def test_what_is_forgotten_stays_so_until_its_file_changes(notes: Path, open_app: Open) -> None:
    app = open_app(memory={"notes_dir": notes})
    db, memory = app.stores.database, app.memory
    documents = Documents(db, notes)
    documents.sync()
    plan = str(notes / "deep" / "plan.txt")
    memory.forget(memory.sources.documents()[plan].id)
    assert documents.sync().skipped == 1
    assert memory.sources.documents()[plan].reason == "forgotten"
    assert not found(db, "plant")
    write(notes / "deep" / "plan.txt", "Plant the algae again.", age=50)
    assert documents.sync().read == 1
    assert found(db, "plant") == {"Plant the algae again."}


def test_a_folder_that_vanishes_takes_nothing_with_it(db: Database, notes: Path) -> None:
    documents = Documents(db, notes)
    documents.sync()
    away = notes.rename(notes.with_name("away"))
    for _ in range(2):
        assert "is not there" in documents.sync().problem
    assert len(Events(db).list(9, "notes folder missing")) == 1
    assert found(db, "plant") == {"Plant the algae."}
    away.rename(notes)
    assert documents.sync().unchanged == 2


def test_a_folder_that_vanishes_while_it_is_read_takes_nothing_with_it(
    db: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = Documents(db, notes)
    documents.sync()
    write(notes / "deep" / "plan.txt", "Plant the kelp.", age=50)
    from valence.notes import documents as module

    def load_late(path: Path) -> bytes:
        notes.rename(notes.with_name("away"))
        return load(path)

    monkeypatch.setattr(module, "load", load_late)
    assert documents.sync().gone == 0
    assert found(db, "plant") == {"Plant the algae."}


def test_what_is_not_read_is_listed_with_its_reason(
    db: Database, notes: Path, tmp_path: Path
) -> None:
    write(tmp_path / "secret.txt", "the key is under the mat")
    (notes / "out.txt").symlink_to(tmp_path / "secret.txt")
    (notes / "in.txt").symlink_to(notes / "crabs.md")
    (notes / "deep" / "up").symlink_to(notes)
    (notes / "self").symlink_to(notes / "self")
    (notes / "nothing").symlink_to(notes / "nowhere")
    write(notes / "photo.png", b"x")
    write(notes / "latin.txt", "naïve".encode("latin-1"))
    write(notes / "noise.txt", b"\0\1\2")
    write(notes / ".hidden.md", "unseen")
    (notes / ".git").mkdir()
    write(notes / ".git" / "config.txt", "unseen")
    os.mkfifo(notes / "pipe.txt")
    with (notes / "huge.md").open("wb") as file:
        file.truncate(50_000_000)
    documents = Documents(db, notes)
    synced = documents.sync()
    reasons = {
        place: reason for place, (state, reason) in states(db, notes).items() if state == "skipped"
    }
    assert synced.skipped == len(reasons)
    expected = {
        "out.txt": "leads out", "in.txt": "where it stands", "deep/up": "loops", "self": "loops",
        "nothing": "to nothing", "photo.png": ".png", "latin.txt": "not UTF-8",
        "noise.txt": "binary", "pipe.txt": "plain file", "huge.md": "too large",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for place, words in expected.items():
        assert words in reasons[place]
    assert found(db, "key unseen") == set()
    assert documents.sync() == type(synced)(unchanged=2, skipped=len(expected))


def test_a_file_that_turns_unreadable_is_no_longer_quoted(db: Database, notes: Path) -> None:
    documents = Documents(db, notes)
    documents.sync()
    write(notes / "deep" / "plan.txt", b"\0", age=50)
    documents.sync()
    assert states(db, notes)["deep/plan.txt"][0] == "skipped"
    assert found(db, "plant") == set()
    write(notes / "deep" / "plan.txt", "Plant again.", age=20)
    documents.sync()
    assert states(db, notes)["deep/plan.txt"] == ("read", "")


def test_a_name_in_another_encoding_stops_nothing(db: Database, notes: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(notes) + b"/caf\xe9.txt")).write_text("coffee")
    except OSError:
        pytest.skip("this file system keeps Unicode names only")
    assert Documents(db, notes).sync().read == 2
    assert any("not Unicode" in reason for _, reason in states(db, notes).values())


def test_pieces_are_decomposed_only_when_asked_and_each_once(db: Database, notes: Path) -> None:
    documents = Documents(db, notes)
    assert documents.sync().decomposed == 0
    asked: list[tuple[bool, str]] = []

    def decompose(source: Source, chunk: Chunk) -> str | None:
        asked.append((source.trusted, chunk.text))
        if len(asked) == 2:
            return None  # the budget is spent
        call = Call(boundary="decompose", input=chunk.text, output="{}", route="builtin")
        Ledger(db).record(call)
        return call.id

    assert documents.sync(decompose).decomposed == 1
    assert documents.sync(decompose).decomposed == 2
    assert documents.sync(decompose).decomposed == 0
    assert len({text for _, text in asked}) == 3
    assert not any(trusted for trusted, _ in asked)


def test_one_process_reads_at_a_time(db: Database, notes: Path) -> None:
    assert Leases(db).acquire(LEASE, 60)
    assert "another process" in Documents(db, notes).sync().problem
    assert found(db, "plant") == set()


class Counting:
    """An embedder whose vectors say how long the text is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        return np.eye(8, dtype=np.float32)[[len(text) % 8 for text in texts]]


def test_the_backlog_is_embedded_and_anew_for_another_model(db: Database, notes: Path) -> None:
    Documents(db, notes).sync()
    episodes, small, large = Episodes(db), Counting("small@1"), Counting("large@1")
    assert embed_backlog(episodes, small, most=2) == 2
    assert episodes.waiting("small@1") == 1
    said: list[tuple[int, int]] = []
    assert embed_backlog(episodes, small, lambda done, all_: said.append((done, all_))) == 1
    assert said == [(1, 1)]
    assert embed_backlog(episodes, small) == 0
    assert embed_backlog(episodes, large) == 3
    assert episodes.vectors.models("chunk") == {"large@1": 3}


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it did not come")


def test_a_watched_folder_is_followed(db: Database, notes: Path) -> None:
    documents = Documents(db, notes)
    with Watcher(notes, documents.sync, rescan_s=60, settle_s=0.02):
        wait_for(lambda: found(db, "plant") != set())
        write(notes / "deep" / "new.md", "Zebras graze.", age=0)
        wait_for(lambda: found(db, "zebras") == {"Zebras graze."})
        (notes / "deep" / "new.md").unlink()
        wait_for(lambda: found(db, "zebras") == set())


def test_watching_outlives_a_failing_look_and_a_folder_that_goes(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    looks, failures = [], []

    def look() -> None:
        looks.append(folder.exists())
        raise OSError("no")

    with Watcher(folder, look, failures.append, rescan_s=0.05, settle_s=0.01):
        wait_for(lambda: len(looks) > 2)
        folder.mkdir()
        wait_for(lambda: looks[-1])
    assert len(failures) == len(looks)


def test_reading_a_file_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    looks = []

    def look() -> None:
        looks.append((tmp_path / "a.txt").read_text())

    with Watcher(tmp_path, look, rescan_s=60, settle_s=0.01):
        wait_for(lambda: looks != [])
        threading.Event().wait(0.3)
    assert len(looks) == 1
