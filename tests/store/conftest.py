"""A real database in a folder of its own, and short ways to make rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.examples import RANKS, Example
from store.ledger import Attempt, Call, Ledger

Make = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "valence.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    database = Database(path)
    yield database
    database.close()


@pytest.fixture
def ledger(db: Database) -> Ledger:
    return Ledger(db)


@pytest.fixture
def make_call() -> Make:
    def make(text: str = "Ada lives in London.", **changes: Any) -> Call:
        attempts = (
            Attempt(role="answer", route="local", decision="rejected", features={"mean": -0.5}),
            Attempt(role="answer", route="frontier", decision="accepted", response="raw"),
        )
        values: dict[str, Any] = {
            "boundary": "decompose",
            "input": text,
            "output": '{"triples":[["Ada","lives in","London"]]}',
            "route": "frontier",
            "attempts": attempts,
        }
        return Call(**values | changes)

    return make


@pytest.fixture
def make_example() -> Make:
    def make(fold_key: str = "ada lives in london", **changes: Any) -> Example:
        origin = changes.get("origin", "frontier")
        values: dict[str, Any] = {
            "boundary": "decompose",
            "input": fold_key,
            "output": "{}",
            "origin": origin,
            "rank": RANKS[origin],
            "split": "train",
            "group_key": fold_key,
            "fold_key": fold_key,
        }
        return Example(**values | changes)

    return make
