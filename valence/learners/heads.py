"""Learning by classifier heads on sentence embeddings: seconds, in this process.

Each run learns anew from all train examples; their embeddings are kept beside them. Where the
boundary wants it, the embedding model is tuned to the labels first, and its weights go with the
heads. Knows neither what the labels mean nor what is served.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import UnknownExample
from store.example_vectors import ExampleVectors
from valence.errors import InvalidOutput, NotEnoughExamples
from valence.heldout import TIMED, item_of
from valence.learners.head_predictor import MOST_CHARACTERS, HeadPredictor, classifier, embed
from valence.lessons import LEARNT_FROM, SPEC, TRAINED, Lessons, learnt_from, write_json
from valence.trainer_process import Cancelled

if TYPE_CHECKING:
    from models.embedding import Embedder, Matrix
    from models.embedding_tuning import Weights
    from models.heads import Heads, Reading
    from models.scorer import Scorer
    from store.evaluations import Item
    from store.examples import Example
    from store.runs import Run
    from valence.app import Valence
    from valence.boundaries.base import Boundary
    from valence.learners.base import Report
    from valence.unit import Unit

BATCH = 128
"""Texts that are embedded between two looks at whether the run is to stop."""


class HeadsLearner:
    """Heads over one home's embedding model."""

    def __init__(self, app: Valence) -> None:
        self._app = app
        self._vectors = ExampleVectors(app.stores.database)

    @cached_property
    def predictor(self) -> HeadPredictor | None:
        return HeadPredictor(self._app.embedder) if self._app.embedder.available else None

    def required(self) -> HeadPredictor:
        self._app.embedder.folder  # noqa: B018 - asked for its error, which says how to get it
        assert self.predictor is not None
        return self.predictor

    def prepare(self, boundary: Boundary[Any, Any], run_id: str, folder: Path) -> Lessons:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        chosen = self._app.stores.examples.of(boundary.name, "train")
        write_json(folder / LEARNT_FROM, [example.id for example in chosen])
        spec = {"out": str(folder), "embedding": self._app.embedder.name}
        write_json(folder / SPEC, spec)
        return Lessons(spec, len(chosen))

    def train(self, boundary: Boundary[Any, Any], run: Run, folder: Path, report: Report) -> None:
        from models.heads_fitting import fit_heads

        examples = list(self._still_there(learnt_from(folder)))
        labels = [classifier(boundary).told(example.output) for example in examples]
        if not any(any(told.values()) for told in labels):
            raise NotEnoughExamples(f"no example of {boundary.name} has a label")
        wanted = classifier(boundary).declared.fine_tune
        tuned = self._tuned(examples, labels, report, folder) if wanted else {}
        embedder = self._app.embedder.tuned(tuned) if tuned else self._app.embedder
        vectors = self.embedded(embedder, examples, report, folder)
        started = time.perf_counter()
        heads = fit_heads(vectors, labels, classifier(boundary).heads, embedder.name)
        heads = replace(heads, tuned=tuned)
        seconds = time.perf_counter() - started
        (folder / TRAINED).mkdir(exist_ok=True)
        heads.save(folder / TRAINED)
        self._app.stores.runs.metric(run.id, 0, {"fit_s": seconds})
        report({"event": "fitted", "seconds": round(seconds, 3), "examples": len(examples)})

    def scorer(self, weights_sha256: str) -> Scorer | None:
        from models.heads import own_scorer

        return own_scorer(weights_sha256)

    def answer(
        self,
        boundary: Boundary[Any, Any],
        unit: Unit | None,
        examples: Sequence[Example],
        report: Report,
    ) -> dict[str, Item]:
        if unit is None or not examples:
            return {}
        heads, embedder = self.required().heads(boundary, unit)
        timed = [_timed(heads, embedder, example) for example in examples[:TIMED]]
        latencies = [*timed, *[None] * (len(examples) - len(timed))]
        readings = heads.read(self.embedded(embedder, examples, report))
        return {
            example.id: _item(boundary, example, reading, latency_ms)
            for example, reading, latency_ms in zip(examples, readings, latencies, strict=True)
        }

    def embedded(
        self,
        embedder: Embedder,
        examples: Sequence[Example],
        report: Report,
        folder: Path | None = None,
    ) -> Matrix:
        """One row an example. What is new is embedded, and kept unless the model was tuned, which
        only one run's heads stand on. Stops on request."""
        import numpy as np

        name, lasting = embedder.name, embedder is self._app.embedder
        known = self._vectors.read(name, [example.id for example in examples])
        fresh = [example for example in examples if example.id not in known]
        if fresh:
            report({"event": "judging", "what": "embedding", "items": len(fresh)})
        for start in range(0, len(fresh), BATCH):
            if folder is not None:
                _stop_if_asked(folder)
            some = fresh[start : start + BATCH]
            rows = embed(embedder, [example.input for example in some])
            if lasting:
                self._vectors.add(name, [example.id for example in some], rows)
            known |= zip((example.id for example in some), rows, strict=True)
            report({"event": "judged", "items": len(some)})
        return np.stack([known[example.id] for example in examples])

    def _tuned(
        self,
        examples: Sequence[Example],
        labels: Sequence[Mapping[str, str | None]],
        report: Report,
        folder: Path,
    ) -> Weights:
        """The embedding model's weights for these messages. Stops on request."""
        from models.embedding_tuning import STEPS, fine_tune

        def before_step() -> None:
            _stop_if_asked(folder)
            report({"event": "judged", "items": 1})

        report({"event": "judging", "what": "fine-tuning", "items": STEPS})
        texts = [example.input[:MOST_CHARACTERS] for example in examples]
        return fine_tune(self._app.embedder.folder.path, texts, labels, before_step)

    def _still_there(self, ids: Sequence[str]) -> list[Example]:
        found = []
        for each in ids:
            try:
                found.append(self._app.stores.examples.get(each))
            except UnknownExample:
                continue
        return found


def _timed(heads: Heads, embedder: Embedder, example: Example) -> float:
    """Milliseconds of one message as a call has it."""
    started = time.perf_counter()
    heads.read(embed(embedder, [example.input]))
    return (time.perf_counter() - started) * 1000


def _stop_if_asked(folder: Path) -> None:
    if (folder / "STOP").exists():
        raise Cancelled("stopped on request")


def _item(
    boundary: Boundary[Any, Any],
    example: Example,
    reading: dict[str, Reading],
    latency_ms: float | None,
) -> Item:
    from models.heads import score_features

    data = {head: read.label for head, read in reading.items()}
    try:
        output = boundary.from_json(data)
    except InvalidOutput:  # a label that a set does not take any more
        return item_of(boundary, example, None, None, latency_ms)
    item = item_of(boundary, example, output, score_features(reading), latency_ms)
    right = boundary.right_parts(output, boundary.output_from_text(example.output))
    features = [reading[head].features for head, _ in output]
    return replace(item, parts=tuple(zip(features, right, strict=True)))
