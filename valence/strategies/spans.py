"""Trajectories from OpenTelemetry spans of agents, after the semantic conventions for generative
AI (`gen_ai.*`), in OTLP's JSON form.

Spans of one conversation, else of one trace, are one trajectory. What was said comes from the last
model call that carries its messages, since it holds all before; which tools failed from the spans
of the tools. Where no messages were captured, the tools alone tell the steps. Other spans are
passed over. Knows no database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from store.clock import moment
from store.trajectories import Step, Trajectory
from store.transfer import read_objects
from valence.errors import TransferError
from valence.strategies.chat import Message, ToolCall, arguments_of, failed, steps_of
from valence.strategies.jsonl import make_trajectory

_ERROR = (2, "STATUS_CODE_ERROR")
_PASSED = {"pass": True, "passed": True, "fail": False, "failed": False}


@dataclass(frozen=True)
class Span:
    """One span of a generative AI operation; times in nanoseconds since 1970."""

    trace: str
    operation: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    events: tuple[tuple[str, dict[str, Any]], ...]
    line: int


def read_spans(lines: Iterable[str], agent: str) -> Iterator[Trajectory]:
    """The trajectories of a file with one OTLP trace export a line; `agent` is whose they are
    where no span names one.

    Raises BadLine or TransferError that names the first bad line and its field.
    """
    groups: dict[str, list[Span]] = {}
    for number, raw in read_objects(lines):
        for span in _spans(raw, number):
            key = str(span.attributes.get("gen_ai.conversation.id") or span.trace)
            groups.setdefault(key, []).append(span)
    for key, spans in groups.items():
        yield _trajectory(key, sorted(spans, key=lambda span: span.start), agent)


def _trajectory(key: str, spans: list[Span], agent: str) -> Trajectory:
    tools = [span for span in spans if span.operation == "execute_tool"]
    steps = _steps(steps_of(_messages(spans)), tools)
    problem = next((step.text for step in steps if step.kind == "person"), "")
    if not problem.strip():
        raise TransferError(
            "gen_ai.input.messages: no message of a person was captured",
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
        created_at=moment(datetime.fromtimestamp(started / 1e9, UTC).isoformat()),
    )


def _messages(spans: list[Span]) -> list[Message]:
    """Those of the last model call that has them, its answer included."""
    for span in reversed(spans):
        given = _parsed(span, "gen_ai.input.messages")
        if given:
            both = [*given, *_parsed(span, "gen_ai.output.messages")]
            return [message for each in both for message in _message(each, span.line)]
    return []


def _parsed(span: Span, name: str) -> list[Any]:
    """An attribute that is a list, or JSON text of one."""
    value = span.attributes.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise TransferError(f"{name}: not JSON", where=f"line {span.line}") from error
    return value if isinstance(value, list) else []


def _message(data: Any, line: int) -> list[Message]:
    """A message of parts as messages of the chat form: each result of a tool is one of its own."""
    if not isinstance(data, dict) or not isinstance(data.get("parts"), list):
        raise TransferError("gen_ai.input.messages: a message has no parts", where=f"line {line}")
    parts = [part for part in data["parts"] if isinstance(part, dict)]
    results = [part for part in parts if part.get("type") == "tool_call_response"]
    if results:
        return [
            Message(role="tool", content=_text(each.get("response")), tool_call_id=_id(each))
            for each in results
        ]
    role = data.get("role")
    if role not in ("system", "user", "assistant"):
        return []
    calls = [
        ToolCall(id=_id(part), name=str(part.get("name")), arguments=_arguments(part))
        for part in parts
        if part.get("type") == "tool_call"
    ]
    said = {kind: _said(parts, kind) for kind in ("text", "reasoning")}
    return [
        Message(
            role=role,
            content=said["text"],
            reasoning_content=said["reasoning"],
            tool_calls=calls,
        )
    ]


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
    result = _text(span.attributes.get("gen_ai.tool.call.result"))
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


def _spans(raw: dict[str, Any], line: int) -> Iterator[Span]:
    """The spans of generative AI operations in one export."""
    if not isinstance(raw.get("resourceSpans"), list):
        raise TransferError("resourceSpans: not a list", where=f"line {line}")
    try:
        for resource in raw["resourceSpans"]:
            for scope in resource.get("scopeSpans", ()):
                for span in scope.get("spans", ()):
                    attributes = _attributes(span)
                    if "gen_ai.operation.name" in attributes:
                        yield _span(span, attributes, line)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise TransferError(
            f"resourceSpans.scopeSpans.spans: no span of OTLP JSON ({error})", where=f"line {line}"
        ) from error


def _span(data: dict[str, Any], attributes: dict[str, Any], line: int) -> Span:
    return Span(
        trace=str(data["traceId"]),
        operation=str(attributes["gen_ai.operation.name"]),
        start=int(data["startTimeUnixNano"]),
        end=int(data["endTimeUnixNano"]),
        failed=data.get("status", {}).get("code") in _ERROR or "error.type" in attributes,
        attributes=attributes,
        events=tuple((str(e.get("name")), _attributes(e)) for e in data.get("events", ())),
        line=line,
    )


def _attributes(data: dict[str, Any]) -> dict[str, Any]:
    return {str(each["key"]): _value(each["value"]) for each in data.get("attributes", ())}


def _value(data: dict[str, Any]) -> Any:
    """The plain value of OTLP's tagged one."""
    for tag, value in data.items():
        if tag == "arrayValue":
            return [_value(each) for each in value.get("values", ())]
        if tag == "kvlistValue":
            return {each["key"]: _value(each["value"]) for each in value.get("values", ())}
        return int(value) if tag == "intValue" else value
    return None


def _said(parts: list[dict[str, Any]], kind: str) -> str:
    return "\n".join(_text(part.get("content")) for part in parts if part.get("type") == kind)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _arguments(part: dict[str, Any]) -> dict[str, Any]:
    return arguments_of(part.get("arguments"))


def _id(part: dict[str, Any]) -> str | None:
    return None if part.get("id") is None else str(part["id"])
