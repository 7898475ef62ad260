"""A rehearsal: a file of texts with their right answers, streamed through the router as months
of use would be, the file answering in the frontier's place.

Where weeks would pass while a run trains, the rehearsal waits for it. Knows no more of the
router than a command does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from models.errors import ModelError
from models.frontier import FrontierAttempt, FrontierRequest, Hear, Keep
from store.transfer import read_pairs
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.errors import ValenceError
from valence.learning import due, settle
from valence.predictors import FrontierPredictor
from valence.redaction import mask_parts
from valence.router import Answer
from valence.training import Report, train_boundary
from valence.transfer import sides

WINDOW = 100


@dataclass(frozen=True)
class Scene:
    """One line of the file: an input and what is right for it, in the boundary's types."""

    value: Any
    right: Any


@dataclass(frozen=True)
class Window:
    """What came of successive calls. Rates 0 to 1; `served` are those answered locally."""

    calls: int
    fallback_rate: float
    served: int
    served_right: int
    all_right: float
    latency_ms: float
    cost_usd: float


@dataclass
class _Tally:
    answers: list[tuple[Answer, bool]] = field(default_factory=list)

    def window(self, so_far: int) -> Window:
        served = [right for answer, right in self.answers if answer.call.route == "local"]
        count = len(self.answers)
        return Window(
            calls=so_far,
            fallback_rate=1 - len(served) / count,
            served=len(served),
            served_right=sum(served),
            all_right=sum(right for _, right in self.answers) / count,
            latency_ms=sum(answer.call.latency_ms for answer, _ in self.answers) / count,
            cost_usd=sum(answer.call.cost_usd for answer, _ in self.answers),
        )


class FileFrontier:
    """A frontier that knows the right answers of the scenes, at no cost."""

    provider = "file"
    model = "file"
    base_url = ""

    def __init__(self, answers: dict[str, dict[str, Any]]) -> None:
        self._answers = answers

    def ask(self, request: FrontierRequest, keep: Keep, hear: Hear | None = None) -> None:
        data = self._answers.get(request.user)
        keep(
            FrontierAttempt(
                model=self.model,
                request={"user": request.user},
                response=None if data is None else json.dumps(data, ensure_ascii=False),
                data=data,
                error=None if data else "the file has no answer to this text",
                error_kind=None if data else "unparsable",
                input_tokens=0,
                output_tokens=0,
                latency_ms=0.0,
                cost_usd=0.0,
                cost_known=True,
            )
        )

    def close(self) -> None:
        """Nothing is open."""


def read_scenes(boundary: Boundary[Any, Any], lines: Iterable[str]) -> list[Scene]:
    """Lines of {"text", "triples"}, for a classifier {"text", "labels"}, or any other form that
    examples come in; raises TransferError or StoreError naming the first that is none."""
    return [Scene(*sides(boundary, pair)) for pair in read_pairs(lines)]


def replay(
    app: Valence, boundary: Boundary[Any, Any], scenes: list[Scene], report: Report
) -> Iterator[Window]:
    """Plays the scenes in order; yields a window every 100 calls and at the end."""
    app.router.frontier = FrontierPredictor(
        connect=lambda: FileFrontier(_answers(boundary, scenes)),
        name="replay",
        breakers=app.stores.breakers,
        over_budget=lambda: False,
        forbidden=None,
    )
    tally = _Tally()
    for number, scene in enumerate(scenes, start=1):
        answer = app.router.call(boundary, scene.value)
        tally.answers.append((answer, boundary.correct(answer.output, scene.right, scene.value)))
        if settle(app, answer) and due(app, boundary.name):
            _train(app, boundary.name, report)
        if number % WINDOW == 0 or number == len(scenes):
            yield tally.window(number)
            tally = _Tally()


def _answers(boundary: Boundary[Any, Any], scenes: list[Scene]) -> dict[str, dict[str, Any]]:
    """What is right, by what the frontier is asked: that is masked."""
    return {
        boundary.frontier_user(mask_parts(scene.value)[0]): boundary.to_json(scene.right)
        for scene in scenes
    }


def _train(app: Valence, boundary_name: str, report: Report) -> None:
    """The run that would have started in the background; as there, its failure stops no call."""
    app.stores.runs.start(boundary_name, "automatic", {})
    try:
        train_boundary(app, boundary_name, report)
    except (ValenceError, ModelError) as error:
        report({"event": "run_failed", "reason": str(error)})
