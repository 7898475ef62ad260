"""The Anthropic Messages protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic

from models.frontier_wire import FrontierRequest, Reading, failures_of, http_client, read_body


class AnthropicWire:
    """Structured output by `output_config.format`; no temperature, top_p or top_k: all refused."""

    def __init__(self, model: str, base_url: str, timeout_s: float, key: str) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._client = anthropic.Anthropic(
            api_key=key,
            # The SDK appends /v1 by itself; people give addresses with and without it.
            base_url=base_url.removesuffix("/v1"),
            max_retries=0,
            timeout=timeout_s,
            http_client=http_client(base_url, timeout_s),
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

    def send(self, body: dict[str, Any]) -> str:
        create: Any = self._client.messages.with_streaming_response.create
        with failures_of(anthropic), create(**body) as response:
            return read_body(response.iter_bytes(), self._timeout_s)

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
