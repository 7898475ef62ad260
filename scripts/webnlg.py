"""WebNLG as texts with facts, for benchmarks: read from a folder, never shipped.

The folder has `webnlg3_en_train.jsonl.gz` and `webnlg3_en_dev.jsonl`, one entry a line with
`category`, `triples` and `texts` (WebNLG 3.0 English, CC BY-NC-SA 4.0).
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNSEEN = ("Airport", "Astronaut", "ComicsCharacter", "Food", "Monument", "University")
"""The categories that the shared base models were made without."""

SEEN = (
    "Artist",
    "Athlete",
    "Building",
    "CelestialBody",
    "City",
    "Company",
    "MeanOfTransportation",
    "Politician",
    "SportsTeam",
    "WrittenWork",
)


@dataclass(frozen=True)
class Pair:
    """One text with all its facts."""

    text: str
    triples: tuple[tuple[str, str, str], ...]

    def as_line(self) -> str:
        return json.dumps({"text": self.text, "triples": self.triples}, ensure_ascii=False)


def read(folder: Path, split: str, categories: tuple[str, ...], seed: int = 0) -> list[Pair]:
    """The texts of a split in these categories, each text once, shuffled once."""
    pairs = {
        text: Pair(text, _plain(entry["triples"]))
        for entry in _entries(folder, split)
        if entry["category"] in categories
        for text in (" ".join(t.split()) for t in entry["texts"])
    }
    ordered = list(pairs.values())
    random.Random(seed).shuffle(ordered)
    return ordered


def _entries(folder: Path, split: str) -> Iterator[dict[str, object]]:
    plain = folder / f"webnlg3_en_{split}.jsonl"
    packed = plain.with_suffix(".jsonl.gz")
    whole = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    for line in whole.decode("utf-8").splitlines():
        yield json.loads(line)


def _plain(triples: object) -> tuple[tuple[str, str, str], ...]:
    """Names as they stand in texts: spaces for underscores, no quotation marks around."""
    assert isinstance(triples, list)
    return tuple((_name(s), r, _name(o)) for s, r, o in triples)


def _name(value: str) -> str:
    return " ".join(value.replace("_", " ").strip().strip('"').split())
