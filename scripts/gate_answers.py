"""The answers of one system with their features and the truth: what bench_gate.py measures on.

Beside the features that the product uses an answer may have candidates, whose names begin with
`CANDIDATE`: what has been judged and left out, or has not earned its place yet. Knows nothing of
where answers come from, of scorers or gates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CANDIDATE = "candidate:"


@dataclass(frozen=True)
class Labelled:
    """One answer. `features` is None where a hard check failed: it can never be served."""

    features: dict[str, float] | None
    right: bool


@dataclass(frozen=True)
class Answers:
    """All answers of one system: to fit the scorer, to open the gate, for thresholds (labels
    unused), and fresh ones that nothing was fitted on, by the name of their kind. Those for the
    scorer and the first fresh ones have the candidates too."""

    name: str
    score: list[Labelled]
    gate: list[Labelled]
    traffic: list[Labelled]
    fresh: dict[str, list[Labelled]]
    parts: dict[str, list[Labelled]] = field(default_factory=dict)
    """Of answers with parts those of the answers in `score` and in `gate`."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answers:
        """What `dataclasses.asdict` made of them."""
        lists = {kind: _labelled(data[kind]) for kind in ("score", "gate", "traffic")}
        named = {
            name: {kind: _labelled(answers) for kind, answers in data[name].items()}
            for name in ("fresh", "parts")
        }
        return cls(data["name"], **lists, **named)


def _labelled(answers: list[dict[str, Any]]) -> list[Labelled]:
    return [Labelled(**answer) for answer in answers]
