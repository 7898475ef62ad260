"""Forgetting a call: the database's rows, and the copies that a run's folder holds."""

from __future__ import annotations

import json
from pathlib import Path

from store.ledger import Forgotten
from valence.app import Valence


def forget_call(app: Valence, call_id: str) -> Forgotten:
    """Removes the call and all that was derived from it, everywhere under the home."""
    call = app.stores.ledger.get(call_id)
    forgotten = app.stores.ledger.forget(call.id)
    gone = set(forgotten.example_ids)
    for path in app.locations.runs.glob("*/*.jsonl"):
        _drop_rows(path, gone)
    return forgotten


def _drop_rows(path: Path, gone: set[str]) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["id"] not in gone]
    if len(kept) < len(lines):
        beside = path.with_suffix(".tmp")
        beside.write_text("".join(kept), "utf-8")
        beside.replace(path)
