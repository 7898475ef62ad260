"""OpenTelemetry's JSON form of exports (OTLP): spans of generative AI operations with their events.

An event stands in its span, or came as a log record that names the span. Knows the names that tell
an operation, in any version of the semantic conventions, and nothing of what was said in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from store.transfer import read_objects
from valence.errors import TransferError

_ERROR = (2, "STATUS_CODE_ERROR")
_BROKEN = (AttributeError, KeyError, TypeError, ValueError, RecursionError)

Event = tuple[str, dict[str, Any]]
"""Its name, and what it tells: attributes and body."""


@dataclass(frozen=True)
class Span:
    """One span of a generative AI operation; times in nanoseconds since 1970."""

    trace: str
    id: str
    operation: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    events: tuple[Event, ...]
    line: int


@dataclass
class _Exports:
    spans: list[Span] = field(default_factory=list)
    logged: dict[tuple[str, str], list[Event]] = field(default_factory=dict)
    """Events of log records by the trace and the span that they name."""


def read_exports(lines: Iterable[str]) -> list[Span]:
    """The spans of a file with one export of traces or logs a line, in the order of their start.

    Raises BadLine or TransferError that names the first bad line and its field.
    """
    found = _Exports()
    for number, raw in read_objects(lines):
        if "resourceLogs" in raw:
            _take(found, raw, "resourceLogs", "scopeLogs", "logRecords", number)
        else:
            _take(found, raw, "resourceSpans", "scopeSpans", "spans", number)
    whole = (
        replace(span, events=(*span.events, *found.logged.get((span.trace, span.id), ())))
        for span in found.spans
    )
    return sorted(whole, key=lambda span: span.start)


def _take(
    found: _Exports, raw: dict[str, Any], resources: str, scopes: str, items: str, line: int
) -> None:
    if not isinstance(raw.get(resources), list):
        raise TransferError(f"{resources}: not a list", where=f"line {line}")
    try:
        for each in _each(raw, resources, scopes, items):
            if items == "spans":
                found.spans += _span(each, line)
            else:
                place = str(each.get("traceId")), str(each.get("spanId"))
                found.logged.setdefault(place, []).append(_logged(each))
    except _BROKEN as error:
        raise TransferError(
            f"{resources}.{scopes}.{items}: no OTLP JSON ({error})", where=f"line {line}"
        ) from error


def _each(data: dict[str, Any], *levels: str) -> Iterator[dict[str, Any]]:
    """What stands in lists within lists."""
    level, *deeper = levels
    for each in data.get(level, ()):
        yield from _each(each, *deeper) if deeper else [each]


def _span(data: dict[str, Any], line: int) -> list[Span]:
    """The span, if it is one of generative AI."""
    attributes = _attributes(data)
    operation = _operation(attributes)
    if operation is None:
        return []
    return [
        Span(
            trace=str(data["traceId"]),
            id=str(data.get("spanId")),
            operation=operation,
            start=int(data["startTimeUnixNano"]),
            end=int(data["endTimeUnixNano"]),
            failed=data.get("status", {}).get("code") in _ERROR or "error.type" in attributes,
            attributes=attributes,
            events=tuple((str(e.get("name")), _attributes(e)) for e in data.get("events", ())),
            line=line,
        )
    ]


def _operation(attributes: dict[str, Any]) -> str | None:
    """Before version 1.27 a span of a model call named its system alone."""
    named = attributes.get("gen_ai.operation.name")
    if named is None:
        return "chat" if "gen_ai.system" in attributes else None
    return str(named)


def _logged(data: dict[str, Any]) -> Event:
    """A log record as the event that it is; its name was an attribute once."""
    told = _attributes(data)
    body = _value(data.get("body", {}))
    name = str(data.get("eventName") or told.get("event.name"))
    return name, told | (body if isinstance(body, dict) else {"content": body})


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
