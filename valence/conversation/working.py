"""Working memory: the steps of one turn, each kept as soon as it is done.

A turn that a crash cut short goes on after its last step; a turn can be taken again from any of
its steps. It does not know what the steps do.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any, TypeVar

from store.clock import lately
from store.conversations import Conversations, Turn
from store.leases import is_alive
from valence.errors import TurnError

STEPS = ("received", "understood", "remembered", "retrieved", "answered")
STARTING_S = 10.0
"""How long a turn may be without its first step before nobody counts as being at it."""

State = dict[str, Any]
Work = TypeVar("Work")
Listen = Callable[[str, State], None]
"""Called with each step's name and state when it is done, and with the answer as it comes: `words`
with the `text` of the next few, a frontier's while it writes them; `unsaid` with the `text` of all
words of this part, which are taken back; `waiting`, ever again, while a frontier writes nothing;
`said` with the `text` of a part that stands. What it raises ends the turn where it is."""


def nobody(name: str, state: State) -> None:
    """Listens to nothing."""


class Working:
    """One turn under way."""

    def __init__(self, conversations: Conversations, turn: Turn, listen: Listen = nobody) -> None:
        self._conversations = conversations
        self.listen = listen
        self.turn = turn
        self._done = {step.name: step.state for step in conversations.steps(turn.id)}

    @property
    def done(self) -> frozenset[str]:
        """The steps that have been done."""
        return frozenset(self._done)

    def step(self, name: str, work: Callable[[], State]) -> State:
        """What the step came to: done now, or before the turn was cut short."""
        return self.step_of(name, work, lambda state: state)

    def step_of(self, name: str, work: Callable[[], Work], keep: Callable[[Work], State]) -> State:
        """The same where the work has an effect: `keep` has it in the transaction of the step."""
        if name not in self._done:
            worked = work()
            with self._conversations.transaction():
                state = keep(worked)
                self._conversations.checkpoint(self.turn.id, name, state)
            self._done[name] = state
            self.listen(name, state)
        return self._done[name]

    def restore(self, name: str, state: State) -> None:
        """A step as an earlier turn had done it."""
        self.step(name, lambda: state)


def begin(
    conversations: Conversations,
    conversation_id: str,
    question: str,
    listen: Listen = nobody,
    instead_of: str | None = None,
) -> Working:
    """A new turn, kept before anything is done about it."""
    turn = conversations.begin(conversation_id, question, instead_of)
    working = Working(conversations, turn, listen)
    working.step("received", _holder)
    return working


def again(conversations: Conversations, turn: Turn, step: str, listen: Listen = nobody) -> Working:
    """The turn taken anew from `step` on: a new turn in its place that has done what was done
    before that step. Raises TurnError where the turn had not come so far."""
    before = STEPS[: STEPS.index(step)]
    done = {each.name: each.state for each in conversations.steps(turn.id)}
    if any(name not in done for name in before):
        raise TurnError(
            f"the turn never came to {step}", where=turn.id, do=f"It has done: {', '.join(done)}"
        )
    conversations.undo(turn.id)
    working = begin(conversations, turn.conversation_id, turn.question, listen, turn.id)
    for name in before[1:]:
        working.restore(name, done[name])
    return working


def abandoned(conversations: Conversations) -> list[Turn]:
    """Open turns whose process is gone."""
    return [turn for turn in conversations.unanswered() if not _is_held(conversations, turn)]


def _holder() -> State:
    return {"machine": platform.node(), "pid": os.getpid()}


def _is_held(conversations: Conversations, turn: Turn) -> bool:
    """Whether the process that took the turn may still be at it; one on another machine cannot
    be asked."""
    received = next((s.state for s in conversations.steps(turn.id) if s.name == "received"), None)
    if received is None:
        return lately(turn.created_at, STARTING_S)
    if received["machine"] != platform.node():
        return True
    return received["pid"] != os.getpid() and is_alive(received["pid"])
