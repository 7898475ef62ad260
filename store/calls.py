"""What the ledger keeps of one use of a boundary: the call, its attempts, its feedback.

Dataclasses and their rows. It does not know what a boundary does or how answers are judged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from store.clock import now
from store.ids import new_id
from store.rows import decode, encode, insert_sql

Role = Literal["answer", "shadow", "audit"]
Decision = Literal["accepted", "rejected", "failed", "unseen"]
AttemptRoute = Literal["builtin", "local", "frontier", "encoder"]
FeedbackKind = Literal["correction", "rating"]

CALL_COLUMNS = (
    "id", "boundary", "episode", "input", "output", "route", "reason", "confidence", "threshold",
    "latency_ms", "cost_usd", "masked", "learn", "domain", "guidance", "created_at",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "id", "call_id", "position", "role", "route", "model", "variant", "adapter_id",
    "prompt_version", "request", "response", "output", "features", "confidence", "threshold",
    "decision", "reason", "input_tokens", "output_tokens", "latency_ms", "cost_usd", "error",
    "uncertain", "created_at",
)  # fmt: skip
FEEDBACK_COLUMNS = ("id", "call_id", "kind", "output", "rating", "note", "created_at")

INSERT_CALL = insert_sql("calls", CALL_COLUMNS)
INSERT_ATTEMPT = insert_sql("attempts", ATTEMPT_COLUMNS)
INSERT_FEEDBACK = insert_sql("feedback", FEEDBACK_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One model's try. `call_id` and `position` are set by the ledger when it is recorded.

    `request` and `response` are raw text; `output` is JSON text; times in milliseconds.
    `uncertain` are the words of the output that the model was least sure of, with their entropy
    in nats.
    """

    role: Role
    route: AttemptRoute
    decision: Decision
    reason: str = ""
    model: str | None = None
    variant: str | None = None
    adapter_id: str | None = None
    prompt_version: str | None = None
    request: str | None = None
    response: str | None = None
    output: str | None = None
    features: dict[str, float] | None = None
    confidence: float | None = None
    threshold: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: float | None = None
    cost_usd: float = 0.0
    error: str | None = None
    uncertain: tuple[tuple[str, float], ...] = ()
    call_id: str = ""
    position: int = 0
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One use of a boundary. `output` is JSON text, `cost_usd` that of all its attempts.

    `masked` counts what was masked, by kind; `learn` is the person's consent; `domain` is what
    the person said that it is about, None where nothing was said; `guidance` (JSON-able) is the
    approach that was proposed for it, and whether a model was shown it.
    """

    boundary: str
    input: str
    output: str | None
    route: str
    reason: str = ""
    episode: str | None = None
    confidence: float | None = None
    threshold: float | None = None
    latency_ms: float = 0.0
    cost_usd: float = 0.0
    masked: dict[str, int] = field(default_factory=dict)
    learn: bool = True
    domain: str | None = None
    guidance: dict[str, Any] | None = None
    attempts: tuple[Attempt, ...] = ()
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a person said of a call: another output (JSON text), or a rating with a note."""

    call_id: str
    kind: FeedbackKind
    output: str | None = None
    rating: int | None = None
    note: str = ""
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


def call_row(call: Call) -> dict[str, Any]:
    """The call as the parameters of INSERT_CALL."""
    row = {name: getattr(call, name) for name in CALL_COLUMNS}
    return row | {
        "masked": encode(call.masked),
        "learn": int(call.learn),
        "guidance": encode(call.guidance),
    }


def attempt_row(attempt: Attempt, call_id: str, position: int) -> dict[str, Any]:
    """The attempt as the parameters of INSERT_ATTEMPT, at its place in its call."""
    row = {name: getattr(attempt, name) for name in ATTEMPT_COLUMNS}
    return row | {
        "call_id": call_id,
        "position": position,
        "features": encode(attempt.features),
        "uncertain": encode(attempt.uncertain or None),
    }


def read_call(row: sqlite3.Row, attempts: Iterable[Attempt] = ()) -> Call:
    """A row of `calls` with the attempts that belong to it."""
    values = {name: row[name] for name in CALL_COLUMNS}
    values["masked"] = decode(row["masked"])
    values["learn"] = bool(row["learn"])
    values["guidance"] = decode(row["guidance"])
    return Call(**values, attempts=tuple(attempts))


def read_attempt(row: sqlite3.Row) -> Attempt:
    """A row of `attempts`."""
    values = {name: row[name] for name in ATTEMPT_COLUMNS}
    uncertain = tuple((word, nats) for word, nats in decode(row["uncertain"]) or ())
    return Attempt(**values | {"features": decode(row["features"]), "uncertain": uncertain})


def read_feedback(row: sqlite3.Row) -> Feedback:
    """A row of `feedback`."""
    return Feedback(**{name: row[name] for name in FEEDBACK_COLUMNS})
