"""Trajectories from files into the store: all of a file or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from store.trajectories import Trajectories
from valence.strategies.jsonl import read_trajectories
from valence.strategies.spans import read_spans

Form = Literal["jsonl", "otel"]


@dataclass(frozen=True)
class Imported:
    """How many trajectories were new, changed since they last came, or known as they are."""

    new: int
    changed: int
    known: int


def import_trajectories(
    kept: Trajectories, lines: Iterable[str], form: Form, agent: str
) -> Imported:
    """Reads the file whole before anything is kept. Raises BadLine or TransferError that names the
    line and the field."""
    read = read_spans if form == "otel" else read_trajectories
    counts = kept.add(list(read(lines, agent)))
    return Imported(counts["new"], counts["changed"], counts["known"])
