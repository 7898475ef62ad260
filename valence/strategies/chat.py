"""A chat between a person, an agent and its tools as the steps of a trajectory.

The messages are those of the OpenAI protocol, which most agents can write. Knows no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from store.trajectories import Step

_FAILED = re.compile(r"\W{0,5}(error|exception|traceback|fatal|failed)\b", re.IGNORECASE)


class Shape(BaseModel):
    """What a file may hold: fields of their own type; what is not known is passed over."""

    model_config = ConfigDict(strict=True, frozen=True)


class Function(Shape):
    name: str = ""
    arguments: str | dict[str, Any] | None = None


class ToolCall(Function):
    """With its name and arguments, or with a `function` that has them."""

    id: str | None = None
    function: Function | None = None


class Message(Shape):
    """One message; `failed` marks a tool's result as an error where the text does not say so."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    failed: bool | None = None


def steps_of(messages: Sequence[Message]) -> list[Step]:
    """The steps in order. A tool's result belongs to the call of its id that has none yet, else
    to the earliest call that has none."""
    steps: list[Step] = []
    open_: list[tuple[str | None, int]] = []
    for message in messages:
        text = _text(message.content)
        if message.role == "user":
            steps.append(Step(kind="person", text=text))
        elif message.role == "assistant":
            steps += _said(message, text)
            for call in message.tool_calls or ():
                open_.append((call.id, len(steps)))
                steps.append(_tool(call))
        elif message.role == "tool":
            _answer(steps, open_, message, text)
    return steps


def failed(result: str) -> bool:
    """Whether a tool's result is an error by its own words."""
    if _FAILED.match(result):
        return True
    if not result.lstrip().startswith("{"):
        return False
    try:
        data = json.loads(result)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and bool(
        data.get("error") or data.get("is_error") or data.get("isError")
    )


def _said(message: Message, text: str) -> list[Step]:
    said = [("reasoning", message.reasoning_content or ""), ("message", text)]
    return [Step(kind=kind, text=words) for kind, words in said if words.strip()]  # type: ignore[arg-type]


def _tool(call: ToolCall) -> Step:
    named = call.function or call
    return Step(kind="tool", tool=named.name, arguments=arguments_of(named.arguments))


def _answer(
    steps: list[Step], open_: list[tuple[str | None, int]], message: Message, text: str
) -> None:
    """Fills a tool's result in; one that nobody called for is a step of its own."""
    place = next((each for each in open_ if each[0] == message.tool_call_id), None)
    place = place or next(iter(open_), None)
    wrong = message.failed if message.failed is not None else failed(text)
    if place is None:
        steps.append(Step(kind="tool", tool=message.name or "", result=text, failed=wrong))
        return
    open_.remove(place)
    called = steps[place[1]]
    steps[place[1]] = Step(
        kind="tool", tool=called.tool, arguments=called.arguments, result=text, failed=wrong
    )


def _text(content: str | list[dict[str, Any]] | None) -> str:
    """The text of a message, of its parts the texts."""
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if part.get("text"))
    return content or ""


def arguments_of(given: Any) -> dict[str, Any]:
    """A tool's arguments as an object, given as one or as JSON text; anything else stands under
    `input`."""
    if isinstance(given, str):
        try:
            given = json.loads(given) if given.strip() else {}
        except (ValueError, RecursionError):
            return {"input": given}
    return given if isinstance(given, dict) else {"input": given} if given is not None else {}
