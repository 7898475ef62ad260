"""One call: attempts in order, cheapest first, until one is accepted.

local model behind its gate → frontier → best available, marked unverified. What is worth
learning but need not keep anybody waiting (shadow, audit) happens in `settle`.
Knows nothing of how a predictor predicts or a gate was fitted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

from store.calls import Call, Role
from store.events import Events
from store.ledger import Ledger
from valence.boundaries.base import Boundary
from valence.errors import CallError
from valence.predictors import (
    TROUBLES,
    BuiltinPredictor,
    FrontierPredictor,
    Predictor,
    Try,
)
from valence.redaction import mask_parts
from valence.unit import Unit

PROVED = frozenset({"confident", "partial"})
"""Reasons of answers that a gate accepted: whole, or the parts of it that were sure."""


@dataclass(frozen=True)
class Policy:
    """What the settings say about routing."""

    shadow_rate: float
    audit_rate: Callable[[str], float]
    """The share of a boundary's served calls to audit, as things stand."""
    learn: bool


@dataclass(frozen=True)
class Answer:
    """What a call gave, already in the ledger."""

    call: Call
    boundary: Boundary[Any, Any]
    value: Any
    output: Any
    unit: Unit | None


class Router:
    """Routes the calls of all boundaries."""

    def __init__(
        self,
        ledger: Ledger,
        events: Events,
        units: Callable[[str], Unit | None],
        local: Callable[[Boundary[Any, Any]], Predictor | None],
        frontier: FrontierPredictor,
        policy: Policy,
        chance: random.Random,
    ) -> None:
        self._ledger = ledger
        self._events = events
        self._units = units
        self._local = local
        self.frontier = frontier
        self._policy = policy
        self._chance = chance
        self._builtin = BuiltinPredictor()

    def call(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        episode: str | None = None,
        domain: str | None = None,
    ) -> Answer:
        """Answers, and commits the call with all its attempts before it returns."""
        return self._recorded(boundary, value, episode, domain, self._answer)

    def ask_frontier(
        self, boundary: Boundary[Any, Any], value: Any, episode: str | None = None
    ) -> Answer:
        """The frontier's answer, whatever the gate says; where it fails, the best available as in
        any call. Raises CallError where the frontier may not be asked."""
        blocked = self.frontier.blocked()
        if blocked is not None:
            raise CallError(
                f"the frontier cannot be asked: {blocked}", do="The settings say which one is used."
            )
        return self._recorded(boundary, value, episode, None, self._asked_for)

    def _asked_for(
        self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None
    ) -> tuple[list[Try], Try]:
        return self._ask_frontier(boundary, value, unit, [], "asked for")

    def _recorded(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        episode: str | None,
        domain: str | None,
        decide: Callable[[Boundary[Any, Any], Any, Unit | None], tuple[list[Try], Try]],
    ) -> Answer:
        started = time.perf_counter()
        value, masked = mask_parts(value)
        value = boundary.input_from_text(boundary.input_text(value))
        unit = self._units(boundary.name)
        tries, chosen = decide(boundary, value, unit)
        call = self._as_call(boundary, value, tries, chosen, episode)
        latency_ms = (time.perf_counter() - started) * 1000
        call = replace(call, masked=masked, domain=domain, latency_ms=latency_ms)
        self._ledger.record(call)
        return Answer(call, boundary, value, chosen.output, unit)

    def settle(self, answer: Answer) -> None:
        """Shadow and audit of an answered call; run it when nobody waits."""
        local = [a for a in answer.call.attempts if a.route == "local"]
        if answer.call.route == "frontier" and not local and self._draw(self._policy.shadow_rate):
            self._shadow(answer)
        if answer.call.reason in PROVED and self._draw(
            self._policy.audit_rate(answer.boundary.name)
        ):
            self._audit(answer)

    def _answer(
        self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None
    ) -> tuple[list[Try], Try]:
        tries: list[Try] = []
        why = self._try_local(boundary, value, unit, tries)
        if tries and tries[-1].attempt.decision == "accepted":
            return tries, tries[-1]
        blocked = self.frontier.blocked()
        if blocked is None:
            return self._ask_frontier(boundary, value, unit, tries, why)
        if blocked in TROUBLES:
            self._events.record("fallback", boundary.name, route="frontier", error=blocked)
        return self._best_available(boundary, value, unit, tries)

    def _try_local(
        self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None, tries: list[Try]
    ) -> str:
        """Asks the local model where its gate is open; returns why it did not serve, or ''."""
        local = self._local(boundary)
        if local is None:
            return "no local model"
        if unit is None:
            return "no adapter"
        if unit.gate.state != "open":
            return "gate closed"
        tries.append(self._judged(boundary, local.attempt(boundary, value, unit), unit))
        self._report_failure(boundary, tries[-1])
        return tries[-1].attempt.reason

    def _judged(self, boundary: Boundary[Any, Any], made: Try, unit: Unit) -> Try:
        """The gate's word on a local try: hard checks first, then the threshold."""
        if made.output is None or made.attempt.reason:
            failed = made.output is None
            return made.decided("failed" if failed else "rejected", made.attempt.reason)
        if unit.parts_scorer is not None:
            return self._judged_in_parts(boundary, made, unit)
        if unit.gate.accepts(made.attempt.confidence):
            return made.decided("accepted", "confident")
        return made.decided("rejected", "below threshold")

    def _judged_in_parts(self, boundary: Boundary[Any, Any], made: Try, unit: Unit) -> Try:
        """The answer with the parts that are sure; its confidence is that of the least sure one."""
        kept = [unit.gate.accepts(confidence) for confidence in made.parts]
        if not any(kept):
            return made.decided("rejected", "below threshold")
        attempt = replace(made.attempt, confidence=min(compress(made.parts, kept)))
        served = replace(made, attempt=attempt, output=boundary.only(made.output, kept))
        return served.decided("accepted", "partial")

    def _ask_frontier(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        unit: Unit | None,
        tries: list[Try],
        why: str,
    ) -> tuple[list[Try], Try]:
        asked = self.frontier.attempts(boundary, value)
        tries.extend(t.decided("failed", t.attempt.reason) for t in asked[:-1])
        last = asked[-1]
        if last.output is not None:
            tries.append(last.decided("accepted", why))
            return tries, tries[-1]
        tries.append(last.decided("failed", last.attempt.reason))
        self._report_failure(boundary, tries[-1])
        return self._best_available(boundary, value, unit, tries)

    def _best_available(
        self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None, tries: list[Try]
    ) -> tuple[list[Try], Try]:
        """No proof and no frontier: an adapter's answer, a base's only where every value of it
        stands in the input, else the builtin floor; always marked unverified."""
        local = self._local(boundary) if unit or boundary.base_answers else None
        if local and not any(t.attempt.route == "local" for t in tries):
            tries.append(local.attempt(boundary, value, unit))
            self._report_failure(boundary, tries[-1])
        for index, made in enumerate(tries):
            if made.attempt.route == "local" and self._servable(boundary, value, unit, made):
                tries[index] = made.decided("accepted", "unverified")
                return tries, tries[index]
        floor = self._builtin.attempt(boundary, value).decided("accepted", "unverified")
        tries.append(floor)
        return tries, floor

    def _servable(
        self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None, made: Try
    ) -> bool:
        if made.output is None or made.attempt.reason.startswith("veto"):
            return False
        return unit is not None or boundary.grounded(value, made.output)

    def _shadow(self, answer: Answer) -> None:
        local = self._local(answer.boundary)
        if local is None or answer.unit is None:
            return
        made = local.attempt(answer.boundary, answer.value, answer.unit)
        self._report_failure(answer.boundary, made)
        self._append(answer, [made], "shadow")

    def _audit(self, answer: Answer) -> None:
        if self.frontier.blocked() is None:
            self._append(answer, self.frontier.attempts(answer.boundary, answer.value), "audit")

    def _append(self, answer: Answer, tries: list[Try], role: Role) -> None:
        """Adds unseen attempts to a call that is already answered."""
        for made in tries:
            decided = made.decided(
                "failed" if made.output is None else "unseen", made.attempt.reason, role
            )
            self._ledger.add_attempt(replace(decided.attempt, call_id=answer.call.id))

    def _report_failure(self, boundary: Boundary[Any, Any], made: Try) -> None:
        """A failure that makes the router fall back is an event; the ledger shows it."""
        attempt = made.attempt
        if attempt.error:
            self._events.record("fallback", boundary.name, route=attempt.route, error=attempt.error)

    def _as_call(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        tries: list[Try],
        chosen: Try,
        episode: str | None,
    ) -> Call:
        accepted = chosen.attempt
        attempts = tuple(made.attempt for made in tries)
        return Call(
            boundary=boundary.name,
            episode=episode,
            input=boundary.input_text(value),
            output=boundary.output_text(chosen.output),
            route=accepted.route,
            reason=accepted.reason,
            confidence=accepted.confidence,
            threshold=accepted.threshold,
            cost_usd=sum(attempt.cost_usd for attempt in attempts),
            learn=self._policy.learn,
            guidance=boundary.guidance.record if boundary.guidance else None,
            attempts=attempts,
        )

    def _draw(self, rate: float) -> bool:
        return self._chance.random() < rate
