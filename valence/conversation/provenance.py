"""How the answer of a turn came about: the call behind it, in the figures a person reads.

Reads the turn's steps and the ledger. It does not know how any of it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from store.conversations import Conversations, Turn
from store.errors import UnknownCall
from store.ledger import Call, Ledger
from valence.redaction import masked_in

if TYPE_CHECKING:
    from valence.app import Valence


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Route and reason of the call that gave the answer ("memory" where none did), its confidence
    against its threshold, milliseconds and dollars of the whole turn, tokens a second of the
    accepted attempt, what was masked by kind, and what a person has said of it."""

    route: str = "memory"
    reason: str = ""
    confidence: float | None = None
    threshold: float | None = None
    latency_ms: float = 0.0
    tokens_per_s: float | None = None
    cost_usd: float = 0.0
    masked: dict[str, int] = field(default_factory=dict)
    call_id: str | None = None
    corrected: bool = False
    rating: int | None = None


@dataclass(frozen=True)
class Told:
    """A turn with the story of its answer."""

    turn: Turn
    provenance: Provenance


def told(app: Valence, turns: list[Turn]) -> list[Told]:
    """Each turn with how its answer came about."""
    return [Told(turn, provenance(app, turn)) for turn in turns]


def provenance(app: Valence, turn: Turn) -> Provenance:
    """How the turn's answer came about; of one without an answer nothing is known."""
    if turn.answer is None:
        return Provenance()
    call = call_behind(app.memory.conversations, app.stores.ledger, turn)
    answer = turn.answer
    known = Provenance(
        route=answer["route"],
        reason=answer["reason"],
        confidence=answer["confidence"],
        latency_ms=answer["latency_ms"],
        cost_usd=answer["cost_usd"],
        masked=masked_in(turn.question),
    )
    return _with_call(known, call, app.stores.ledger) if call is not None else known


def call_behind(conversations: Conversations, ledger: Ledger, turn: Turn) -> Call | None:
    """The call that gave the answer: the last that was made for the turn; None where none was, or
    where it was forgotten."""
    made = [id for step in conversations.steps(turn.id) for id in step.state.get("calls", [])]
    try:
        return ledger.get(made[-1]) if made else None
    except UnknownCall:
        return None


def _with_call(known: Provenance, call: Call, ledger: Ledger) -> Provenance:
    feedback = ledger.feedback(call.id)
    ratings = [each.rating for each in feedback if each.kind == "rating"]
    return Provenance(
        route=call.route,
        reason=call.reason,
        confidence=call.confidence,
        threshold=call.threshold,
        latency_ms=known.latency_ms,
        tokens_per_s=_tokens_per_s(call),
        cost_usd=known.cost_usd,
        masked=known.masked,
        call_id=call.id,
        corrected=any(each.kind == "correction" for each in feedback),
        rating=ratings[-1] if ratings else None,
    )


def _tokens_per_s(call: Call) -> float | None:
    """Of the attempt that was served, where it counted tokens."""
    for attempt in call.attempts:
        if attempt.decision == "accepted" and attempt.output_tokens and attempt.latency_ms:
            return attempt.output_tokens / (attempt.latency_ms / 1000)
    return None
