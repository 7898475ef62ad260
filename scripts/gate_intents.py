"""Answers of a classifier of utterances with the truth, for bench_gate.py: a model that is none of
Valence's own, over the same gate. Knows nothing of scorers or gates.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from gate_answers import Answers, Labelled
from gate_candidates import NEIGHBOURS


def of_classifier(name: str, folder: Path) -> Answers:
    """CLINC150 intents by TF-IDF and logistic regression, trained on the training part; of the
    validation part a third each fits the scorer, opens the gate, and stays fresh. Utterances out
    of scope are part of the traffic; every answer to them is wrong."""
    train = utterances(folder / "clinc150_train.jsonl")
    held_out = utterances(folder / "clinc150_val.jsonl")
    answered = list(zip(held_out, classified(train, held_out), strict=True))
    thirds = [[answer for one, answer in answered if drawn(one) % 3 == third] for third in range(3)]
    return Answers(
        name,
        score=thirds[0],
        gate=thirds[1],
        traffic=[Labelled(answer.features, False) for answer in thirds[2]],
        fresh={"same kinds": thirds[2]},
    )


def utterances(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def drawn(utterance: dict[str, Any]) -> int:
    return hashlib.sha256(utterance["text"].encode()).digest()[0]


def classified(train: list[dict[str, Any]], asked: list[dict[str, Any]]) -> list[Labelled]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    known = [one for one in train if not one["oos"]]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    learnt = words.fit_transform([one["text"] for one in known])
    model = LogisticRegression(C=30, max_iter=200).fit(learnt, [one["intent"] for one in known])
    given = words.transform([one["text"] for one in asked])
    similar = np.sort((given @ learnt.T).toarray(), axis=1)[:, -NEIGHBOURS:]
    return [
        Labelled(
            _certainty(row)
            | {"words": float(len(one["text"].split())), "similar": float(near.mean())},
            bool(model.classes_[row.argmax()] == one["intent"]),
        )
        for one, row, near in zip(asked, model.predict_proba(given), similar, strict=True)
    ]


def _certainty(row: np.ndarray) -> dict[str, float]:
    second, first = np.sort(row)[-2:]
    return {
        "logprob": float(np.log(first)),
        "margin": float(np.log(first) - np.log(max(second, 1e-12))),
        "entropy": float(-(row * np.log(np.maximum(row, 1e-12))).sum()),
    }
