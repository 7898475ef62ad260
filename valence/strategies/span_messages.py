"""What was said in a model call's span, in whichever form its version of the semantic conventions
for generative AI has it.

    since 1.37   gen_ai.input.messages and gen_ai.output.messages: messages of parts, on the span or
                 on its event gen_ai.client.inference.operation.details
    1.28 – 1.36  an event a message: gen_ai.user.message and its like, gen_ai.choice
    before       gen_ai.prompt and gen_ai.completion: JSON text of chat messages, on the events
                 gen_ai.content.prompt and gen_ai.content.completion or on the span

Knows no trajectory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from valence.errors import TransferError
from valence.strategies.chat import Message, ToolCall, arguments_of
from valence.strategies.otlp import Span

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
_DETAILS = "gen_ai.client.inference.operation.details"
_SPEAKERS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}
_PROMPTS = {"gen_ai.prompt": "user", "gen_ai.completion": "assistant"}
"""Who speaks where there is a text in place of messages."""
_CONTENT = "gen_ai.event.content"
"""An event's message as JSON text, where its attributes cannot hold one."""


def messages_of(span: Span) -> list[Message]:
    """The messages of the call, its answer included; none where they were not captured.

    Raises TransferError that names the line and the field.
    """
    for read in (_in_parts, _in_events, _in_prompts):
        if found := list(read(span)):
            return found
    return []


def _in_parts(span: Span) -> Iterator[Message]:
    details = [told for name, told in span.events if name == _DETAILS]
    for told in (span.attributes, *details):
        if given := _parsed(told, INPUT, span.line):
            for each in [*given, *_parsed(told, OUTPUT, span.line)]:
                yield from _of_parts(each, span.line)
            return


def _in_events(span: Span) -> Iterator[Message]:
    for name, told in span.events:
        if name in _SPEAKERS:
            yield from _of_chat(_event(name, told, span.line), name, span.line)


def _in_prompts(span: Span) -> Iterator[Message]:
    told = [values for name, values in span.events if name.startswith("gen_ai.content.")]
    for name, speaker in _PROMPTS.items():
        for values in (span.attributes, *told):
            for each in _prompt(values.get(name), speaker):
                yield from _of_chat(each, name, span.line)


def _event(name: str, told: Mapping[str, Any], line: int) -> dict[str, Any]:
    """The message of an event in chat form."""
    if isinstance(told.get(_CONTENT), str):
        told = _loaded(told[_CONTENT], f"{name}: {_CONTENT}", line)
    told = told if isinstance(told, dict) else {"content": told}
    answer = told.get("message", {})
    answer = answer if isinstance(answer, dict) else {"content": answer}
    message = {"role": _SPEAKERS[name], **told, **answer}
    return message | {"tool_call_id": told.get("id")}


def _prompt(value: Any, speaker: str) -> list[dict[str, Any]]:
    """Chat messages, or a text that is one."""
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = [{"role": speaker, "content": value}]
    found = found if isinstance(found, list) else [found]
    return [{"role": speaker, **each} for each in found if isinstance(each, dict)]


def _of_chat(data: Mapping[str, Any], field: str, line: int) -> Iterator[Message]:
    """The message, unless somebody says it whom the chat form does not know."""
    if data.get("role") not in _SPEAKERS.values():
        return
    content, calls = data.get("content"), data.get("tool_calls")
    shaped = {
        "role": data["role"],
        "content": content if isinstance(content, list) else as_text(content),
        "tool_calls": _loaded(calls, field, line) if isinstance(calls, str) else calls,
        "tool_call_id": data.get("tool_call_id"),
    }
    try:
        yield Message.model_validate(shaped)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise TransferError(f"{field}: {place}: {wrong['msg']}", where=f"line {line}") from error


def _of_parts(data: Any, line: int) -> list[Message]:
    """A message of parts as messages of the chat form: each result of a tool is one of its own."""
    if not isinstance(data, dict) or not isinstance(data.get("parts"), list):
        raise TransferError(f"{INPUT}: a message has no parts", where=f"line {line}")
    parts = [part for part in data["parts"] if isinstance(part, dict)]
    results = [part for part in parts if part.get("type") == "tool_call_response"]
    if results:
        return [
            Message(role="tool", content=_result(each), tool_call_id=_id(each)) for each in results
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


def _said(parts: list[dict[str, Any]], kind: str) -> str:
    return "\n".join(as_text(part.get("content")) for part in parts if part.get("type") == kind)


def _result(part: dict[str, Any]) -> str:
    """A tool's result; examples of the conventions call it by another name than their schema."""
    return as_text(part.get("response", part.get("result")))


def _arguments(part: dict[str, Any]) -> dict[str, Any]:
    return arguments_of(part.get("arguments"))


def _id(part: dict[str, Any]) -> str | None:
    return None if part.get("id") is None else str(part["id"])


def as_text(value: Any) -> str:
    """A text as it stands, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parsed(told: Mapping[str, Any], name: str, line: int) -> list[Any]:
    """An attribute that is a list, or JSON text of one."""
    value = told.get(name)
    if isinstance(value, str):
        value = _loaded(value, name, line)
    return value if isinstance(value, list) else []


def _loaded(text: str, field: str, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TransferError(f"{field}: not JSON", where=f"line {line}") from error
