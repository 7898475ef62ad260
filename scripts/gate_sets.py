"""A home whose adapter answers texts, for bench_gate.py: trained through the real commands, read as
the product reads it, the candidates of `gate_candidates` beside the product's features. Knows
nothing of scorers or gates.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from gate_answers import CANDIDATE, Answers, Labelled
from gate_candidates import Read, of_facts, of_tokens, unit_length, with_candidates
from webnlg import Pair

from models.generation import Completion
from store.demonstrations import gated_examples
from store.evaluations import Item
from store.examples import Example
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.text import caseless
from valence.certification import for_score
from valence.config import load_settings
from valence.locations import find_locations
from valence.reading import generation, read_completion
from valence.unit import Unit, retired

ROOT = Path(__file__).resolve().parent.parent
MOST_NEIGHBOURS = 500
FRESH_MOST = 1500


def trained_home(home: Path, base: Path, pairs: Sequence[Pair]) -> Path:
    """A home that has learnt `decompose` from these pairs through the real commands."""
    if (home / "valence.db").exists():
        return home
    home.mkdir(parents=True)
    path = home.with_suffix(".jsonl")
    path.write_text("".join(pair.as_line() + "\n" for pair in pairs), "utf-8")
    for command in (
        ["ledger", "import", "decompose", str(path)],
        ["train-boundary", "decompose", "--json"],
    ):
        subprocess.run(
            [sys.executable, "-m", "valence", *command],
            env=os.environ | surroundings(home, base),
            stdout=sys.stderr,
            cwd=ROOT,
            check=True,
        )
    return home


def surroundings(home: Path, base: Path) -> dict[str, str]:
    """The settings of these homes: a small base learns at a higher rate."""
    return {
        "VALENCE_HOME": str(home.resolve()),
        "VALENCE_LOCAL__MODEL": str(base.resolve()),
        "VALENCE_TRAINING__LEARNING_RATE": "1e-3",
        "VALENCE_TRAINING__EPOCHS": "2",
    }


def of_home(name: str, home: Path, base: Path, fresh: dict[str, Sequence[Pair]]) -> Answers:
    """What the active adapter of a home answers to its own held-out examples and to fresh texts."""
    os.environ.update(surroundings(home, base))
    locations = find_locations()
    with Valence(load_settings(locations.config), locations) as app:
        unit = app.unit("decompose")
        if unit is None:
            raise SystemExit(f"{home}: no adapter is active")
        examples = app.stores.examples
        trained = examples.of("decompose", "train")
        reader = Reader(app, unit, [_pair(example) for example in trained])
        gated = gated_examples(app.stores.database, "decompose")
        calibration = answered(app, unit, examples.of("decompose", "calibration"))
        tests = answered(app, unit, examples.of("decompose", "test"))
        kept_back = {
            "score": [one for one in calibration if for_score(one[0].id)] + tests,
            "gate": [
                one for one in calibration if not for_score(one[0].id) and one[0].id not in gated
            ],
        }
        raw = {
            kind: reader.read([_pair(example) for example, _ in answers])
            for kind, answers in kept_back.items()
        }
        raw |= {
            kind: reader.read(pairs[:FRESH_MOST], round_trips=place == 0)
            for place, (kind, pairs) in enumerate(fresh.items())
        }
        learnt = reader.inputs([example.input for example in trained])
    judged = with_candidates(raw, learnt)
    return Answers(
        name,
        score=judged.pop("score"),
        gate=judged.pop("gate"),
        traffic=[_as_kept(item) for example, item in tests if example.id not in gated],
        fresh=judged,
        parts={kind: _parts(answers) for kind, answers in kept_back.items()},
    )


def answered(app: Valence, unit: Unit, examples: Sequence[Example]) -> list[tuple[Example, Item]]:
    """The adapter's answers to these examples from its own evaluation, where it had them."""
    ids = [example.id for example in examples]
    items = app.stores.evaluations.items_of(unit.variant, "decompose", ids)
    return [(example, items[example.id]) for example in examples if example.id in items]


def _as_kept(item: Item) -> Labelled:
    return Labelled(item.features, item.correct)


def _parts(answers: Sequence[tuple[Example, Item]]) -> list[Labelled]:
    """Each part; what an older version measured and the product no longer does is a candidate."""
    return [
        Labelled({_named(name): value for name, value in features.items()}, right)
        for _, item in answers
        for features, right in item.parts
    ]


def _named(feature: str) -> str:
    return f"{CANDIDATE}{feature}" if feature in retired("decompose") else feature


def _pair(example: Example) -> Pair:
    return Pair(example.input, get("decompose").output_from_text(example.output))


class Reader:
    """The active adapter as the product runs it, its hidden states read along."""

    def __init__(self, app: Valence, unit: Unit, learnt: Sequence[Pair]) -> None:
        assert app.local is not None
        self._relations = frozenset(caseless(r) for pair in learnt for _, r, _ in pair.triples)
        self._boundary = get("decompose")
        self._runtime, self._unit = app.local.runtime, unit

    def read(self, pairs: Sequence[Pair], round_trips: bool = True) -> list[Read]:
        completions = self._complete([pair.text for pair in pairs])
        read = [self._judge(pair, made) for pair, made in zip(pairs, completions, strict=True)]
        if not round_trips:
            return [one for one, _ in read]
        trips = self._round_trips([made for _, made in read])
        return [
            replace(one, features=one.features and one.features | trip)
            for (one, _), trip in zip(read, trips, strict=True)
        ]

    def inputs(self, texts: Sequence[str]) -> np.ndarray:
        """Middle-layer means of training inputs, (n, width), unit length."""
        completions = self._complete(list(texts[:MOST_NEIGHBOURS]), most=1)
        return unit_length([c.hidden.input for c in completions if c.hidden is not None])

    def _complete(self, texts: Sequence[str], most: int | None = None) -> list[Completion]:
        asked = [
            replace(generation(self._boundary, text, self._runtime, self._unit), hidden=True)
            for text in texts
        ]
        if most is not None:
            asked = [replace(request, max_tokens=most) for request in asked]
        return self._runtime.generate_batch(asked)

    def _judge(self, pair: Pair, made: Completion) -> tuple[Read, Any]:
        output, features, veto = read_completion(
            self._boundary, pair.text, self._runtime, made, self._unit.familiar
        )
        right = output is not None and set(output) == set(pair.triples)
        hidden = made.hidden
        left_out = of_tokens(made.scores) | of_facts(pair.text, output or (), self._relations)
        read = Read(
            None if veto or output is None else features | left_out,
            right,
            hidden.answer if hidden else None,
            hidden.input if hidden else None,
        )
        return read, output

    def _round_trips(self, outputs: Sequence[Any]) -> list[dict[str, float]]:
        """F1 of each answer with what the adapter reads in a text made of it: the one that the
        base writes, and the one of the templates."""
        writer = get("recompose")
        there = [i for i, output in enumerate(outputs) if output]
        asked = [generation(writer, outputs[i], self._runtime, None) for i in there]
        written = {
            "round_trip": [made.text or "-" for made in self._runtime.generate_batch(asked)],
            "round_trip_by_template": [writer.builtin(outputs[i]) for i in there],
        }
        trips = [{f"{CANDIDATE}{name}": 0.0 for name in written} for _ in outputs]
        for name, texts in written.items():
            for i, again in zip(there, self._reread(texts), strict=True):
                trips[i][f"{CANDIDATE}{name}"] = self._boundary.score(again, outputs[i])
        return trips

    def _reread(self, texts: Sequence[str]) -> list[Any]:
        """What the adapter reads in these texts; nothing where it cannot be parsed."""
        asked = [generation(self._boundary, text, self._runtime, self._unit) for text in texts]
        made = self._runtime.generate_batch(asked)
        return [read_completion(self._boundary, "-", self._runtime, one)[0] or () for one in made]
