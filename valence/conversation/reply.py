"""What one turn says: its parts, what they rest on, and the record of all that.

Values and their JSON. It does not know how an answer is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.conversations import Turn
from store.graph import Fact
from valence.conversation.answering import Citation
from valence.memory.remembering import Remembered

if TYPE_CHECKING:
    from valence.router import Answer


@dataclass(frozen=True)
class Reply:
    """The answer of one turn. Route, confidence and reason are those of the call that put it into
    words; route "memory" where none did. The cost is that of the calls made for it."""

    turn: Turn
    answer: str
    citations: tuple[Citation, ...] = ()
    facts: tuple[Fact, ...] = ()
    remembered: tuple[dict[str, Any], ...] = ()
    route: str = "memory"
    reason: str = ""
    confidence: float | None = None
    latency_ms: float = 0.0
    cost_usd: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The record of a turn, as `valence ask --json` prints it and the store keeps it."""
        return {
            "conversation": self.turn.conversation_id,
            "turn": self.turn.id,
            "answer": self.answer,
            "citations": [citation.to_json() for citation in self.citations],
            "facts": [list(fact.triple) for fact in self.facts],
            "route": self.route,
            "reason": self.reason,
            "confidence": self.confidence,
            "remembered": list(self.remembered),
            "latency_ms": round(self.latency_ms, 3),
            "cost_usd": self.cost_usd,
        }


@dataclass(frozen=True)
class Said:
    """One part of an answer, and what it rests on."""

    text: str
    rests_on: tuple[tuple[str | None, str], ...] = ()
    """Source (None where only a person said it) and time of recording of each thing."""
    facts: tuple[Fact, ...] = ()
    reason: str = ""
    call: Answer | None = None


def remembered_record(kept: Remembered) -> dict[str, Any]:
    """One remembered text as commands print it."""
    return {
        "source": kept.source.id,
        "call_id": kept.answer.call.id if kept.answer else None,
        "facts": [list(fact.triple) for fact in kept.facts],
        "route": kept.answer.call.route if kept.answer else "memory",
    }
