"""What every way of learning offers a run: who answers, what is learnt, and how.

The life of a run, the verdict on it and what is served are the same for all of them and are none
of their affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from models.scorer import Scorer
    from store.evaluations import Item
    from store.examples import Example
    from store.runs import Run
    from valence.boundaries.base import Boundary
    from valence.lessons import Lessons
    from valence.predictors import Predictor
    from valence.unit import Unit

Report = Callable[[dict[str, Any]], None]


class Learner(Protocol):
    """One way of learning in one home."""

    @property
    def predictor(self) -> Predictor | None:
        """The model that answers; None where there is none on this machine."""
        ...

    def required(self) -> Predictor:
        """The same, to train on. Raises ModelError or TrainingError with the way to get it."""
        ...

    def prepare(self, boundary: Boundary[Any, Any], run_id: str, folder: Path) -> Lessons:
        """Chooses what the run learns from; the folder is the run's, emptied for it."""
        ...

    def train(self, boundary: Boundary[Any, Any], run: Run, folder: Path, report: Report) -> None:
        """Makes the weights, in `folder / TRAINED`, going on where an earlier try was.

        Raises Cancelled, Interrupted, UntrainedBase or TrainingError.
        """
        ...

    def scorer(self, weights_sha256: str) -> Scorer | None:
        """The scorer that came out of the training itself, for the adapter of these weights; None
        where one is to be fitted on calibration answers."""
        ...

    def answer(
        self,
        boundary: Boundary[Any, Any],
        unit: Unit | None,
        examples: Sequence[Example],
        report: Report,
    ) -> dict[str, Item]:
        """The verdict on each held-out example under `unit` (None: the base alone), by its id."""
        ...
