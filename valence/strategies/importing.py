"""Trajectories from files into the store: all of a file or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from store.trajectories import Trajectories
from valence.strategies.jsonl import read_trajectories

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
    read = list(read_trajectories(lines, agent))
    counts = kept.add(read)
    return Imported(counts["new"], counts["changed"], counts["known"])
