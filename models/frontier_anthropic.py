"""The Anthropic Messages protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic

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


class AnthropicWire:
    """Structured output by `output_config.format`; no temperature, top_p or top_k: all refused."""

    def __init__(self, model: str, base_url: str, timeout_s: float, key: str) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._base_url = base_url
        self._options: dict[str, Any] = {
            "api_key": key,
            # The SDK appends /v1 by itself; people give addresses with and without it.
            "base_url": base_url.removesuffix("/v1"),
            "max_retries": 0,
            "timeout": timeout_s,
        }
        self._client = anthropic.Anthropic(
            **self._options, http_client=http_client(base_url, timeout_s)
        )

    def body(self, request: FrontierRequest) -> dict[str, Any]:
        # The API refuses some of JSON Schema (minItems over 1, …): the SDK's own translation.
        schema = anthropic.transform_schema(request.schema)
        return {
            "model": self._model,
            "max_tokens": request.max_tokens,
            "system": request.system,
            "messages": [{"role": "user", "content": request.user}],
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        }

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "stream": True}

    def message(self) -> Message:
        return AnthropicMessage()

    def send(self, body: dict[str, Any]) -> str:
        create: Any = self._client.messages.with_streaming_response.create
        with failures_of(anthropic), create(**body) as response:
            return read_body(response.iter_bytes(), self._timeout_s)

    async def listen(self, body: dict[str, Any], message: Message) -> str:
        web = listening_client(self._base_url, self._timeout_s)
        with failures_of(anthropic):
            async with anthropic.AsyncAnthropic(**self._options, http_client=web) as client:
                create: Any = client.messages.with_streaming_response.create
                async with deadline(self._timeout_s), create(**body) as response:
                    return await read_stream(response, message)

    def read(self, response: Mapping[str, Any]) -> Reading:
        reason = response.get("stop_reason")
        cut = reason in ("max_tokens", "model_context_window_exceeded")
        usage = response.get("usage") or {}
        cached = int(usage.get("cache_read_input_tokens") or 0)
        written = int(usage.get("cache_creation_input_tokens") or 0)
        return Reading(
            text="".join(block["text"] for block in response["content"] if block["type"] == "text"),
            problem="refusal" if reason == "refusal" else "truncated" if cut else None,
            # Anthropic counts cached tokens apart; here `input_tokens` is the whole prompt.
            input_tokens=int(usage.get("input_tokens") or 0) + cached + written,
            output_tokens=int(usage.get("output_tokens") or 0),
            cached_tokens=cached,
        )

    def close(self) -> None:
        self._client.close()


class AnthropicMessage:
    """The events of one streamed message, put together."""

    def __init__(self) -> None:
        self.pieces = 0
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}

    @property
    def text(self) -> str:
        return "".join(block.get("text", "") for block in self._blocks.values())

    @property
    def finished(self) -> bool:
        return self._message.get("stop_reason") is not None

    def add(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "message_start":
            self._message = dict(event["message"])
        elif event["type"] == "content_block_start":
            self._blocks[event["index"]] = dict(event["content_block"])
        elif event["type"] == "content_block_delta":
            self._write(self._blocks[event["index"]], event["delta"])
        elif event["type"] == "message_delta":
            self._end(event["delta"], event.get("usage") or {})

    def response(self) -> dict[str, Any]:
        return {**self._message, "content": [*self._blocks.values()]}

    def _write(self, block: dict[str, Any], delta: Mapping[str, Any]) -> None:
        if delta["type"] == "text_delta":
            block["text"] += delta["text"]
            self.pieces += 1

    def _end(self, delta: Mapping[str, Any], usage: Mapping[str, Any]) -> None:
        """Counts are totals so far; one that is null here stays as it was told at the start."""
        told = {name: count for name, count in usage.items() if count is not None}
        self._message |= {**delta, "usage": {**(self._message.get("usage") or {}), **told}}
