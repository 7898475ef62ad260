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
from gate_answers import CANDIDATE, Answers
from gate_candidates import Read, of_facts, of_tokens, unit_length, with_candidates
from webnlg import Pair

from models.generation import Completion
from store.demonstrations import gated_examples
from store.examples import Example, Split
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.text import caseless
from valence.certification import for_score
from valence.config import load_settings
from valence.locations import find_locations
from valence.reading import generation, read_completion, read_parts
from valence.unit import Unit

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
        gated = gated_examples(app.stores.database, "decompose")
        calibration = held_out(app, unit, "calibration")
        tests = held_out(app, unit, "test")
        kept_back = {
            "score": [*(e for e in calibration if for_score(e.id)), *tests],
            "gate": [e for e in calibration if not for_score(e.id) and e.id not in gated],
        }
        reader = Reader(app, unit)
        raw = {kind: reader.read([_pair(e) for e in held]) for kind, held in kept_back.items()}
        raw |= {
            kind: reader.read(pairs[:FRESH_MOST], round_trips=place == 0)
            for place, (kind, pairs) in enumerate(fresh.items())
        }
        judged = with_candidates(raw, reader.learnt_inputs())
    score = list(zip(kept_back["score"], judged["score"], strict=True))
    return Answers(
        name,
        score=judged.pop("score"),
        gate=judged.pop("gate"),
        traffic=[one for e, one in score[-len(tests) :] if e.id not in gated],
        fresh=judged,
    )


def held_out(app: Valence, unit: Unit, split: Split) -> list[Example]:
    """The examples of a split that the adapter was judged or certified on."""
    examples = app.stores.examples.of("decompose", split)
    ids = [example.id for example in examples]
    items = app.stores.evaluations.items_of(unit.variant, "decompose", ids)
    return [example for example in examples if example.id in items]


def _pair(example: Example) -> Pair:
    return Pair(example.input, get("decompose").output_from_text(example.output))


class Reader:
    """The active adapter as the product runs it, its hidden states read along."""

    def __init__(self, app: Valence, unit: Unit) -> None:
        assert app.local is not None
        learnt = [_pair(example) for example in app.stores.examples.of("decompose", "train")]
        self._inputs = [pair.text for pair in learnt]
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

    def learnt_inputs(self) -> np.ndarray:
        """Middle-layer means of training inputs, (n, width), unit length."""
        completions = self._complete(self._inputs[:MOST_NEIGHBOURS], most=1)
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
        familiar = self._unit.familiar
        output, features, veto = read_completion(
            self._boundary, pair.text, self._runtime, made, familiar
        )
        right = output is not None and set(output) == set(pair.triples)
        hidden = made.hidden
        left_out = of_tokens(made.scores) | of_facts(pair.text, output or (), self._relations)
        read = Read(
            None if veto or output is None else features | left_out,
            right,
            hidden.answer if hidden else None,
            hidden.input if hidden else None,
            () if veto or output is None else self._parts(pair, output, made),
        )
        return read, output

    def _parts(
        self, pair: Pair, output: Any, made: Completion
    ) -> tuple[tuple[dict[str, float], bool], ...]:
        familiar = self._unit.familiar
        parts = read_parts(self._boundary, pair.text, output, self._runtime, made, familiar)
        right = self._boundary.right_parts(output, pair.triples)
        return tuple(zip(parts, right, strict=True)) if parts else ()

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
