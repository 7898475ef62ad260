"""Features that the product does not use, for bench_gate.py to judge: token figures that were left
out, a probe of hidden states, the distance to the training inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gate_answers import CANDIDATE, Labelled

from models.scores import TokenScores, quantile
from valence.boundaries import get
from valence.boundaries.text import caseless
from valence.boundaries.triples import Triples

NEIGHBOURS = 5


@dataclass(frozen=True)
class Read:
    """One answer before the candidates that need other answers: its middle layer's means."""

    features: dict[str, float] | None
    right: bool
    answer: list[float] | None
    input: list[float] | None
    parts: tuple[tuple[dict[str, float], bool], ...] = ()


def of_tokens(scores: TokenScores) -> dict[str, float]:
    """Features of the tokens that have been judged and left out (nats)."""
    found = {
        "first_logprob": scores.logprobs[0],
        "min_logprob": min(scores.logprobs),
        "q25_logprob": quantile(scores.logprobs, 0.25),
        "mean_margin": math.fsum(scores.margins) / len(scores.margins),
        "mean_entropy": math.fsum(scores.entropies) / len(scores.entropies),
    }
    return {f"{CANDIDATE}{name}": value for name, value in found.items()}


def of_facts(text: str, facts: Triples, learnt: frozenset[str]) -> dict[str, float]:
    """Features of an answer's facts that have been judged and left out: how many they are, F1 with
    what the builtin reader finds, the share of relations that were `learnt`, case folded."""
    reader = get("decompose")
    known = [caseless(relation) in learnt for _, relation, _ in facts]
    return {
        f"{CANDIDATE}n_triples": float(len(facts)),
        f"{CANDIDATE}builtin_agreement": reader.score(facts, reader.builtin(text)),
        f"{CANDIDATE}relation_known": sum(known) / len(known) if known else 0.0,
    }


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
                one.parts,
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
