"""Answers with their features and the truth, for bench_gate.py, from a home whose adapter answers
texts.

Beside the features that the product uses each answer has candidates, whose names begin with
`CANDIDATE`: what has been judged and left out, or has not earned its place yet. Knows nothing of
scorers or gates.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from webnlg import Pair

from models.generation import Completion
from models.scores import TokenScores, quantile
from store.examples import Example
from valence.app import Valence
from valence.boundaries import get
from valence.certification import for_score
from valence.config import load_settings
from valence.curation import CALIBRATION_MOST, TEST_MOST
from valence.locations import find_locations
from valence.reading import generation, read_completion
from valence.unit import Unit

ROOT = Path(__file__).resolve().parent.parent
CANDIDATE = "candidate:"
NEIGHBOURS = 5
MOST_NEIGHBOURS = 500
FRESH_MOST = 1500


@dataclass(frozen=True)
class Labelled:
    """One answer. `features` is None where a hard check failed: it can never be served."""

    features: dict[str, float] | None
    right: bool


@dataclass(frozen=True)
class Answers:
    """All answers of one system: to fit the scorer, to open the gate, for thresholds (labels
    unused), and fresh ones that nothing was fitted on, by the name of their kind. Those for the
    scorer and the first fresh ones have the candidates too."""

    name: str
    score: list[Labelled]
    gate: list[Labelled]
    traffic: list[Labelled]
    fresh: dict[str, list[Labelled]]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answers:
        """What `dataclasses.asdict` made of them."""
        parts = {kind: _labelled(data[kind]) for kind in ("score", "gate", "traffic")}
        fresh = {kind: _labelled(answers) for kind, answers in data["fresh"].items()}
        return cls(data["name"], **parts, fresh=fresh)


def _labelled(answers: list[dict[str, Any]]) -> list[Labelled]:
    return [Labelled(**answer) for answer in answers]


# -- a home with an adapter ----------------------------------------------------------------------


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
        reader, examples = Reader(app, unit), app.stores.examples
        calibration = answered(app, unit, examples.of("decompose", "calibration"))
        tests = answered(app, unit, examples.of("decompose", "test"))
        raw = {"score": reader.read([_pair(e) for e, _ in calibration if for_score(e.id)])}
        raw |= {
            kind: reader.read(pairs[:FRESH_MOST], round_trips=place == 0)
            for place, (kind, pairs) in enumerate(fresh.items())
        }
        learnt = reader.inputs([_pair(e).text for e in examples.of("decompose", "train")])
    judged = with_candidates(raw, learnt)
    return Answers(
        name,
        score=judged.pop("score"),
        gate=[answer for e, answer in calibration if not for_score(e.id)],
        traffic=[answer for _, answer in tests],
        fresh=judged,
    )


def answered(
    app: Valence, unit: Unit, examples: Sequence[Example]
) -> list[tuple[Example, Labelled]]:
    """The adapter's answers to these examples from its own evaluation, where it had them."""
    ids = [example.id for example in examples]
    items = app.stores.evaluations.items_of(unit.variant, "decompose", ids)
    return [
        (example, Labelled(items[example.id].features, items[example.id].correct))
        for example in examples
        if example.id in items
    ]


def _pair(example: Example) -> Pair:
    return Pair(example.input, get("decompose").output_from_text(example.output))


@dataclass(frozen=True)
class Read:
    """One answer before the candidates that need other answers: its middle layer's means."""

    features: dict[str, float] | None
    right: bool
    answer: list[float] | None
    input: list[float] | None


class Reader:
    """The active adapter as the product runs it, its hidden states read along."""

    def __init__(self, app: Valence, unit: Unit) -> None:
        assert app.local is not None
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
        read = Read(
            None if veto or output is None else features | of_tokens(made.scores),
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


def of_tokens(scores: TokenScores) -> dict[str, float]:
    """Features of the tokens that have been judged and left out (nats)."""
    logprobs, count = scores.logprobs, len(scores.logprobs)
    found = {
        "first_logprob": logprobs[0],
        "min_logprob": min(logprobs),
        "q25_logprob": quantile(logprobs, 0.25),
        "mean_margin": math.fsum(scores.margins) / count,
        "mean_entropy": math.fsum(scores.entropies) / count,
    }
    return {f"{CANDIDATE}{name}": value for name, value in found.items()}


def with_candidates(raw: dict[str, list[Read]], learnt: np.ndarray) -> dict[str, list[Labelled]]:
    """Adds the hidden-state probe and the distance to the training inputs."""
    probe = Probe(raw["score"])
    return {
        kind: [
            Labelled(None, one.right)
            if one.features is None
            else Labelled(
                one.features
                | {
                    f"{CANDIDATE}probe": sure,
                    f"{CANDIDATE}distance": distance(learnt, one.input),
                },
                one.right,
            )
            for one, sure in zip(reads, probe(kind, reads), strict=True)
        ]
        for kind, reads in raw.items()
    }


class Probe:
    """Logistic regression on the middle layer's mean over the answer's value tokens; its own
    training answers are scored out of fold."""

    def __init__(self, reads: Sequence[Read]) -> None:
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_predict
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        usable = [one for one in reads if one.features is not None]
        states = np.array([one.answer for one in usable])
        right = np.array([one.right for one in usable])
        model = make_pipeline(
            StandardScaler(), PCA(min(32, len(usable) // 10)), LogisticRegression(C=0.1)
        )
        held_out = cross_val_predict(model, states, right, cv=5, method="decision_function")
        self._own = iter(held_out.tolist())
        self._model = model.fit(states, right)

    def __call__(self, kind: str, reads: Sequence[Read]) -> list[float]:
        if kind == "score":
            return [math.nan if one.features is None else next(self._own) for one in reads]
        states = np.array([one.answer or [0.0] * len(reads[0].answer or []) for one in reads])
        return [float(score) for score in self._model.decision_function(states)]


def distance(learnt: np.ndarray, state: list[float] | None) -> float:
    """Mean cosine distance to the nearest training inputs."""
    similar = np.sort(learnt @ unit_length([state])[0])[-NEIGHBOURS:]
    return float(1 - similar.mean())


def unit_length(rows: Sequence[Any]) -> np.ndarray:
    array = np.asarray(rows, np.float32)
    return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9)
