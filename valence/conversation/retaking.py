"""A turn taken again: what the earlier one had told is out of sight until the new answer stands.

Each change is one transaction, so that a crash or a stop leaves the earlier turn or the new one,
never neither. It does not know what the steps of a turn do.
"""

from __future__ import annotations

from store.conversations import Turn
from store.withholding import WITHHELD, give_back, withhold
from valence.conversation.working import Listen, Working, again, nobody
from valence.memory.memory import Memory


def retake(memory: Memory, turn: Turn, step: str, listen: Listen = nobody) -> Working:
    """The turn taken anew from `step` on; what it had told from there on is withheld meanwhile.
    Raises TurnError where the turn had not come so far."""
    with memory.db.transaction() as connection:
        working = again(memory.conversations, turn, step, listen)
        if "remembered" not in working.done:
            for source in _told(memory, turn):
                withhold(connection, source, working.turn.created_at)
    return working


def settle(memory: Memory, turn: Turn) -> None:
    """Forgets what was withheld for the turn: its answer stands."""
    told = [id for each in memory.conversations.replaced(turn) for id in _told(memory, each)]
    for source in memory.sources.by_ids(told):
        if source.reason == WITHHELD:
            memory.forget(source.id)


def take_back(memory: Memory, turn: Turn) -> None:
    """The turn counts no longer, and what it had told is forgotten; what it was taken in place of
    stands again with all that it had told."""
    with memory.db.transaction() as connection:
        for each in memory.conversations.replaced(turn)[:1]:
            memory.conversations.stand(each.id)
            for source in _told(memory, each):
                give_back(connection, source, turn.created_at)
        memory.conversations.undo(turn.id)
        memory.forget_if_known(turn.id)
    memory.db.checkpoint()


def _told(memory: Memory, turn: Turn) -> list[str]:
    """The ids of the sources that the turn had remembered."""
    states = [step.state for step in memory.conversations.steps(turn.id)]
    return [each["source"] for state in states for each in state.get("remembered", [])]
