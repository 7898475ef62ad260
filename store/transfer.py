"""JSON lines in and out: the forms in which pairs of input and output travel.

Pure text; it knows no database and no boundary. What a pair means is decided by its reader.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from store.errors import BadLine

Form = Literal["chat", "completion", "pair", "facts", "labels"]

# These end a line for some readers though not for JSON.
_LINE_ENDS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One line read.

    `input` and `output` by `form`: chat, the last user and assistant messages; completion,
    prompt and completion; pair, what stands under those keys; facts, the text and its triples
    as they stand (for a writer they change places); labels, the text and its labels. `raw` is the
    whole line, `line` counts from 1.
    """

    input: Any
    output: Any
    form: Form
    raw: dict[str, Any]
    line: int


def read_pairs(lines: Iterable[str]) -> Iterator[Pair]:
    """The pairs of a JSONL file in any of five forms; blank lines are passed over.

    Chat `{"messages": [...]}` (OpenAI, mlx-lm), `{"prompt", "completion"}`,
    `{"input", "output"}`, `{"text", "triples"}`, `{"text", "labels"}`. Raises
    BadLine at the first line that is none.
    """
    for number, raw in read_objects(lines):
        form, given, answer = _parts(number, raw)
        yield Pair(input=given, output=answer, form=form, raw=raw, line=number)


def read_objects(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number, from 1, and JSON object of each line; blank lines are passed over. Raises
    BadLine at the first line that is no object."""
    for number, line in enumerate(lines, start=1):
        text = line.lstrip("\ufeff").strip()
        if text:
            raw = _parse(number, text)
            if not isinstance(raw, dict):
                raise BadLine(number, "not a JSON object")
            yield number, raw


def chat_line(system: str, user: str, assistant: str) -> str:
    """One line of chat JSONL, without its line end; an empty system message is left out."""
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": user},
        {"role": "assistant", "content": assistant},
    ]
    return json_line({"messages": messages if system else messages[1:]})


def pair_line(input: Any, output: Any) -> str:
    """One line of plain JSONL, without its line end."""
    return json_line({"input": input, "output": output})


def json_line(value: dict[str, Any]) -> str:
    """An object as one line, whatever its reader takes for the end of one; NaN and infinities,
    which JSON has no words for, as null."""
    return json.dumps(_finite(value), ensure_ascii=False).translate(_LINE_ENDS)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _parse(number: int, text: str) -> Any:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadLine(number, "broken Unicode (a lone surrogate)") from error
    except RecursionError as error:
        raise BadLine(number, "nested too deep") from error
    except ValueError as error:
        raise BadLine(number, f"not JSON ({error})") from error
    return value


def _parts(number: int, raw: dict[str, Any]) -> tuple[Form, Any, Any]:
    if "messages" in raw:
        return "chat", *_last_turn(number, raw["messages"])
    if raw.keys() >= {"prompt", "completion"}:
        return "completion", _text(number, raw, "prompt"), _text(number, raw, "completion")
    if raw.keys() >= {"input", "output"}:
        return "pair", raw["input"], raw["output"]
    if raw.keys() >= {"text", "triples"}:
        return "facts", _text(number, raw, "text"), raw["triples"]
    if raw.keys() >= {"text", "labels"}:
        return "labels", _text(number, raw, "text"), raw["labels"]
    raise BadLine(
        number,
        "neither messages, nor prompt and completion, input and output, text and triples or labels",
    )


def _last_turn(number: int, messages: Any) -> tuple[str, str]:
    """The last user message and the assistant's answer right after it."""
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise BadLine(number, "messages is not a list of objects")
    roles = [message.get("role") for message in messages]
    if roles[-2:] != ["user", "assistant"]:
        raise BadLine(number, "messages do not end with a user's and an assistant's")
    return _text(number, messages[-2], "content"), _text(number, messages[-1], "content")


def _text(number: int, fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise BadLine(number, f"{key} is not a text")
    return value
