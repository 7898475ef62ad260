"""The ways in which boundaries learn, by the name that a boundary declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from valence.boundaries.base import LearnerName
from valence.learners.base import Learner
from valence.learners.heads import HeadsLearner
from valence.learners.lora import LoraLearner

if TYPE_CHECKING:
    from valence.app import Valence

LEARNERS: Mapping[LearnerName, Callable[[Valence], Learner]] = {
    "lora": LoraLearner,
    "heads": HeadsLearner,
}
