"""The course of a training run: epochs, validation, early stop, the best weights kept.

Takes rows, gives weights, and reports through a `Watch`. Knows nothing of files of examples,
processes, or who waits for the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.checkpoint import Checkpoint, Counters
from models.errors import TrainingFailed
from models.learner import Learner
from models.training_data import Row, by_length, epoch_batches, in_batches

Ended = Literal["finished", "early stop", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train; `patience` counts validations without improvement (0: never stop early)."""

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    patience: int
    eval_every: int
    checkpoint_every: int


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a run tells and asks.

    `go_on()` is asked before each step and may wait; False stops the run. `between()` is called
    before each piece of a step. `emit(event, **fields)` reports; `save(checkpoint)` keeps.
    """

    go_on: Callable[[], bool]
    between: Callable[[], object]
    emit: Callable[..., None]
    save: Callable[[Checkpoint], None]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """How a run ended. `weights`: the best on validation, or the last ones without validation;
    `best_loss` in nats a completion token."""

    ended: Ended
    step: int
    best_step: int
    best_loss: float | None
    weights: Mapping[str, Any]


class Training:
    """One run over an adapted model. `steps` is its length without an early stop."""

    def __init__(
        self,
        model: Any,
        settings: Settings,
        train: Sequence[Row],
        valid: Sequence[Row],
        micro_tokens: int | None = None,
    ) -> None:
        self._settings = settings
        self._train = train
        self._valid = in_batches(by_length(valid), settings.batch_size)
        self._epoch_steps = -(-len(train) // settings.batch_size)
        self.steps = settings.epochs * self._epoch_steps
        self._learner = Learner(model, settings.learning_rate, self.steps, micro_tokens)
        self._epoch: tuple[int, list[list[Row]]] = (-1, [])
        self._step = self._best_step = self._waited = self._began_at = 0
        self._best_loss = math.inf
        self._best = self._learner.weights

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from there; what follows is what would have followed."""
        counters = checkpoint.counters
        self._step = self._began_at = counters.step
        self._waited, self._best_step = counters.waited, counters.best_step
        self._best_loss = math.inf if counters.best_loss is None else counters.best_loss
        self._best = dict(checkpoint.best)
        self._learner.restore(checkpoint.adapter, checkpoint.optimizer)

    def run(self, fingerprint: str, watch: Watch) -> Trained:
        """Train to the end, an early stop, or a stop. Raises TrainingFailed on a NaN loss."""
        if self._step == 0 and self._valid:
            loss = self._learner.loss(self._valid)
            watch.emit("valid", step=0, steps=self.steps, loss=loss, best=False)
        while self._step < self.steps:
            if not watch.go_on():
                watch.save(self._checkpoint(fingerprint))
                return self._trained("stopped")
            self._train_step(watch)
            if self._due(self._settings.eval_every) and self._judged_enough(watch):
                return self._trained("early stop")
            if self._due(self._settings.checkpoint_every):
                watch.save(self._checkpoint(fingerprint))
        return self._trained("finished")

    def _train_step(self, watch: Watch) -> None:
        loss = self._learner.update(self._batch(), watch.between)
        self._step += 1
        self._refuse_nan(loss)
        if not self._valid:
            self._best, self._best_step = self._learner.weights, self._step
        pace = self._learner.seconds / (self._step - self._began_at)
        watch.emit(
            "step",
            step=self._step,
            steps=self.steps,
            epoch=1 + (self._step - 1) // self._epoch_steps,
            loss=loss,
            learning_rate=self._learner.learning_rate,
            tokens_per_s=round(self._learner.tokens / self._learner.seconds, 1),
            left_s=round(pace * (self.steps - self._step), 1),
        )

    def _batch(self) -> list[Row]:
        epoch, position = divmod(self._step, self._epoch_steps)
        if self._epoch[0] != epoch:
            size, seed = self._settings.batch_size, self._settings.seed
            self._epoch = (epoch, epoch_batches(self._train, size, seed, epoch))
        return self._epoch[1][position]

    def _due(self, every: int) -> bool:
        return self._step % every == 0 or self._step == self.steps

    def _judged_enough(self, watch: Watch) -> bool:
        if not self._valid:
            return False
        loss = self._learner.loss(self._valid)
        self._refuse_nan(loss)
        better = loss < self._best_loss
        if better:
            self._best, self._best_loss = self._learner.weights, loss
            self._best_step, self._waited = self._step, 0
        else:
            self._waited += 1
        watch.emit("valid", step=self._step, steps=self.steps, loss=loss, best=better)
        return 0 < self._settings.patience <= self._waited and self._step < self.steps

    def _refuse_nan(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingFailed(f"the loss is no longer a number at step {self._step}")

    def _checkpoint(self, fingerprint: str) -> Checkpoint:
        return Checkpoint(
            counters=Counters(
                fingerprint=fingerprint,
                step=self._step,
                best_step=self._best_step,
                best_loss=self._finite_best(),
                waited=self._waited,
            ),
            adapter=self._learner.weights,
            best=self._best,
            optimizer=self._learner.state,
        )

    def _trained(self, ended: Ended) -> Trained:
        return Trained(
            ended=ended,
            step=self._step,
            best_step=self._best_step,
            best_loss=self._finite_best(),
            weights=self._best,
        )

    def _finite_best(self) -> float | None:
        return self._best_loss if math.isfinite(self._best_loss) else None
