"""An embedding model that is tuned to labels: what it learns, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import embedding_tuning
from models.embedding import Embedder
from models.embedding_tuning import fine_tune
from models.errors import ModelLoadFailed
from tests.messages import minilm, pairs


def apart(embedder: Embedder, texts: list[str], labels: list[str | None]) -> float:
    """How much nearer two messages of one label are than two of different ones."""
    rows = embedder.embed(texts)
    same = np.array([[a == b for a in labels] for b in labels])
    cosines = rows @ rows.T
    return float(cosines[same].mean() - cosines[~same].mean())


def test_messages_of_one_label_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_tuning, "STEPS", 6)
    known = [(text, label) for text, label in pairs() if label]
    taught, asked = known[:60], known[60:100]
    steps: list[int] = []
    weights = fine_tune(
        minilm(),
        [text for text, _ in taught] + ["who invented glue"],
        [*({"intent": label} for _, label in taught), {"intent": None}],
        lambda: steps.append(1),
    )
    assert len(steps) == 6
    assert not any("embeddings" in name for name in weights)
    plain = Embedder(str(minilm()))
    tuned = plain.tuned(weights)
    texts, labels = [text for text, _ in asked], [label for _, label in asked]
    assert apart(tuned, texts, labels) > apart(plain, texts, labels)
    assert tuned.name.startswith(f"{plain.name}+")


@pytest.mark.parametrize(
    "labels", [[{}, {"a": None}, {}], [{"a": "x"}, {"a": "x"}, {"a": "y"}], [{"a": "x"}] * 3]
)
def test_without_two_labels_said_twice_there_is_nothing_to_tune(labels: Any) -> None:
    never = ["one", "two", "three"]
    assert fine_tune(Path("not looked at"), never, labels, lambda: None) == {}


@pytest.mark.parametrize("name", ["nowhere.weight", "encoder.layer.0.output.dense.bias"])
def test_weights_of_another_model_are_refused(name: str) -> None:
    strange = Embedder(str(minilm())).tuned({name: np.zeros(3, np.float16)})
    with pytest.raises(ModelLoadFailed):
        strange.embed(["hello"])
