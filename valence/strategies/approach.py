"""The approach that a trajectory took, above its wording: a few phases in a fixed grammar.

    approach  = opening* , ending
    opening   = "plan" | "ask back" | "look up"      each once, in the order of the first time,
                                                     before the first change
              | "confirm"                            asked right before the first change
    ending    = "act" | "act repeatedly" [ "check" ] changed something once, or more often
              | "hand over"                          gave it away without a change
              | "answer"                             told something, changed nothing
              | "ask back"                           went no further than asking

"look up, then answer" and "ask back, look up, confirm, then act" are two of them. Knows neither
tools nor outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence

from store.trajectories import Step
from valence.strategies.steps import StepType, step_types

_OPENINGS: dict[StepType, str] = {"plan": "plan", "ask": "ask back", "look up": "look up"}
PHASES = frozenset(
    {*_OPENINGS.values(), "confirm", "act", "act repeatedly", "check", "hand over", "answer"}
)


def approach_of(steps: Sequence[Step]) -> str | None:
    """The approach by its name; None where the agent did nothing."""
    types = step_types(steps)
    phases = phases_of(types)
    return name_of(phases) if phases else None


def phases_of(types: Sequence[StepType]) -> tuple[str, ...]:
    """The phases of a sequence of step types."""
    first = next((i for i, type_ in enumerate(types) if type_ in ("act", "hand over")), len(types))
    before = types[:first]
    opening = list(dict.fromkeys(_OPENINGS[type_] for type_ in before if type_ in _OPENINGS))
    if first < len(types) and _confirmed(before):
        opening.append("confirm")
    ending = _ending(types, first)
    return (*opening, *ending)


def name_of(phases: Sequence[str]) -> str:
    """`look up, confirm, then act`."""
    *before, last = phases
    return f"{', '.join(before)}, then {last}" if before else last


def phases_in(name: str) -> tuple[str, ...]:
    """The phases of an approach by its name: `name_of` the other way round."""
    return tuple(name.replace(", then ", ", ").split(", "))


def _confirmed(before: Sequence[StepType]) -> bool:
    """Whether the last thing before the change was a question that had been prepared."""
    return len(before) > 1 and before[-1] == "ask" and set(before[:-1]) != {"ask"}


def _ending(types: Sequence[StepType], first: int) -> tuple[str, ...]:
    acts = types.count("act")
    if acts:
        done = "act" if acts == 1 else "act repeatedly"
        return (done, "check") if "check" in types[first:] else (done,)
    if "hand over" in types:
        return ("hand over",)
    return ("answer",) if "answer" in types else ()
