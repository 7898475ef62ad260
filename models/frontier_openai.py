"""The OpenAI chat-completions protocol, as spoken by OpenAI and by many other servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import openai

from models.frontier_wire import FrontierRequest, Reading, failures_of, http_client, read_body


class OpenAIWire:
    """Structured output by `response_format`; no sampling parameters, which some models refuse."""

    def __init__(self, model: str, base_url: str, timeout_s: float, key: str) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._client = openai.OpenAI(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            timeout=timeout_s,
            http_client=http_client(base_url, timeout_s),
        )
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

    def send(self, body: dict[str, Any]) -> str:
        create: Any = self._client.chat.completions.with_streaming_response.create
        with failures_of(openai), create(**body) as response:
            return read_body(response.iter_bytes(), self._timeout_s)

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
