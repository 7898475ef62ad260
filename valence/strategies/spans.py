"""Trajectories from OpenTelemetry spans of agents, after the semantic conventions for generative
AI (`gen_ai.*`).

Spans of one conversation, else of one trace, are one trajectory. What was said comes from the last
model call that carries its messages, since it holds all before; which tools failed from the spans
of the tools. Where no messages were captured, the tools alone tell the steps. Other spans are
passed over. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from models.prices import Cost, Prices
from store.clock import moment
from store.trajectories import Step, Trajectory
from valence.errors import TransferError
from valence.strategies.chat import Message, arguments_of, failed, steps_of
from valence.strategies.jsonl import make_trajectory
from valence.strategies.otlp import Span, read_exports
from valence.strategies.span_messages import INPUT, as_text, messages_of

_TOOL = "execute_tool"
_WORDLESS = frozenset({_TOOL, "create_agent", "embeddings", "retrieval"})
"""Operations in which nobody asks for anything: by themselves they are no trajectory."""
_AGENTS = frozenset({"invoke_agent", "invoke_workflow"})
"""Operations that tell the tokens of the calls within them once more."""
_PASSED = {"pass": True, "passed": True, "fail": False, "failed": False}


def read_spans(lines: Iterable[str], agent: str) -> Iterator[Trajectory]:
    """The trajectories of a file with one OTLP export of traces or logs a line; `agent` is whose
    they are where no span names one.

    Raises BadLine or TransferError that names the first bad line and its field.
    """
    groups: dict[str, list[Span]] = {}
    for span in read_exports(lines):
        key = str(span.attributes.get("gen_ai.conversation.id") or span.trace)
        groups.setdefault(key, []).append(span)
    for key, spans in groups.items():
        if not _WORDLESS.issuperset(span.operation for span in spans):
            yield _trajectory(key, spans, agent)


def _trajectory(key: str, spans: list[Span], agent: str) -> Trajectory:
    tools = [span for span in spans if span.operation == _TOOL]
    steps = _steps(steps_of(_messages(spans)), tools)
    problem = next((step.text for step in steps if step.kind == "person"), "")
    if not problem.strip():
        raise TransferError(
            f"{INPUT}: no message of a person was captured",
            where=f"line {spans[0].line}, conversation or trace {key}",
            do="Have the instrumentation capture message content.",
        )
    started, ended = spans[0].start, max(span.end for span in spans)
    named = (span.attributes.get("gen_ai.agent.name") for span in spans)
    return make_trajectory(
        next((str(name) for name in named if name), agent),
        "otel",
        problem,
        steps,
        key=key,
        feedback=_feedback(spans),
        latency_ms=(ended - started) / 1e6,
        cost_usd=_cost_usd(spans),
        created_at=moment(datetime.fromtimestamp(started / 1e9, UTC).isoformat()),
    )


def _cost_usd(spans: list[Span]) -> float | None:
    """What the model calls cost at their makers' prices; None where one of them is not known."""
    calls = [span for span in spans if span.operation not in _WORDLESS | _AGENTS]
    costs = [_cost_of(call.attributes) for call in calls]
    known = [cost.usd for cost in costs if cost is not None and cost.known]
    return sum(known) if known and len(known) == len(costs) else None


def _cost_of(told: dict[str, Any]) -> Cost | None:
    """By the tokens of one call; the first names are those of today's conventions."""
    model = told.get("gen_ai.response.model") or told.get("gen_ai.request.model")
    maker = told.get("gen_ai.provider.name") or told.get("gen_ai.system")
    sent = told.get("gen_ai.usage.input_tokens", told.get("gen_ai.usage.prompt_tokens"))
    said = told.get("gen_ai.usage.output_tokens", told.get("gen_ai.usage.completion_tokens"))
    if not model or not maker or not isinstance(sent, int) or not isinstance(said, int):
        return None
    counts = {"input_tokens": sent, "output_tokens": said}
    return Prices().cost(str(model), provider=str(maker), base_url="", **counts)


def _messages(spans: list[Span]) -> list[Message]:
    """Those of the last model call that has them, its answer included."""
    return next(filter(None, map(messages_of, reversed(spans))), [])


def _steps(said: list[Step], tools: list[Span]) -> list[Step]:
    """What was said with the tools in it; where none is in it, they come before the last word."""
    if any(step.kind == "tool" for step in said):
        return _with_failures(said, tools)
    return [*said[:-1], *map(_tool_step, tools), *said[-1:]]


def _with_failures(steps: list[Step], tools: list[Span]) -> list[Step]:
    """Marks the steps whose tool's span ended in an error: they come in the order of the spans."""
    waiting = [(str(span.attributes.get("gen_ai.tool.name")), span.failed) for span in tools]
    marked = []
    for step in steps:
        place = next((i for i, (name, _) in enumerate(waiting) if name == step.tool), None)
        if step.kind == "tool" and place is not None:
            _, wrong = waiting.pop(place)
            step = replace(step, failed=step.failed or wrong)
        marked.append(step)
    return marked


def _tool_step(span: Span) -> Step:
    result = as_text(span.attributes.get("gen_ai.tool.call.result"))
    return Step(
        kind="tool",
        tool=str(span.attributes.get("gen_ai.tool.name")),
        arguments=arguments_of(span.attributes.get("gen_ai.tool.call.arguments")),
        result=result,
        failed=span.failed or failed(result),
    )


def _feedback(spans: list[Span]) -> dict[str, Any]:
    """An evaluation that passed or failed is a validator's word; the last one counts."""
    labels = [
        _PASSED.get(str(values.get("gen_ai.evaluation.score.label")).casefold())
        for span in spans
        for name, values in span.events
        if name == "gen_ai.evaluation.result"
    ]
    told = [label for label in labels if label is not None]
    return {"valid": told[-1]} if told else {}
