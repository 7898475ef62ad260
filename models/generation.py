"""What the local model is asked and what it answers: plain data, no mlx."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Finished = Literal["eos", "stop", "length"]


@dataclass(frozen=True)
class AdapterRef:
    """An adapter by its id and the folder that holds it (mlx-lm's format)."""

    id: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One request: `stop` ends the output where it occurs in the text ("" for never)."""

    system: str
    user: str
    stop: str = ""
    max_tokens: int = 256
    adapter: AdapterRef | None = None


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What the model wrote, with its measurements.

    `text` is cut before `stop` and stripped; `tokens` are all emitted ids without the
    end-of-sequence token; `features` as in `models.scores`; `cached_tokens` of the
    `input_tokens` came out of the prompt cache; `tokens_per_s` counts output tokens.
    """

    text: str
    tokens: tuple[int, ...]
    features: dict[str, float]
    finished: Finished
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    latency_ms: float
    tokens_per_s: float
