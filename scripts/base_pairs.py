"""Real pairs of texts and triples with their entities swapped for fresh names in both alike.

A model that sees the same few names again and again remembers them; one that sees new names learns
to copy.
Reads JSON lines {"text": …, "triples": [[s, r, o], …]}. Knows nothing of models.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from base_corpus import Sample, Triple
from base_names import Rng, fresh

SWAPPED_SAMPLES = 0.8
SWAPPED_ENTITIES = 0.85
_NAMES = (
    ("person", 4),
    ("place", 2),
    ("organisation", 1),
    ("work", 2),
    ("building", 1),
    ("body", 1),
    ("food", 1),
    ("vehicle", 1),
)


@dataclass(frozen=True)
class Shape:
    """Values of a shape are swapped for fresh ones of a kind."""

    pattern: re.Pattern[str]
    kind: str


_SHAPES = (
    Shape(re.compile(r"[12]\d{3}"), "year"),
    Shape(
        re.compile(r"\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d{1,2}, \d{4}"), "date"
    ),
    Shape(re.compile(r"[A-Z]{2,6}"), "acronym"),
    Shape(re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 \-/]+"), "code"),
    Shape(re.compile(r"[^,]+, [^,]+(, [^,]+)?"), "place"),
    Shape(re.compile(r"\S*[a-z]\S*( [a-z]\S*)*"), "word"),
)


def clean(value: str) -> str:
    """A value as the models see it: no underscores, no surrounding quotation marks."""
    return " ".join(value.replace("_", " ").strip().strip('"').split())


def _renumbered(value: str, rng: Rng) -> str:
    """Other digits in the same places, but for decimal zeros: "25.0" → "38.0"."""
    kept = re.search(r"\.0+\D*$", value)
    end = kept.start() if kept else len(value)
    digits = (
        rng.choice("123456789" if at == 0 else "0123456789") if c.isdigit() else c
        for at, c in enumerate(value[:end])
    )
    return "".join(digits) + value[end:]


def _replacement(value: str, rng: Rng) -> str:
    """A fresh value of roughly the same kind."""
    if re.fullmatch(r"-?[\d.,]+( \(?[\w ]+\)?)?", value) and not re.fullmatch(r"[12]\d{3}", value):
        return _renumbered(value, rng)
    for shape in _SHAPES:
        if shape.pattern.fullmatch(value) and not value[0].isupper() ^ (
            shape.kind != "word" and not value[0].isdigit()
        ):
            return fresh(shape.kind, rng)
    kinds, weights = zip(*_NAMES, strict=True)
    return fresh(rng.choices(kinds, weights)[0], rng)


def _literals(sample: Sample) -> list[str]:
    """The subjects and objects that stand in the text as whole words and hold no other of them.

    Of "Belgrade, Serbia" and "Serbia" only the latter is renamed, and with it the former: text
    and triples agree.
    """
    values = {value for s, _, o in sample.triples for value in (s, o) if value}
    found = sorted(v for v in values if _whole(v).search(sample.text))
    return [v for v in found if not any(_whole(w).search(v) for w in found if w != v)]


def _whole(*values: str) -> re.Pattern[str]:
    """Any of the values, not as a part of a longer word."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, values))})(?!\w)")


def swap(sample: Sample, rng: Rng) -> Sample:
    """The sample with most of its literal entities renamed, in text and triples alike."""
    literals = [value for value in _literals(sample) if rng.random() < SWAPPED_ENTITIES]
    if not literals:
        return sample
    names = {value: _replacement(value, rng) for value in literals}
    whole = _whole(*literals)

    def renamed(text: str) -> str:
        return whole.sub(lambda match: names[match.group()], text)

    return Sample(
        renamed(sample.text), tuple((renamed(s), r, renamed(o)) for s, r, o in sample.triples)
    )


def read_pairs(path: Path) -> list[Sample]:
    """The pairs of a JSON lines file. Raises ValueError for a file without pairs."""
    rows = [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    samples = [Sample(row["text"], tuple(_triple(t) for t in row["triples"])) for row in rows]
    if not samples:
        raise ValueError(f"{path} holds no pairs")
    return samples


def _triple(parts: list[str]) -> Triple:
    """One cleaned triple; the relation stays as it is given."""
    subject, relation, value = parts
    return clean(subject), relation, clean(value)


def swapped_pairs(pairs: list[Sample], seed: int) -> Iterator[Sample]:
    """Endless samples drawn from `pairs`, most of them swapped; a seed always gives the same."""
    rng = random.Random(seed)
    while True:
        sample = rng.choice(pairs)
        yield swap(sample, rng) if rng.random() < SWAPPED_SAMPLES else sample
