"""Which local models suit a machine: a small choice, each with its size and a reason.

Works on plain facts about the machine. Fetches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.machine import GIB, Facts
from valence.config import DEFAULT_MODEL

SHARE = 0.25
"""Of the memory, what a model's weights may take; training needs about twice as much again."""


@dataclass(frozen=True)
class Base:
    """A base model that can be fetched; `gigabytes` of weights to download."""

    model: str
    name: str
    gigabytes: float
    reads: str


@dataclass(frozen=True)
class Choice:
    """A base model, with what speaks for or against it on this machine."""

    base: Base
    recommended: bool
    fits: bool


BASES = (
    Base("mlx-community/Qwen2.5-0.5B-Instruct-4bit", "Qwen2.5 0.5B", 0.28, "quick, learns less"),
    Base(DEFAULT_MODEL, "Qwen2.5 1.5B", 0.87, "a good balance"),
    Base("mlx-community/Qwen2.5-3B-Instruct-4bit", "Qwen2.5 3B", 1.74, "reads best, takes longer"),
)
BIG = 16 * GIB
"""Memory from which on the largest of them leaves room for everything else."""
SMALL = 8 * GIB


def choices(machine: Facts) -> list[Choice]:
    """The base models, smallest first; exactly one is recommended."""
    best = 2 if machine.memory >= BIG else 1 if machine.memory >= SMALL else 0
    # without Metal, a larger model keeps a person waiting
    best = best if machine.system == "Darwin" else min(best, 1)
    return [
        Choice(base, place == best, base.gigabytes * 1e9 <= machine.memory * SHARE)
        for place, base in enumerate(BASES)
    ]


def machine_in_words(machine: Facts) -> str:
    """Chip and memory, for a person."""
    return f"{machine.chip} with {machine.memory / GIB:.0f} GB of memory"
