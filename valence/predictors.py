"""What can answer a call: the builtin floor, the local model, the frontier.

Each turns one input into tries: an attempt for the ledger and, when it parsed, an output.
Knows nothing of which of them is asked, in what order, or what is accepted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from store.calls import Attempt, AttemptRoute, Decision, Role
from valence.errors import BoundaryError, ConfigError
from valence.reading import generation, read_completion, read_parts, request_text
from valence.unit import Unit, variant_of

if TYPE_CHECKING:
    from models.frontier import Frontier, FrontierAttempt, FrontierRequest
    from models.generation import Completion
    from models.runtime import LocalRuntime
    from store.breakers import Breakers
    from valence.boundaries.base import Boundary

Hear = Callable[[str], None]
"""Called over and over, while a frontier is waited for, with what it has said so far as a person
would read it: "" for nothing yet, or where it began anew. What it raises ends the waiting."""

BREAKER_FAILURES = 5
BREAKER_COOLDOWN_S = 60.0
BREAKER_OPEN, BUDGET_SPENT = "breaker open", "budget spent"
TROUBLES = frozenset({BREAKER_OPEN, BUDGET_SPENT})
"""Why a frontier that was asked for is not asked now; offline and none are a person's choice."""
BREAKER_REASONS = frozenset({"connection", "rate_limit", "server", "timeout"})
"""What may pass by itself; a refusal or a wrong key shows that the server lives."""


@dataclass(frozen=True)
class Try:
    """One attempt with its output; `output` is None where nothing could be parsed.

    `parts` are confidences of the output's parts, in order; empty unless parts may be served.
    """

    attempt: Attempt
    output: Any | None = None
    parts: tuple[float, ...] = ()

    def decided(self, decision: Decision, reason: str, role: Role | None = None) -> Try:
        role = role or self.attempt.role
        attempt = replace(self.attempt, decision=decision, reason=reason, role=role)
        return replace(self, attempt=attempt)


def blank_attempt(
    route: AttemptRoute, model: str, boundary: Boundary[Any, Any], unit: Unit | None = None
) -> Attempt:
    """An attempt of nothing yet, under `unit`: each predictor fills in what it knows."""
    return Attempt(
        role="answer",
        route=route,
        model=model,
        variant=unit.variant if unit else variant_of(model, None, boundary.prompt_version),
        adapter_id=unit.adapter.id if unit else None,
        prompt_version=boundary.prompt_version,
        decision="failed",
    )


class Predictor(Protocol):
    """A model on this machine that answers calls; `model` and `revision` say which one."""

    model: str
    revision: str

    def attempt(self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None) -> Try:
        """One try under `unit`, scored where that has a scorer. What cannot be run is a failed
        attempt that says why."""
        ...

    def close(self) -> None:
        """Frees what it holds; it may be asked again."""
        ...


class BuiltinPredictor:
    """Patterns and templates: always there, never sure."""

    def attempt(self, boundary: Boundary[Any, Any], value: Any) -> Try:
        started = time.perf_counter()
        output = boundary.builtin(value)
        attempt = replace(
            blank_attempt("builtin", "builtin", boundary),
            response=boundary.output_text(output),
            output=boundary.output_text(output),
            latency_ms=(time.perf_counter() - started) * 1000,
        )
        return Try(attempt, output)


class LocalPredictor:
    """The local model under whatever adapter it is handed; loads itself at the first use."""

    def __init__(
        self,
        load: Callable[[], LocalRuntime],
        model: str,
        revision: str,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """`announce` tells whoever trains on this machine that a person is waiting."""
        self._load = load
        self._announce = announce
        self._runtime: LocalRuntime | None = None
        self.model = model
        self.revision = revision

    @property
    def runtime(self) -> LocalRuntime:
        if self._runtime is None:
            self._runtime = self._load()
        return self._runtime

    def attempt(self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None) -> Try:
        """Decodes, parses and scores; a model that cannot be run is a failed attempt."""
        from models.errors import ModelError

        base = blank_attempt("local", self.model, boundary, unit)
        try:
            asked = generation(boundary, value, self.runtime, unit)
            base = replace(base, request=request_text(asked))
            self._announce()
            return self._read(boundary, value, unit, base, self.runtime.generate(asked))
        except ModelError as error:
            return Try(replace(base, error=str(error), reason="local model failed"))

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def _read(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        unit: Unit | None,
        attempt: Attempt,
        completion: Completion,
    ) -> Try:
        familiar = unit.familiar if unit is not None else None
        output, features, problem = read_completion(
            boundary, value, self.runtime, completion, familiar
        )
        attempt = replace(
            attempt,
            response=completion.text,
            features=features,
            uncertain=completion.uncertain,
            input_tokens=completion.input_tokens,
            output_tokens=completion.output_tokens,
            latency_ms=completion.latency_ms,
        )
        if output is None:
            return Try(replace(attempt, reason=problem))
        attempt = replace(attempt, output=boundary.output_text(output), reason=problem)
        if unit is not None and unit.scorer is not None:
            confidence = unit.scorer(features)
            attempt = replace(attempt, confidence=confidence, threshold=unit.gate.threshold)
        if unit is None or unit.parts_scorer is None:
            return Try(attempt, output)
        parts = read_parts(boundary, value, output, self.runtime, completion, familiar)
        return Try(attempt, output, tuple(map(unit.parts_scorer, parts)))


class FrontierPredictor:
    """The frontier behind a breaker that outlives the process, a budget and the offline switch."""

    def __init__(
        self,
        connect: Callable[[], Frontier],
        name: str,
        breakers: Breakers,
        over_budget: Callable[[], bool],
        forbidden: str | None,
    ) -> None:
        self._connect = connect
        self._frontier: Frontier | None = None
        self._name = name
        self._breakers = breakers
        self._over_budget = over_budget
        self._forbidden = forbidden

    def blocked(self) -> str | None:
        """Why the frontier may not be asked now, or None."""
        if self._forbidden:
            return self._forbidden
        if self._breakers.is_open(self._name):
            return BREAKER_OPEN
        return BUDGET_SPENT if self._over_budget() else None

    def ask(
        self,
        boundary: Boundary[Any, Any],
        value: Any,
        tries: list[Try],
        hear: Hear | None = None,
    ) -> Try:
        """Adds all tries of one question to `tries`, each as soon as it is over; returns the last
        of them, good or the reason to give up. With `hear` the answer is streamed."""
        from models.frontier import FrontierMisconfigured

        try:
            frontier = self._connected()
        except (ConfigError, FrontierMisconfigured) as error:
            blank = blank_attempt("frontier", self._name, boundary)
            tries.append(Try(replace(blank, error=str(error), reason="misconfigured")))
            return tries[-1]
        frontier.ask(
            _request(boundary, value),
            keep=lambda made: tries.append(self._try(boundary, made)),
            hear=hear and (lambda raw: hear(boundary.so_far(raw))),
        )
        self._note(tries[-1])
        return tries[-1]

    def close(self) -> None:
        """Closes idle connections; a later question opens them again."""
        if self._frontier is not None:
            self._frontier.close()

    def _connected(self) -> Frontier:
        if self._frontier is None:
            self._frontier = self._connect()
        return self._frontier

    def _note(self, outcome: Try) -> None:
        """Feeds the breaker: an answer, even a useless one, shows that the server lives."""
        if outcome.attempt.reason in BREAKER_REASONS:
            self._breakers.failed(self._name, BREAKER_FAILURES, BREAKER_COOLDOWN_S)
        else:
            self._breakers.succeeded(self._name)

    def _try(self, boundary: Boundary[Any, Any], made: FrontierAttempt) -> Try:
        attempt = replace(
            blank_attempt("frontier", made.model, boundary),
            request=json.dumps(made.request, ensure_ascii=False),
            response=made.response,
            input_tokens=made.input_tokens,
            output_tokens=made.output_tokens,
            latency_ms=made.latency_ms,
            cost_usd=made.cost_usd,
            error=made.error,
            reason=made.error_kind or "",
        )
        if made.data is None:
            return Try(attempt)
        try:
            output = boundary.from_json(made.data)
        except BoundaryError as error:
            return Try(replace(attempt, error=str(error), reason="unparsable"))
        return Try(replace(attempt, output=boundary.output_text(output)), output)


def _request(boundary: Boundary[Any, Any], value: Any) -> FrontierRequest:
    from models.frontier import FrontierRequest

    return FrontierRequest(
        system=boundary.with_guidance(boundary.frontier_system),
        user=boundary.frontier_user(value),
        schema=boundary.schema,
        schema_name=boundary.name,
        max_tokens=max(1024, 2 * boundary.max_tokens(value)),
    )
