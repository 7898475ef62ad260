"""Files that an earlier Valence made are brought up to date with all that they hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store import migrations
from store.database import Database
from store.examples import Examples
from store.ledger import Call, Ledger
from store.statistics import Statistics

Make = Callable[..., Any]

OLD_CALL = """
INSERT INTO calls (id, boundary, episode, input, output, route, reason, confidence, threshold,
  latency_ms, cost_usd, masked, learn, created_at)
VALUES ('old', 'decompose', 'e', 'Ada met Bob.', '{}', 'frontier', '', NULL, NULL, 5, 0.5, '{}', 1,
  '2026-01-01T00:00:00.000000Z')
"""
OLD_ATTEMPT = """
INSERT INTO attempts (id, call_id, position, role, route, features, decision, reason, cost_usd,
  created_at)
VALUES ('try', 'old', 0, 'answer', 'frontier', '{"mean": -0.5}', 'accepted', '', 0.5, 't')
"""


@pytest.fixture
def old(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as the first step made it, with a call in it."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:1])
        patch.setattr(migrations, "LATEST", 1)
        Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(OLD_CALL)
        connection.execute(OLD_ATTEMPT)
    connection.close()
    return path


def shape(path: Path) -> set[tuple[str, str]]:
    connection = sqlite3.connect(path)
    sql = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    found = {(kind, name) for kind, name in connection.execute(sql)}
    connection.close()
    return found


def test_the_old_file_lacks_what_the_later_steps_bring(old: Path) -> None:
    assert ("table", "keywords") not in shape(old)


def test_what_an_old_file_holds_is_there_after_the_upgrade(old: Path, make_call: Make) -> None:
    db = Database(old)
    ledger = Ledger(db)
    call = ledger.get("old")
    assert (call.input, call.cost_usd, call.domain) == ("Ada met Bob.", 0.5, None)
    assert (call.attempts[0].features, call.attempts[0].uncertain) == ({"mean": -0.5}, ())
    new = make_call("Eve met Bob.", domain="code")
    ledger.record(new)
    assert {found.id for found in ledger.search("Bob")} == {"old", new.id}
    assert Statistics(db).domains("decompose") == ["code"]
    assert Statistics(db).of("decompose").calls == 2
    assert db.integrity() == "ok"
    db.close()


def test_what_an_old_file_has_trained_on_does_not_wait_again(old: Path) -> None:
    connection = sqlite3.connect(old)
    with connection:
        connection.execute(
            "INSERT INTO runs VALUES ('r', 'decompose', 'active', '', 'manual', 1, '{}', 1, NULL,"
            " NULL, '2026-02', '2026-02')"
        )
        connection.execute("INSERT INTO run_states VALUES ('s', 'r', 'training', '', '2026-02')")
        for id, boundary, at in (
            ("before", "decompose", "2026-01"),
            ("after", "decompose", "2026-03"),
            ("other", "recompose", "2026-01"),
        ):
            connection.execute(
                "INSERT INTO examples (id, boundary, input, output, origin, rank, split, group_key,"
                " fold_key, created_at) VALUES (?1, ?2, '', '', 'upload', 2, 'train', ?1, ?1, ?3)",
                (id, boundary, at),
            )
    connection.close()
    db = Database(old)
    examples = Examples(db)
    assert (examples.untrained("decompose"), examples.untrained("recompose")) == (1, 1)
    db.close()


def test_an_upgraded_file_is_like_a_new_one(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new" / "valence.db"
    Database(old).close()
    Database(new).close()
    assert shape(old) == shape(new)
    Database(old).close()  # there is nothing left to apply


def test_a_call_keeps_its_domain_and_the_words_it_was_unsure_of(
    ledger: Ledger, make_call: Make
) -> None:
    call: Call = make_call(domain="creative")
    tries = (
        replace(call.attempts[0], uncertain=(("Ada", 1.5), ("Löndon", 0.25))),
        call.attempts[1],
    )
    ledger.record(replace(call, attempts=tries))
    kept = ledger.get(call.id)
    assert kept.domain == "creative"
    assert kept.attempts[0].uncertain == (("Ada", 1.5), ("Löndon", 0.25))
    assert kept.attempts[1].uncertain == ()
