"""The states of runs and adapters, and which may follow which. It knows no table."""

from __future__ import annotations

from typing import Literal, get_args

from store.errors import IllegalTransition

State = Literal[
    "pending", "curating", "training", "evaluating", "candidate", "shadow", "active", "retired",
    "rejected", "failed", "cancelled",
]  # fmt: skip

STATES: tuple[State, ...] = get_args(State)
FINISHED: frozenset[State] = frozenset({"active", "retired", "rejected", "failed", "cancelled"})

_STOPS: frozenset[State] = frozenset({"rejected", "failed", "cancelled"})
# A run that was killed states its present step again when it goes on, hence the self-loops.
_NEXT: dict[State, frozenset[State]] = {
    "pending": _STOPS | {"curating"},
    "curating": _STOPS | {"curating", "training"},
    "training": _STOPS | {"training", "evaluating"},
    "evaluating": _STOPS | {"evaluating", "candidate"},
    "candidate": _STOPS | {"shadow", "active"},
    "shadow": _STOPS | {"active"},
    "active": frozenset({"retired", "rejected"}),
    "retired": frozenset({"active", "rejected"}),
    "rejected": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}


def check_transition(what: str, present: State, following: State) -> None:
    """Raise IllegalTransition unless `following` may come after `present`."""
    if following not in _NEXT[present]:
        raise IllegalTransition(f"{what} is {present}; it cannot become {following}")
