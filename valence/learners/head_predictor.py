"""The predictor of classifiers: heads of the serving unit over one embedding of the message.

Knows nothing of which of them is asked, or what is accepted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from store.calls import Attempt
from valence.boundaries.classifier import Classifier
from valence.errors import BoundaryError
from valence.predictors import Try, blank_attempt
from valence.unit import Unit

if TYPE_CHECKING:
    from models.embedding import Embedder, Matrix
    from models.heads import Heads, Reading
    from valence.boundaries.base import Boundary

MOST_HELD = 3
"""Adapters' heads that are held: what serves, and two that are compared."""
MOST_CHARACTERS = 8192
"""Of a message that are embedded; the model's window ends long before."""


class HeadPredictor:
    """The heads of whatever unit it is handed; the embedding model loads itself at first use."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._held: dict[str, tuple[Heads, Embedder]] = {}
        self.model = embedder.name
        self.revision = embedder.folder.revision

    def attempt(self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None) -> Try:
        """Embeds, reads and scores; heads that cannot be used are a failed attempt."""
        from models.errors import ModelError

        begun = blank_attempt("local", self.model, boundary, unit)
        if unit is None:
            return Try(replace(begun, reason="nothing learnt yet"))
        started = time.perf_counter()
        try:
            heads, embedder = self.heads(boundary, unit)
            [reading] = heads.read(embed(embedder, [value]))
            output = boundary.from_json({head: read.label for head, read in reading.items()})
        except (ModelError, BoundaryError) as error:
            return Try(replace(begun, error=str(error), reason="local model failed"))
        made = replace(
            begun,
            response=_said(reading),
            output=boundary.output_text(output),
            features=pooled(reading),
            latency_ms=(time.perf_counter() - started) * 1000,
        )
        return _scored(made, output, reading, unit)

    def heads(self, boundary: Boundary[Any, Any], unit: Unit) -> tuple[Heads, Embedder]:
        """The unit's heads and the embedding model that they stand on, kept for the next call.
        Raises AdapterMismatch."""
        from models.heads import Heads

        key = unit.adapter.id
        if key not in self._held:
            newest = dict([*self._held.items()][1 - MOST_HELD :])
            heads = Heads.load(unit.folder, classifier(boundary).heads)
            embedder = self._embedder.tuned(heads.tuned) if heads.tuned else self._embedder
            self._held = newest | {key: (heads, embedder)}
        return self._held[key]

    def close(self) -> None:
        self._held = {}


def embed(embedder: Embedder, texts: Sequence[str]) -> Matrix:
    """One row a message, of length one."""
    return embedder.embed([text[:MOST_CHARACTERS] for text in texts])


def classifier(boundary: Boundary[Any, Any]) -> Classifier:
    """The boundary, which says that it learns by heads, as what it is then."""
    assert isinstance(boundary, Classifier)
    return boundary


def pooled(reading: Mapping[str, Reading]) -> dict[str, float]:
    """What the ledger keeps of an answer: its score features, and of each other kind that of the
    least sure head."""
    from models.heads import score_features

    features = [read.features for read in reading.values()]
    return {
        **score_features(reading),
        "known": min(each["known"] for each in features),
        "margin": min(each["margin"] for each in features),
        "neighbours": min(each["neighbours"] for each in features),
        "agreement": min(each["agreement"] for each in features),
        "max_entropy": max(each["entropy"] for each in features),
        "unknowns": sum(each["unknown"] for each in features),
    }


def _said(reading: Mapping[str, Reading]) -> str:
    """What the heads said, as the ledger keeps it: label and confidence of each."""
    said = {
        head: {"label": read.label, "confidence": round(read.confidence, 6)}
        for head, read in reading.items()
    }
    return json.dumps(said, ensure_ascii=False)


def _scored(attempt: Attempt, output: Any, reading: Mapping[str, Reading], unit: Unit) -> Try:
    if unit.scorer is not None:
        confidence = unit.scorer(attempt.features or {})
        attempt = replace(attempt, confidence=confidence, threshold=unit.gate.threshold)
    if unit.parts_scorer is None:
        return Try(attempt, output)
    parts = [reading[head].features for head, _ in output]
    return Try(attempt, output, tuple(map(unit.parts_scorer, parts)))
