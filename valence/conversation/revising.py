"""What a person makes of an answer afterwards: another one (their own, or the frontier's), a
rating, another question in its place; and a turn that is stopped.

The ledger keeps it as feedback, the memory believes what was set right, the turn shows it. It does
not know how an answer is found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from store.conversations import Turn
from store.ledger import Call
from valence.boundaries.triples import triples_from_json
from valence.conversation.provenance import call_behind
from valence.conversation.reply import Reply
from valence.conversation.retaking import take_back
from valence.conversation.saying import Saying
from valence.conversation.working import Listen, abandoned, nobody
from valence.drafting import Draft as Draft
from valence.drafting import draft_of, edited, worded
from valence.errors import CallError
from valence.memory.restating import restate

if TYPE_CHECKING:
    from valence.app import Valence
    from valence.router import Answer


class Stopped(Exception):
    """A person has stopped the turn; raised by who listens to it."""


def ask(app: Valence, text: str, conversation: str | None, listen: Listen) -> Reply:
    """One turn of the assistant. Where `listen` raises Stopped, or a person interrupts the command,
    the turn counts no longer, and what it had remembered is forgotten."""
    return _or_stopped(app, lambda: app.assistant.ask(text, conversation, listen))


def retake(app: Valence, conversation: str, listen: Listen, step: str = "received") -> Reply:
    """The last turn of a conversation again, from its beginning or a later step. Where it is
    stopped, all is as it was before."""
    whole = app.memory.conversations.get(conversation).id
    return _or_stopped(app, lambda: app.assistant.retake(whole, step, listen), whole)


def _or_stopped(app: Valence, turn: Callable[[], Reply], within: str | None = None) -> Reply:
    try:
        return turn()
    except (Stopped, KeyboardInterrupt):
        for left in abandoned(app.memory.conversations):
            if within in (None, left.conversation_id):
                take_back(app.memory, left)
        raise


def draft(app: Valence, turn: Turn) -> Draft:
    """The turn's answer, to be edited. Raises CallError where no model gave it."""
    return draft_of(_call(app, turn).output)


def correct(app: Valence, turn: Turn, text: str) -> Turn:
    """Keeps the edited draft as a correction. Raises InvalidOutput, CallError."""
    call = _call(app, turn)
    boundary = app.boundaries.get(call.boundary)
    output = boundary.from_json(edited(call.output, text))
    with app.stores.database.transaction():
        app.stores.ledger.correct(call.id, boundary.output_text(output))
        said = _now_says(app, turn, boundary.to_json(output), call, {"reason": "corrected"})
    if app.settings.privacy.learn != "none":
        app.curate(boundary)
    return said


def ask_frontier(app: Valence, turn: Turn, listen: Listen = nobody) -> tuple[Turn, Answer]:
    """The frontier's answer in place of the turn's, heard as any. Raises CallError where it gave
    none; then the turn stays as it is."""
    call = _call(app, turn)
    boundary = app.boundaries.get(call.boundary)
    router = app.router if call.learn else app.quarantine
    asked, hear = boundary.input_from_text(call.input), Saying(listen).hear
    answer = router.ask_frontier(boundary, asked, call.episode, hear)
    if answer.call.route != "frontier":
        failed = [each for each in answer.call.attempts if each.route == "frontier"]
        raise CallError(f"the frontier gave no answer: {failed[-1].error or failed[-1].reason}")
    told = {
        "route": "frontier",
        "reason": answer.call.reason,
        "confidence": None,
        "latency_ms": answer.call.latency_ms,
        "cost_usd": (turn.answer or {}).get("cost_usd", 0.0) + answer.call.cost_usd,
    }
    with app.stores.database.transaction():
        app.memory.conversations.checkpoint(turn.id, "revised", {"calls": [answer.call.id]})
        said = _now_says(app, turn, boundary.to_json(answer.output), answer.call, told)
    return said, answer


def rate(app: Valence, turn: Turn, good: bool) -> None:
    """Keeps whether the answer was good. Raises CallError where no model gave it."""
    app.stores.ledger.rate(_call(app, turn).id, 1 if good else -1)


def _call(app: Valence, turn: Turn) -> Call:
    call = call_behind(app.memory.conversations, app.stores.ledger, turn)
    if call is None:
        raise CallError("no model gave this answer", do="Say how it is, and it will be known.")
    return call


def _now_says(
    app: Valence, turn: Turn, data: dict[str, Any], call: Call, told: dict[str, Any]
) -> Turn:
    """The turn with this answer; what it told is believed as it now stands."""
    answer = dict(turn.answer or {}) | told
    if "triples" in data:
        source = answer["remembered"][0]["source"]
        facts = restate(app.memory, source, triples_from_json(data), call.id)
        answer["remembered"] = [
            each | {"facts": [list(fact.triple) for fact in facts]} for each in answer["remembered"]
        ]
    else:
        marks = "".join(f"[{each['number']}]" for each in answer["citations"])
        answer["answer"] = f"{data[worded(data)]} {marks}".strip()
    app.memory.conversations.answer(turn.id, answer)
    return app.memory.conversations.turn(turn.id)
