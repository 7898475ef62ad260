"""One call: attempts in order, cheapest first, until one is accepted.

local model behind its gate → frontier → best available, marked unverified. What is worth
learning but need not keep anybody waiting (shadow, audit) happens in `settle`.
Knows nothing of how a predictor predicts or a gate was fitted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from typing import Any

from store.calls import Attempt, Call, Role
from store.events import Events
from store.ledger import Ledger
from valence.boundaries.base import Boundary
from valence.errors import CallError
from valence.predictors import (
    TROUBLES,
    BuiltinPredictor,
    FrontierPredictor,
    Hear,
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


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A call under way: what is asked, who listens, and all that has been tried."""

    boundary: Boundary[Any, Any]
    value: Any
    unit: Unit | None
    masked: dict[str, int]
    episode: str | None
    domain: str | None
    hear: Hear | None
    started: float
    tries: list[Try] = field(default_factory=list)

    def as_call(self, accepted: Attempt, output: str | None, learn: bool) -> Call:
        attempts = tuple(made.attempt for made in self.tries)
        guidance = self.boundary.guidance
        return Call(
            boundary=self.boundary.name,
            episode=self.episode,
            input=self.boundary.input_text(self.value),
            output=output,
            route=accepted.route,
            reason=accepted.reason,
            confidence=accepted.confidence,
            threshold=accepted.threshold,
            latency_ms=(time.perf_counter() - self.started) * 1000,
            cost_usd=sum(attempt.cost_usd for attempt in attempts),
            masked=self.masked,
            learn=learn,
            domain=self.domain,
            guidance=guidance.record if guidance else None,
            attempts=attempts,
        )


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
        hear: Hear | None = None,
    ) -> Answer:
        """Answers, and commits the call with all its attempts before it returns.

        `hear` is told what a frontier has said so far; what it raises ends the call, which is
        committed without an answer, and goes on.
        """
        return self._recorded(self._asked(boundary, value, episode, domain, hear), self._answer)

    def ask_frontier(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        episode: str | None = None,
        hear: Hear | None = None,
    ) -> Answer:
        """The frontier's answer, whatever the gate says; where it fails, the best available as in
        any call, and heard as in any. Raises CallError where the frontier may not be asked."""
        blocked = self.frontier.blocked()
        if blocked is not None:
            raise CallError(
                f"the frontier cannot be asked: {blocked}", do="The settings say which one is used."
            )
        asked = self._asked(boundary, value, episode, None, hear)
        return self._recorded(asked, partial(self._ask_frontier, why="asked for"))

    def _asked(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        episode: str | None,
        domain: str | None,
        hear: Hear | None,
    ) -> _Asked:
        started = time.perf_counter()
        value, masked = mask_parts(value)
        return _Asked(
            boundary=boundary,
            value=boundary.input_from_text(boundary.input_text(value)),
            unit=self._units(boundary.name),
            masked=masked,
            episode=episode,
            domain=domain,
            hear=hear,
            started=started,
        )

    def _recorded(self, asked: _Asked, decide: Callable[[_Asked], Try]) -> Answer:
        learn = self._policy.learn
        try:
            chosen = decide(asked)
        except BaseException:
            if asked.tries:  # whoever listens has stopped it; what was tried has been paid for
                stopped = replace(asked.tries[-1].attempt, reason="stopped")
                self._ledger.record(asked.as_call(stopped, None, learn))
            raise
        call = asked.as_call(chosen.attempt, asked.boundary.output_text(chosen.output), learn)
        self._ledger.record(call)
        return Answer(call, asked.boundary, asked.value, chosen.output, asked.unit)

    def settle(self, answer: Answer) -> None:
        """Shadow and audit of an answered call; run it when nobody waits."""
        local = [a for a in answer.call.attempts if a.route == "local"]
        if answer.call.route == "frontier" and not local and self._draw(self._policy.shadow_rate):
            self._shadow(answer)
        if answer.call.reason in PROVED and self._draw(
            self._policy.audit_rate(answer.boundary.name)
        ):
            self._audit(answer)

    def _answer(self, asked: _Asked) -> Try:
        why = self._try_local(asked)
        if asked.tries and asked.tries[-1].attempt.decision == "accepted":
            return asked.tries[-1]
        blocked = self.frontier.blocked()
        if blocked is None:
            return self._ask_frontier(asked, why)
        if blocked in TROUBLES:
            self._events.record("fallback", asked.boundary.name, route="frontier", error=blocked)
        return self._best_available(asked)

    def _try_local(self, asked: _Asked) -> str:
        """Asks the local model where its gate is open; returns why it did not serve, or ''."""
        local = self._local(asked.boundary)
        if local is None:
            return "no local model"
        if asked.unit is None:
            return "no adapter"
        if asked.unit.gate.state != "open":
            return "gate closed"
        made = local.attempt(asked.boundary, asked.value, asked.unit)
        asked.tries.append(self._judged(asked.boundary, made, asked.unit))
        self._report_failure(asked.boundary, asked.tries[-1])
        return asked.tries[-1].attempt.reason

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

    def _ask_frontier(self, asked: _Asked, why: str) -> Try:
        last = self.frontier.ask(asked.boundary, asked.value, asked.tries, asked.hear)
        if last.output is not None:
            asked.tries[-1] = last.decided("accepted", why)
            return asked.tries[-1]
        self._report_failure(asked.boundary, last)
        return self._best_available(asked)

    def _best_available(self, asked: _Asked) -> Try:
        """No proof and no frontier: an adapter's answer, a base's only where every value of it
        stands in the input, else the builtin floor; always marked unverified."""
        boundary, tries = asked.boundary, asked.tries
        local = self._local(boundary) if asked.unit or boundary.base_answers else None
        if local and not any(t.attempt.route == "local" for t in tries):
            tries.append(local.attempt(boundary, asked.value, asked.unit))
            self._report_failure(boundary, tries[-1])
        for index, made in enumerate(tries):
            if made.attempt.route == "local" and self._servable(asked, made):
                tries[index] = made.decided("accepted", "unverified")
                return tries[index]
        floor = self._builtin.attempt(boundary, asked.value).decided("accepted", "unverified")
        tries.append(floor)
        return floor

    def _servable(self, asked: _Asked, made: Try) -> bool:
        if made.output is None or made.attempt.reason.startswith("veto"):
            return False
        return asked.unit is not None or asked.boundary.grounded(asked.value, made.output)

    def _shadow(self, answer: Answer) -> None:
        local = self._local(answer.boundary)
        if local is None or answer.unit is None:
            return
        made = local.attempt(answer.boundary, answer.value, answer.unit)
        self._report_failure(answer.boundary, made)
        self._append(answer, [made], "shadow")

    def _audit(self, answer: Answer) -> None:
        if self.frontier.blocked() is None:
            tries: list[Try] = []
            self.frontier.ask(answer.boundary, answer.value, tries)
            self._append(answer, tries, "audit")

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

    def _draw(self, rate: float) -> bool:
        return self._chance.random() < rate
