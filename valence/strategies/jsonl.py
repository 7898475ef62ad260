"""Trajectories as JSON lines: the shape in which they are imported and exported.

    {"id", "agent", "task_id", "problem", "steps" or "messages", "success", "feedback",
     "latency_ms", "cost_usd", "created_at"}

Only `steps` or `messages` must be there. `messages` is a chat of the OpenAI protocol, whose first
user message is the problem; a step is {"kind": "person" | "message" | "reasoning" | "tool",
"text", "tool", "arguments", "result", "failed"}. `success` is the true outcome where it is known,
`feedback` what followed: {"valid", "exit_code", "corrected", "retried", "rating", "went_on"}.
Trajectories with one `task_id` are never both learned from and tested on. Knows no database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from pydantic import Field, ValidationError, field_validator

from store.clock import moment, now
from store.trajectories import Source, Step, StepKind, Trajectory
from store.transfer import read_objects
from valence.boundaries.text import fold
from valence.errors import TransferError
from valence.redaction import mask
from valence.strategies.chat import Message, Shape, steps_of

LONGEST = 20_000
"""Characters of one text that are kept; approaches are told by far less."""
SAME_TASK = 200
"""Characters of a folded problem that name a task without an id of its own."""


class StepLine(Shape):
    kind: StepKind
    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    result: str = ""
    failed: bool = False


class Feedback(Shape):
    valid: bool | None = None
    exit_code: int | None = None
    corrected: bool | None = None
    retried: bool | None = None
    rating: float | None = None
    went_on: bool | None = None


class Line(Shape):
    """One line of a file."""

    id: str | None = None
    agent: str | None = None
    task_id: str | int | None = None
    problem: str | None = None
    steps: list[StepLine] | None = None
    messages: list[Message] | None = None
    success: bool | None = None
    feedback: Feedback = Feedback()
    latency_ms: float | None = Field(None, ge=0, allow_inf_nan=False)
    cost_usd: float | None = Field(None, ge=0, allow_inf_nan=False)
    created_at: str | None = None

    @field_validator("created_at")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        return None if value is None else moment(value)


def read_trajectories(lines: Iterable[str], agent: str) -> Iterator[Trajectory]:
    """The trajectories of a JSONL file; `agent` is whose they are where a line does not say.

    Raises BadLine or TransferError that names the first bad line and its field.
    """
    for number, raw in read_objects(lines):
        try:
            line = Line.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise TransferError(f"{field}: {first['msg']}", where=f"line {number}") from error
        yield _trajectory(line, agent, number)


def make_trajectory(
    agent: str, source: Source, problem: str, steps: Iterable[Step], **columns: Any
) -> Trajectory:
    """A trajectory with its secrets masked and overlong texts cut; its key is that of its content
    and its task that of its problem where `columns` do not say."""
    masked = tuple(_masked(step) for step in steps)
    problem = _cut(mask(problem).text)
    content = json.dumps([problem, [vars(step) for step in masked]], sort_keys=True)
    keys = {
        "key": hashlib.sha256(content.encode()).hexdigest(),
        "task_id": fold(problem)[:SAME_TASK],
        "created_at": now(),
    }
    given = {name: value for name, value in columns.items() if value is not None}
    return Trajectory(agent=agent, source=source, problem=problem, steps=masked, **(keys | given))


def line_of(trajectory: Trajectory) -> str:
    """The trajectory as a line that can be imported, without its line end."""
    kept = asdict(trajectory)
    for column in ("source", "guided"):
        del kept[column]
    kept["id"] = kept.pop("key")
    return json.dumps(kept, ensure_ascii=False)


def _trajectory(line: Line, agent: str, number: int) -> Trajectory:
    steps = _steps(line, number)
    problem = line.problem or next((s.text for s in steps if s.kind == "person"), "")
    if not problem.strip():
        raise TransferError(
            "problem: there is none, and no message of a person", where=f"line {number}"
        )
    return make_trajectory(
        line.agent or agent,
        "jsonl",
        problem,
        steps,
        key=line.id,
        task_id=None if line.task_id is None else str(line.task_id),
        success=line.success,
        feedback=line.feedback.model_dump(exclude_none=True),
        latency_ms=line.latency_ms,
        cost_usd=line.cost_usd,
        created_at=line.created_at,
    )


def _steps(line: Line, number: int) -> list[Step]:
    if line.steps is not None:
        return [Step(**step.model_dump()) for step in line.steps]
    if line.messages is None:
        raise TransferError("steps: neither steps nor messages", where=f"line {number}")
    return steps_of(line.messages)


def _masked(step: Step) -> Step:
    return replace(
        step,
        text=_cut(mask(step.text).text),
        arguments=_masked_json(step.arguments),
        result=_cut(mask(step.result).text),
    )


def _masked_json(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(mask(value).text)
    if isinstance(value, dict):
        return {key: _masked_json(each) for key, each in value.items()}
    return [_masked_json(each) for each in value] if isinstance(value, list) else value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
