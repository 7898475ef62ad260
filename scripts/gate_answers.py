"""The answers of one system with their features and the truth: what bench_gate.py measures on.

Beside the features that the product uses an answer may have candidates, whose names begin with
`CANDIDATE`: what has been judged and left out, or has not earned its place yet. Knows nothing of
where answers come from, of scorers or gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CANDIDATE = "candidate:"


@dataclass(frozen=True)
class Labelled:
    """One answer. `features` is None where a hard check failed: it can never be served. `parts`
    has the features of each part and whether it is right."""

    features: dict[str, float] | None
    right: bool
    parts: Sequence[tuple[dict[str, float], bool]] = ()


@dataclass(frozen=True)
class Answers:
    """All answers of one adapter: to fit the scorer, to open the gate, for thresholds (labels
    unused), and fresh ones that nothing was fitted on, by the name of their kind. Those for the
    scorer and the gate and the first fresh ones have the candidates too."""

    name: str
    score: list[Labelled]
    gate: list[Labelled]
    traffic: list[Labelled]
    fresh: dict[str, list[Labelled]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answers:
        """What `dataclasses.asdict` made of them."""
        lists = {kind: _labelled(data[kind]) for kind in ("score", "gate", "traffic")}
        fresh = {kind: _labelled(answers) for kind, answers in data["fresh"].items()}
        return cls(data["name"], **lists, fresh=fresh)

    def in_parts(self) -> Answers | None:
        """The parts as answers of their own; None where there are none."""
        if not any(one.parts for one in self.score):
            return None
        lists = {kind: apart(getattr(self, kind)) for kind in ("score", "gate", "traffic")}
        fresh = {kind: apart(answers) for kind, answers in self.fresh.items()}
        return Answers(f"{self.name}, parts", **lists, fresh=fresh)


def _labelled(answers: list[dict[str, Any]]) -> list[Labelled]:
    return [Labelled(**answer) for answer in answers]


def apart(answers: Sequence[Labelled]) -> list[Labelled]:
    """Each part of each answer."""
    return [Labelled(features, right) for one in answers for features, right in one.parts]
