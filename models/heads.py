"""Classifier heads on one sentence embedding: multinomial logistic regressions that say unknown.

A head's label is its most likely one, unless the message is not like those that it was taught: what
tells is fused from the logits' energy and the distance to the training messages (`known`), and
what is less known than nearly all messages of the training set is unknown. Reads and writes one
safetensors file whose metadata holds the labels as JSON, so that one hash seals both. Prediction is
numpy alone. Knows vectors and names; neither texts nor what a label is for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from models.adapters import WEIGHTS
from models.errors import AdapterMismatch, ScorerError
from models.fusion import Linear
from models.scorer import AS_IT_IS, Scorer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.embedding_tuning import Weights

    Matrix: TypeAlias = NDArray[np.float32]
    Places: TypeAlias = NDArray[np.int32]

KIND = "heads"
TUNED = "embedding/"
"""What the names of the embedding's weights begin with in the file; no head has a / in its name."""
NEAREST = 5
BATCH = 256
TINY = 1e-9
UNKNOWN = -1
"""The place of a training message that is unknown at a head."""
NOT_SAID = -2
"""The place of one that does not count."""

FEATURES = (
    "probability", "margin", "entropy", "energy", "neighbours", "agreement", "unknown_neighbours",
    "known", "unknown",
)  # fmt: skip
KNOWN_FROM = ("energy", "neighbours", "unknown_neighbours")
"""The features that tell whether a message is like those of the training set."""


@dataclass(frozen=True)
class Reading:
    """What one head says of one message; `label` None: unknown.

    `confidence` is the calibrated chance that this is right, unknown included. `features` are
    numbers: `known` in log-odds, `entropy` in nats, cosines, shares.
    """

    label: str | None
    confidence: float
    features: dict[str, float]


@dataclass(frozen=True)
class Head:
    """One head. `weight` (k, d) and `bias` (k,) of its k labels; `places` (n,) are the labels of
    the n training messages that are remembered, by their places."""

    labels: tuple[str, ...]
    weight: Matrix
    bias: Matrix
    places: Places
    known: Linear
    threshold: float
    """Of `known`, in log-odds: below it the label is unknown."""
    scorer: Scorer

    def to_json(self) -> dict[str, Any]:
        return {
            "labels": list(self.labels),
            "known": self.known.to_json(),
            "threshold": self.threshold,
            "scorer": self.scorer.to_json(),
        }


@dataclass(frozen=True)
class Heads:
    """All heads of a classifier, and the training messages that they remember: `memory` (n, d),
    rows of length one. `embedding` names the model that made all vectors; `tuned` are weights that
    were put in the place of its own, if it was tuned for these heads."""

    heads: Mapping[str, Head]
    memory: Matrix
    embedding: str
    tuned: Weights = field(default_factory=dict)

    def read(self, vectors: Matrix) -> list[dict[str, Reading]]:
        """What the heads say of each row of (m, d), by head."""
        found: list[dict[str, Reading]] = []
        for start in range(0, len(vectors), BATCH):
            rows = vectors[start : start + BATCH]
            similar = rows @ self.memory.T
            by_head = {name: _read(head, rows, similar) for name, head in self.heads.items()}
            found += [{name: by_head[name][i] for name in by_head} for i in range(len(rows))]
        return found

    def save(self, folder: Path) -> None:
        """Writes the file into a folder that is there."""
        import numpy as np
        from safetensors.numpy import save_file

        tensors: dict[str, Any] = {"memory": self.memory.astype(np.float16)}
        for name, head in self.heads.items():
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = head.weight, head.bias
            tensors[f"{name}.places"] = head.places
        tensors |= {f"{TUNED}{name}": weight for name, weight in self.tuned.items()}
        declared = {name: head.to_json() for name, head in self.heads.items()}
        # One entry, since several have no order of their own and the file's hash would change.
        told = json.dumps({"embedding": self.embedding, "heads": declared})
        save_file(tensors, folder / WEIGHTS, {KIND: told})

    @classmethod
    def load(cls, folder: Path, names: Sequence[str]) -> Heads:
        """Raises AdapterMismatch where the file is no heads file, or one of other heads."""
        from safetensors import SafetensorError, safe_open

        path = folder / WEIGHTS
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            return _made(metadata, tensors, names)
        except (OSError, SafetensorError, LookupError, TypeError, ValueError, ScorerError) as error:
            raise AdapterMismatch(f"{path} holds no heads {', '.join(names)}: {error}") from error


def score_features(reading: Mapping[str, Reading]) -> dict[str, float]:
    """What an answer of all heads is scored by: the log-odds that every one of them is right."""
    chance = math.prod(read.confidence for read in reading.values())
    return {"log_odds": math.log(max(chance, TINY) / max(1 - chance, TINY))}


def own_scorer(weights_sha256: str) -> Scorer:
    """The scorer that heads bring: their confidences are calibrated on messages held out of the
    training, far more than calibration answers would be to fit another one on."""
    return Scorer(("log_odds",), Linear((0.0,), (1.0,), (1.0,), 0.0), AS_IT_IS, weights_sha256)


def features_of(
    weight: Matrix, bias: Matrix, places: Places, rows: Matrix, similar: Matrix
) -> tuple[Places, dict[str, Matrix]]:
    """The likeliest label's place and the features, each (m,), of messages whose cosines with the
    remembered ones are `similar` (m, n)."""
    import numpy as np

    logits = rows @ weight.T + bias
    best = logits.argmax(axis=1).astype(np.int32)
    top = logits.max(axis=1, keepdims=True)
    shares = np.exp(logits - top)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    ordered = np.sort(shares, axis=1)
    second = ordered[:, -2] if shares.shape[1] > 1 else np.zeros(len(rows), np.float32)
    neighbours, agreement = _nearest(similar[:, places >= 0], places[places >= 0], best)
    strangers, _ = _nearest(similar[:, places == UNKNOWN], places[places == UNKNOWN], best)
    return best, {
        "probability": ordered[:, -1],
        "margin": ordered[:, -1] - second,
        "entropy": -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1),
        "energy": (top + np.log(total))[:, 0],
        "neighbours": neighbours,
        "agreement": agreement,
        "unknown_neighbours": strangers,
    }


def _nearest(similar: Matrix, places: Places, best: Places) -> tuple[Matrix, Matrix]:
    """Mean cosine with the nearest messages, and the share of them that have the label; kNN as in
    Sun et al. 2022. 0 where there are none."""
    import numpy as np

    count = min(NEAREST, similar.shape[1])
    if not count:
        nothing = np.zeros(len(similar), np.float32)
        return nothing, nothing
    nearest = np.argpartition(similar, -count, axis=1)[:, -count:]
    cosines = np.take_along_axis(similar, nearest, axis=1)
    return cosines.mean(axis=1), (places[nearest] == best[:, None]).mean(axis=1, dtype=np.float32)


def _read(head: Head, rows: Matrix, similar: Matrix) -> list[Reading]:
    if not head.labels:  # nobody has ever given one
        blank = dict.fromkeys(FEATURES, 0.0) | {"unknown": 1.0}
        return [Reading(None, head.scorer(blank), blank) for _ in rows]
    best, columns = features_of(head.weight, head.bias, head.places, rows, similar)
    found = []
    for i, place in enumerate(best):
        features = {name: float(column[i]) for name, column in columns.items()}
        features["known"] = head.known([features[name] for name in KNOWN_FROM])
        label = head.labels[place] if features["known"] >= head.threshold else None
        features["unknown"] = float(label is None)
        found.append(Reading(label, head.scorer(features), features))
    return found


def _made(metadata: Mapping[str, str], tensors: Mapping[str, Any], names: Sequence[str]) -> Heads:
    import numpy as np

    told = json.loads(metadata[KIND])
    declared = told["heads"]
    if sorted(declared) != sorted(names):
        raise ValueError(f"its heads are {', '.join(declared)}")
    memory = np.asarray(tensors["memory"], np.float32)
    heads = {name: _head(name, declared[name], tensors, memory.shape) for name in names}
    tuned = {key.removeprefix(TUNED): tensors[key] for key in tensors if key.startswith(TUNED)}
    return Heads(heads, memory, str(told["embedding"]), tuned)


def _head(
    name: str, data: Mapping[str, Any], tensors: Mapping[str, Any], shape: tuple[int, int]
) -> Head:
    labels = tuple(map(str, data["labels"]))
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    places = tensors[f"{name}.places"]
    if (weight.shape, bias.shape, places.shape) != (
        (len(labels), shape[1]),
        (len(labels),),
        (shape[0],),
    ):
        raise ValueError(f"the shapes of head {name} do not fit its {len(labels)} labels")
    return Head(
        labels=labels,
        weight=weight,
        bias=bias,
        places=places,
        known=Linear.from_json(data["known"], len(KNOWN_FROM)),
        threshold=float(data["threshold"]),
        scorer=Scorer.from_json(data["scorer"]),
    )
