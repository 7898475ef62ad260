"""What the local model is asked and what it answers: plain data, no mlx."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.scores import TokenScores, features

Finished = Literal["eos", "stop", "length"]


@dataclass(frozen=True)
class AdapterRef:
    """An adapter by its id and the folder that holds it (mlx-lm's format)."""

    id: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One request: `stop` ends the output where it occurs in the text ("" for never).

    `separator` stands between the parts of an output that has several ("" where it is one
    piece); with `hidden` a middle layer's states are collected.
    """

    system: str
    user: str
    stop: str = ""
    max_tokens: int = 256
    adapter: AdapterRef | None = None
    separator: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Hidden:
    """Mean states of a middle layer, float32, as wide as the model: over the tokens of the answer
    that carry values, and over the prompt's own tokens (those after the system prompt)."""

    answer: list[float]
    input: list[float]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What the model wrote, with its measurements.

    `text` is cut before `stop` and stripped; `tokens` are all emitted ids without the
    end-of-sequence token; `scores` are of the tokens that the score looks at; `cached_tokens` of
    the `input_tokens` came out of the prompt cache; `tokens_per_s` counts output tokens.
    `parts` are the features of each piece between separators that is not blank, in order;
    there are none where a piece has no token that carries a value. `uncertain` are the whole
    words whose tokens have the highest entropy (nats; of a word its highest token's), up to 5,
    the most uncertain first. `hidden` is None unless it was asked for.
    """

    text: str
    tokens: tuple[int, ...]
    scores: TokenScores
    finished: Finished
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    latency_ms: float
    tokens_per_s: float
    parts: tuple[dict[str, float], ...] = ()
    uncertain: tuple[tuple[str, float], ...] = ()
    hidden: Hidden | None = None

    @property
    def features(self) -> dict[str, float]:
        """The whole output's score features (`models.scores`)."""
        return features(self.scores)
