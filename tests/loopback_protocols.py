"""How a loopback frontier spells what it says in both protocols: whole, or as server-sent events in
small pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

PIECE = 5
"""Characters of the answer in one event: words, numbers and escapes are cut anywhere."""


def complaint_about(anthropic: bool, body: dict[str, Any], headers: dict[str, str]) -> str | None:
    """What the server has against a request."""
    return (_anthropic_complaint if anthropic else _openai_complaint)(body, headers)


def response_to(
    anthropic: bool, body: dict[str, Any], text: str, refusal: bool, truncated: bool
) -> dict[str, Any]:
    """The whole response that says the text, refuses to, or is cut off in its middle."""
    respond = _anthropic_response if anthropic else _openai_response
    return respond(body, text, refusal, truncated)


def error_body(message: str) -> str:
    """What comes with a status that is an error."""
    return json.dumps({"type": "error", "error": {"type": "test", "message": message}})


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


def _openai_complaint(body: dict[str, Any], headers: dict[str, str]) -> str | None:
    if not headers.get("authorization", "").startswith("Bearer "):
        return "no bearer token"
    form = body.get("response_format") or {}
    if form and form.get("type") != "json_schema":
        return "response_format.type"
    return None if body.get("model") and body.get("messages") else "model and messages are required"


def _anthropic_complaint(body: dict[str, Any], headers: dict[str, str]) -> str | None:
    refused = {"temperature", "top_p", "top_k"} & body.keys()
    if refused:
        return f"{sorted(refused)} are not supported by this model"
    key = headers.get("x-api-key") or headers.get("authorization")
    if not key or not headers.get("anthropic-version"):
        return "a key and anthropic-version are required"
    return None if body.get("max_tokens") and body.get("messages") else "max_tokens is required"


def _openai_response(
    body: dict[str, Any], text: str, refusal: bool, truncated: bool
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    reason = "stop"
    if refusal:
        message |= {"content": None, "refusal": "I cannot help with that."}
    if truncated:
        message["content"], reason = text[: len(text) // 2], "length"
    sent, said = _tokens(body), len(text.split())
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": sent,
            "completion_tokens": said,
            "total_tokens": sent + said,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def _anthropic_response(
    body: dict[str, Any], text: str, refusal: bool, truncated: bool
) -> dict[str, Any]:
    reason = "end_turn"
    if refusal:
        text, reason = "", "refusal"
    if truncated:
        text, reason = text[: len(text) // 2], "max_tokens"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": _tokens(body),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": len(text.split()),
        },
    }


def _tokens(body: dict[str, Any]) -> int:
    words = sum(len(str(message["content"]).split()) for message in body["messages"])
    return words + len(str(body.get("system", "")).split())
