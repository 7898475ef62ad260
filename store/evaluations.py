"""Evaluations: how a variant did on held-out examples, item by item.

It does not know how an output is scored; scores are handed in.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from store.clock import now
from store.database import Database
from store.errors import UnknownEvaluation
from store.examples import Split
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql

_COLUMNS = (
    "id", "run_id", "boundary", "variant", "adapter_id", "split", "metrics", "created_at",
)  # fmt: skip
_ITEM_COLUMNS = ("example_id", "output", "score", "correct", "features", "parts", "latency_ms")
_INSERT = insert_sql("evaluations", _COLUMNS)
_INSERT_ITEM = insert_sql("evaluation_items", ("evaluation_id", *_ITEM_COLUMNS))
_ITEMS_OF = """
SELECT evaluation_items.* FROM json_each(:examples) AS wanted
JOIN evaluation_items ON evaluation_items.example_id = wanted.value
JOIN evaluations ON evaluations.id = evaluation_items.evaluation_id
WHERE evaluations.variant = :variant AND evaluations.boundary = :boundary
ORDER BY evaluations.id
"""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One variant on one split, with its aggregate metrics."""

    boundary: str
    variant: str
    split: Split
    metrics: dict[str, Any]
    run_id: str | None = None
    adapter_id: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A variant's output for one example. `score` is the boundary's own, higher is better.

    `parts` has the features of each part of the output and whether that part was right; empty
    where it is judged as a whole only.
    """

    example_id: str
    output: str | None
    score: float
    correct: bool
    features: dict[str, float] | None = None
    parts: tuple[tuple[dict[str, float], bool], ...] = ()
    latency_ms: float | None = None


class Evaluations:
    """The evaluations of all boundaries."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, evaluation: Evaluation, items: Iterable[Item]) -> None:
        """Write an evaluation with its items in one transaction."""
        row = {name: getattr(evaluation, name) for name in _COLUMNS}
        with self._db.transaction() as connection:
            connection.execute(_INSERT, row | {"metrics": encode(evaluation.metrics)})
            connection.executemany(_INSERT_ITEM, [_item_row(evaluation.id, i) for i in items])

    def get(self, id_or_prefix: str) -> Evaluation:
        """The evaluation. Raises UnknownEvaluation or AmbiguousId."""
        return _read(find(self._db, "evaluations", id_or_prefix, UnknownEvaluation))

    def list(self, boundary: str) -> list[Evaluation]:
        """Evaluations of a boundary, newest first."""
        sql = "SELECT * FROM evaluations WHERE boundary = ? ORDER BY id DESC"
        return [_read(row) for row in self._db.read(sql, (boundary,))]

    def items(self, evaluation_id: str) -> builtins.list[Item]:
        """The items of an evaluation, by example id."""
        sql = "SELECT * FROM evaluation_items WHERE evaluation_id = ? ORDER BY example_id"
        return [_read_item(row) for row in self._db.read(sql, (evaluation_id,))]

    def items_of(self, variant: str, boundary: str, example_ids: Iterable[str]) -> dict[str, Item]:
        """The latest item of this variant for each example that it has already answered."""
        examples = encode(list(example_ids))
        chosen = {"variant": variant, "boundary": boundary, "examples": examples}
        return {row["example_id"]: _read_item(row) for row in self._db.read(_ITEMS_OF, chosen)}


def _item_row(evaluation_id: str, item: Item) -> dict[str, Any]:
    row = {name: getattr(item, name) for name in _ITEM_COLUMNS}
    changed = {
        "correct": int(item.correct),
        "features": encode(item.features),
        "parts": encode([list(part) for part in item.parts]) if item.parts else None,
    }
    return row | changed | {"evaluation_id": evaluation_id}


def _read(row: sqlite3.Row) -> Evaluation:
    values = {name: row[name] for name in _COLUMNS}
    return Evaluation(**values | {"metrics": decode(row["metrics"])})


def _read_item(row: sqlite3.Row) -> Item:
    values = {name: row[name] for name in _ITEM_COLUMNS}
    decoded = {
        "correct": bool(row["correct"]),
        "features": decode(row["features"]),
        "parts": tuple((features, right) for features, right in decode(row["parts"]) or ()),
    }
    return Item(**values | decoded)
