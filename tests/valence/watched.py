"""Calls of an adapter as the ledger has them, and a look of the watch after one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from store.adapters import Adapter
from store.calls import Attempt, Call
from store.clock import now
from store.ids import new_id
from valence.app import Valence
from valence.boundaries import get
from valence.gate import Gate
from valence.router import Answer
from valence.unit import is_sealed
from valence.watch import watch

RIGHT = '{"triples": [["Ada", "birthPlace", "London"]]}'
WRONG = '{"triples": [["Ada", "birthPlace", "Paris"]]}'


def serve(
    app: Valence,
    count: int = 1,
    local: str = RIGHT,
    shown: str | None = None,
    reason: str = "confident",
    confidence: float = 0.9,
    answer: str | None = None,
    threshold: float | None = None,
) -> list[Call]:
    """Calls that the adapter served; audited where `shown` is what the frontier says."""
    audit = Attempt(role="audit", route="frontier", decision="unseen", output=shown)
    mine = attempt(app, local, "answer", "accepted", reason, confidence)
    mine = replace(mine, threshold=threshold)
    tries = (mine, audit) if shown else (mine,)
    return record(app, count, tries, "local", reason, answer or local)


def shadow(
    app: Valence,
    count: int = 1,
    local: str | None = RIGHT,
    shown: str = RIGHT,
    confidence: float = 0.9,
    reason: str = "",
) -> list[Call]:
    """Calls that the frontier answered, and the adapter too, unseen."""
    theirs = Attempt(role="answer", route="frontier", decision="accepted", output=shown)
    mine = attempt(app, local, "shadow", "unseen", reason, confidence)
    return record(app, count, (theirs, mine), "frontier", "gate closed", shown)


def attempt(
    app: Valence, output: str | None, role: Any, decision: Any, reason: str, confidence: float
) -> Attempt:
    return Attempt(
        role=role,
        route="local",
        decision=decision,
        reason=reason,
        output=output,
        adapter_id=active(app).id,
        confidence=confidence,
    )


def record(
    app: Valence,
    count: int,
    tries: tuple[Attempt, ...],
    route: str,
    reason: str,
    answer: str,
    at: str = "",
) -> list[Call]:
    calls = []
    with app.stores.database.transaction():
        for _ in range(count):
            fresh = tuple(replace(one, id=new_id(), created_at=at or now()) for one in tries)
            call = Call(
                boundary="decompose",
                input="Ada was born in London.",
                output=answer,
                route=route,
                reason=reason,
                attempts=fresh,
            )
            app.stores.ledger.record(call)
            calls.append(call)
    return calls


def active(app: Valence) -> Adapter:
    adapter = app.stores.adapters.active("decompose")
    assert adapter is not None
    return adapter


def gate_of(app: Valence) -> Gate:
    """The gate that serves, of a unit that is sealed."""
    unit = app.unit("decompose")
    assert unit is not None
    assert is_sealed(unit)
    return unit.gate


def look(app: Valence, call: Call) -> None:
    boundary = get("decompose")
    watch(app, Answer(call, boundary, call.input, (), app.unit("decompose")))


def events(app: Valence, kind: str) -> list[dict[str, Any]]:
    return [event.detail for event in app.stores.events.list(100, kind)]


def turn_away(
    app: Valence,
    count: int = 1,
    local: str = RIGHT,
    shown: str | None = RIGHT,
    confidence: float = 0.6,
    at: str = "",
    **changes: Any,
) -> list[Call]:
    """Calls whose answer the open gate turned away, and that the frontier answered instead."""
    unit = app.unit("decompose")
    assert unit is not None
    mine = replace(
        attempt(app, local, "answer", "rejected", "below threshold", confidence),
        threshold=unit.gate.threshold,
    )
    mine = replace(mine, **changes)
    decision: Any = "accepted" if shown else "failed"
    theirs = Attempt(role="answer", route="frontier", decision=decision, output=shown)
    return record(app, count, (mine, theirs), "frontier", "below threshold", shown or local, at)
