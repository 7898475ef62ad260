"""Learning by an adapter of the language model, in a process of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valence.errors import TrainingError, UntrainedBase
from valence.heldout import decode
from valence.lessons import Lessons, prepare
from valence.trainer_process import Event, run_trainer

if TYPE_CHECKING:
    from models.scorer import Scorer
    from store.evaluations import Item
    from store.examples import Example
    from store.runs import Run
    from valence.app import Valence
    from valence.boundaries.base import Boundary
    from valence.learners.base import Report
    from valence.predictors import LocalPredictor
    from valence.unit import Unit

_METRICS = {"start": ("steps",), "step": ("loss", "tokens_per_s", "left_s"), "valid": ("loss",)}
"""What of the trainer's events is kept as series; a validation's loss as `valid_loss`."""

UNTRAINED_SHARE = 0.9
"""A base whose loss is above this share of a guesser's knows no language."""


class LoraLearner:
    """Adapters of one home's language model."""

    def __init__(self, app: Valence) -> None:
        self._app = app

    @property
    def predictor(self) -> LocalPredictor | None:
        return self._app.local

    def required(self) -> LocalPredictor:
        if self._app.local is None:
            self._app.model_folder()  # raises with the way to get a model
            raise TrainingError("the local model is switched off (local.enabled)")
        return self._app.local

    def prepare(self, boundary: Boundary[Any, Any], run_id: str, folder: Path) -> Lessons:
        return prepare(self._app, boundary, run_id, folder)

    def train(self, boundary: Boundary[Any, Any], run: Run, folder: Path, report: Report) -> None:
        if self._app.local is not None:
            self._app.local.close()  # two copies of the base would not fit on a small machine
        guess = self._guessing_loss()

        def listen(event: Event) -> None:
            self._keep_metrics(run.id, event)
            if run.settings["resume_from_adapter"] is None:
                _require_language_model(event, guess, run.settings["model"])
            report(event)

        run_trainer(folder, listen)

    def scorer(self, weights_sha256: str) -> Scorer | None:
        return None

    def answer(
        self,
        boundary: Boundary[Any, Any],
        unit: Unit | None,
        examples: Sequence[Example],
        report: Report,
    ) -> dict[str, Item]:
        return decode(self._app, boundary, unit, examples, report)

    def _guessing_loss(self) -> float:
        """Nats a token of a model that knows nothing."""
        config = self._app.model_folder().config
        return math.log(int(config.get("text_config", config)["vocab_size"]))

    def _keep_metrics(self, run_id: str, event: Event) -> None:
        names = _METRICS.get(event["event"], ())
        prefix = "valid_" if event["event"] == "valid" else ""
        values = {prefix + name: event[name] for name in names if name in event}
        if values:
            self._app.stores.runs.metric(run_id, event["step"], values)


def _require_language_model(event: Event, guess: float, model: str) -> None:
    """A base that predicts answers no better than chance teaches an adapter nothing.

    Its loss on the answers, in the form it will write them in, before the first step: a base
    that was only taught tasks does not predict bare texts.
    """
    if (event["event"], event.get("step")) == ("valid", 0):
        loss = event["loss"]
        if not loss <= UNTRAINED_SHARE * guess:
            raise UntrainedBase(
                f"the base model predicts answers no better than chance ({loss:.2f} nats a "
                f"token, {guess:.2f} by guessing): its weights are untrained",
                where=model,
                do="Choose another with `valence models use`.",
            )
