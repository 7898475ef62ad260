"""Valence's own turns of conversation as trajectories: gathered in passing, labelled by nobody.

What was asked is the problem, what the turn did its steps, and what the person did then the
feedback: corrected, rated, asked again, or went on. Reads the stores alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from store.conversations import Turn
from store.trajectories import Step, Trajectory
from valence.strategies.guidance import OWN
from valence.strategies.jsonl import make_trajectory
from valence.strategies.outcome import says_the_same

if TYPE_CHECKING:
    from valence.app import Valence

LOOKED_AT = 3
"""Turns of a conversation that are gathered again with each new one: what a person does next
tells of the turn before."""
EVERYTHING = 10**9

State = dict[str, Any]


def gather(app: Valence, conversation_id: str, newest: int = LOOKED_AT) -> None:
    """Keeps the newest turns of a conversation as trajectories, as far as consent goes."""
    if app.settings.privacy.learn != "all":
        return
    turns = app.memory.conversations.turns(conversation_id, undone=True)
    app.stores.trajectories.add(_trajectories(app, turns[-newest - 1 :]))


def gather_all(app: Valence) -> None:
    """All turns, with what was said of them since."""
    for conversation in app.memory.conversations.list(EVERYTHING, archived=True):
        gather(app, conversation.id, EVERYTHING)


def _trajectories(app: Valence, turns: Sequence[Turn]) -> Iterator[Trajectory]:
    for turn, after in pairwise([*turns, None]):
        if turn is not None and turn.answer is not None:
            yield _trajectory(app, turn, turn.answer, after)


def _trajectory(app: Valence, turn: Turn, answer: State, after: Turn | None) -> Trajectory:
    done = {step.name: step.state for step in app.memory.conversations.steps(turn.id)}
    calls = done.get("answered", {}).get("calls", [])
    return make_trajectory(
        OWN,
        "turn",
        turn.question,
        _steps(turn, answer, done),
        key=turn.id,
        feedback=_feedback(app, turn, calls, after),
        guided=_guided(app, calls),
        latency_ms=answer["latency_ms"],
        cost_usd=answer["cost_usd"],
        created_at=turn.created_at,
    )


def _steps(turn: Turn, answer: State, done: dict[str, State]) -> Iterator[Step]:
    yield Step(kind="person", text=turn.question)
    for kept in done.get("remembered", {}).get("remembered", []):
        yield Step(kind="tool", tool="remember", result=f"{len(kept['facts'])} facts")
    for found in done.get("retrieved", {}).get("asked", []):
        count = len(found["answers"]) or len(found["found"])
        query = {"query": found["question"]}
        yield Step(kind="tool", tool="search", arguments=query, result=f"{count} found")
    route = {"route": answer["route"], "reason": answer["reason"]}
    yield Step(kind="message", text=answer["answer"], arguments=route)


def _feedback(app: Valence, turn: Turn, calls: list[str], after: Turn | None) -> State:
    """What is known by now; `went_on` only where the person said something else next."""
    said = [item for call in calls for item in app.stores.ledger.feedback(call)]
    ratings = [item.rating for item in said if item.rating is not None]
    retried = turn.state == "undone" or (
        after is not None and says_the_same(turn.question, after.question)
    )
    known = {
        "corrected": True if any(item.kind == "correction" for item in said) else None,
        "rating": ratings[-1] if ratings else None,
        "retried": True if retried else None,
        "went_on": True if after is not None and not retried else None,
        "valid": False if answer_is_missing(turn) else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def answer_is_missing(turn: Turn) -> bool:
    """Whether the turn asked for something that was not known."""
    return turn.answer is not None and turn.answer["reason"] == "unknown"


def _guided(app: Valence, calls: list[str]) -> bool | None:
    """Whether a model was shown the approach that was proposed; None where none was."""
    records = [app.stores.ledger.guidance(call) for call in calls]
    shown = [record["shown"] for record in records if record is not None]
    return any(shown) if shown else None
