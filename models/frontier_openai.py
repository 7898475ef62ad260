"""The OpenAI chat-completions protocol, as spoken by OpenAI and by many other servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import openai

from models.frontier_stream import deadline, read_stream
from models.frontier_wire import (
    FrontierRequest,
    Message,
    Reading,
    failures_of,
    http_client,
    listening_client,
    read_body,
)


class OpenAIWire:
    """Structured output by `response_format`; no sampling parameters, which some models refuse."""

    def __init__(self, model: str, base_url: str, timeout_s: float, key: str) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._base_url = base_url
        self._options: dict[str, Any] = {
            "api_key": key,
            "base_url": base_url,
            "max_retries": 0,
            "timeout": timeout_s,
        }
        self._client = openai.OpenAI(**self._options, http_client=http_client(base_url, timeout_s))
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        is_openai = (urlsplit(base_url).hostname or "").endswith("openai.com")
        self._limit = "max_completion_tokens" if is_openai else "max_tokens"

    def body(self, request: FrontierRequest) -> dict[str, Any]:
        form = {"name": request.schema_name, "schema": strict(request.schema), "strict": True}
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.user},
            ],
            "response_format": {"type": "json_schema", "json_schema": form},
            self._limit: request.max_tokens,
        }

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "stream": True, "stream_options": {"include_usage": True}}

    def message(self) -> Message:
        return OpenAIMessage()

    def send(self, body: dict[str, Any]) -> str:
        create: Any = self._client.chat.completions.with_streaming_response.create
        with failures_of(openai), create(**body) as response:
            return read_body(response.iter_bytes(), self._timeout_s)

    async def listen(self, body: dict[str, Any], message: Message) -> str:
        web = listening_client(self._base_url, self._timeout_s)
        with failures_of(openai):
            async with openai.AsyncOpenAI(**self._options, http_client=web) as client:
                create: Any = client.chat.completions.with_streaming_response.create
                async with deadline(self._timeout_s), create(**body) as response:
                    return await read_stream(response, message)

    def read(self, response: Mapping[str, Any]) -> Reading:
        choice = response["choices"][0]
        message, reason = choice["message"], choice.get("finish_reason")
        refused = bool(message.get("refusal")) or reason == "content_filter"
        usage = response.get("usage") or {}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        return Reading(
            text=_text(message.get("content")),
            problem="refusal" if refused else "truncated" if reason == "length" else None,
            input_tokens=int(usage.get("prompt_tokens") or 0),
            output_tokens=int(usage.get("completion_tokens") or 0),
            cached_tokens=int(cached or 0),
        )

    def close(self) -> None:
        self._client.close()


class OpenAIMessage:
    """The chunks of one streamed completion, put together."""

    def __init__(self) -> None:
        self.pieces = 0
        self._head: dict[str, Any] = {}
        self._text = ""
        self._refusal = ""
        self._reason: str | None = None
        self._usage: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        return self._text

    @property
    def finished(self) -> bool:
        return self._reason is not None

    def add(self, event: Mapping[str, Any]) -> None:
        """The chunk with the usage has no choices, and some servers send it in the last one."""
        self._head = self._head or {k: event[k] for k in ("id", "created", "model") if k in event}
        self._usage = event.get("usage") or self._usage
        for choice in event.get("choices") or []:
            self._write(choice.get("delta") or {})
            self._reason = choice.get("finish_reason") or self._reason

    def response(self) -> dict[str, Any]:
        message = {
            "role": "assistant",
            "content": self._text,
            "refusal": self._refusal or None,
        }
        choice = {"index": 0, "message": message, "finish_reason": self._reason, "logprobs": None}
        head = {"object": "chat.completion", **self._head}
        return {**head, "choices": [choice], "usage": self._usage}

    def _write(self, delta: Mapping[str, Any]) -> None:
        self._text += delta.get("content") or ""
        self._refusal += delta.get("refusal") or ""
        self.pieces += bool(delta.get("content"))


def strict(schema: Any) -> Any:
    """The schema as strict mode demands it: objects closed and all their properties required."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed |= {"additionalProperties": False, "required": list(closed["properties"])}
    return closed


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") == "text")
