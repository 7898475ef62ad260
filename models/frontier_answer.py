"""From the raw text of a response to one JSON object, or to the reason why there is none.

It knows no protocol (a `read` is passed in) and no schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from models.frontier_wire import ErrorKind, Reading

NOTHING = Reading(text="", problem=None, input_tokens=0, output_tokens=0)
ODD_SHAPES = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading a response of another shape raises."""


def understand(
    response: str, read: Callable[[Any], Reading]
) -> tuple[Reading, dict[str, Any] | None, ErrorKind | None, str | None]:
    """Splits a raw response into reading, data, kind of error and its sentence."""
    try:
        reading = read(_json_object(response))
    except ODD_SHAPES as error:
        return NOTHING, None, "unparsable", f"not an answer of this protocol: {error!r}"
    if reading.problem == "refusal":
        return reading, None, "refusal", "the model refused to answer"
    if reading.problem == "truncated":
        return reading, None, "truncated", "the answer was cut off at the token limit"
    try:
        return reading, _json_object(reading.text), None, None
    except (ValueError, RecursionError) as error:
        return reading, None, "unparsable", f"the answer is not one JSON object: {error}"


def _json_object(text: str) -> dict[str, Any]:
    """Raises ValueError for what is no object, has NaN, or strings that are not Unicode."""
    value = json.loads(text, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise ValueError(f"a JSON {type(value).__name__} instead of an object")
    # A lone surrogate (\ud800) passes the JSON parser but can be neither stored nor printed.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
