"""A loopback frontier's response as the server-sent events of its protocol, in small pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

PIECE = 5
"""Characters of the answer in one event: words, numbers and escapes are cut anywhere."""


def events_of(response: dict[str, Any], usage: bool) -> Iterator[str]:
    """The events that a whole response comes to, with or without its counts of tokens."""
    yield from (_anthropic if response.get("type") == "message" else _openai)(response, usage)


def error_event(message: str) -> str:
    """How either server says that it cannot go on."""
    return _event({"type": "error", "error": {"type": "overloaded_error", "message": message}})


def _openai(response: dict[str, Any], usage: bool) -> Iterator[str]:
    head = {k: response[k] for k in ("id", "created", "model")} | {
        "object": "chat.completion.chunk"
    }
    [choice] = response["choices"]

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        said = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return _data(head | {"choices": [said], "usage": None})

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    for name in ("content", "refusal"):
        for piece in _pieces(choice["message"][name] or ""):
            yield chunk({name: piece})
    yield chunk({}, choice["finish_reason"])
    if usage:
        yield _data(head | {"choices": [], "usage": response["usage"]})
    yield "data: [DONE]\n\n"


def _anthropic(response: dict[str, Any], usage: bool) -> Iterator[str]:
    told = response["usage"] if usage else {}
    begun = told | {"output_tokens": 1} if usage else None
    message = response | {"content": [], "stop_reason": None, "usage": begun}
    yield _event({"type": "message_start", "message": message})
    for index, block in enumerate(response["content"]):
        at = {"index": index}
        yield _event({"type": "content_block_start", "content_block": block | {"text": ""}} | at)
        yield _event({"type": "ping"})
        for piece in _pieces(block["text"]):
            delta = {"type": "text_delta", "text": piece}
            yield _event({"type": "content_block_delta", "delta": delta} | at)
        yield _event({"type": "content_block_stop"} | at)
    end = {name: response[name] for name in ("stop_reason", "stop_sequence")}
    counts = {"input_tokens": None, "output_tokens": told["output_tokens"]} if usage else None
    yield _event({"type": "message_delta", "delta": end, "usage": counts})
    yield _event({"type": "message_stop"})


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\n{_data(data)}"


def _data(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
