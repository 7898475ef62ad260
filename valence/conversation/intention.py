"""What a message wants, by the classifier `intent`: now where it is certified, else when nobody
waits, so that it can be learnt. Knows the calls, not how they are answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from valence.boundaries.classifier import Classifier
from valence.boundaries.intent import ACTION, ASK, RECALL, TELL
from valence.router import PROVED

if TYPE_CHECKING:
    from valence.predictors import Hear
    from valence.router import Answer

Classify = Callable[[str, str, "Hear | None"], "Answer"]
"""One call of the classifier: a message, the conversation that it is part of, and who is told all
the while that it is waited for."""


class Intention:
    """The intents of one process's turns."""

    def __init__(
        self, classify: Classify, now: Callable[[], bool], later: Callable[[], bool]
    ) -> None:
        """`now` tells whether the classifier answers at once and is certified, `later` whether
        there is a teacher to learn from."""
        self._classify = classify
        self._now = now
        self._later = later
        self._waiting: list[tuple[str, str]] = []

    def action(
        self, message: str, episode: str, hear: Hear | None = None
    ) -> tuple[str | None, Answer | None]:
        """What the message wants of the turn where its answer is certified, and the call if there
        was one."""
        if not self._now():
            self._waiting.append((message, episode))
            return None, None
        answer = self._classify(message, episode, hear)
        return (_wanted(answer) if answer.call.reason in PROVED else None), answer

    def asked_late(self) -> list[Answer]:
        """The calls for the messages that did not get one in their turn, made now."""
        waiting, self._waiting = self._waiting, []
        if not waiting or not self._later():
            return []
        return [self._classify(message, episode, None) for message, episode in waiting]


def _wanted(answer: Answer) -> str | None:
    """The action by the name that a turn goes by, though a person calls it otherwise."""
    label = dict(answer.output).get(ACTION)
    assert isinstance(answer.boundary, Classifier)
    names = answer.boundary.means(ACTION, label) if label else frozenset()
    return next((name for name in (ASK, RECALL, TELL) if name in names), None)
