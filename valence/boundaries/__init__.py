"""The boundaries of this house, by name. Adding one is adding a file and a line here; a classifier
is a TOML file in the home's folder (`valence.boundaries.registry`)."""

from __future__ import annotations

from typing import Any

from valence.boundaries.answer import AnswerFrom
from valence.boundaries.base import Boundary
from valence.boundaries.decompose import Decompose
from valence.boundaries.recompose import Recompose
from valence.boundaries.same_thing import SameThing
from valence.errors import UnknownBoundary

BOUNDARIES: dict[str, Boundary[Any, Any]] = {
    boundary.name: boundary for boundary in (Decompose(), Recompose(), AnswerFrom(), SameThing())
}


def get(name: str) -> Boundary[Any, Any]:
    """The boundary of that name. Raises UnknownBoundary that lists those there are."""
    try:
        return BOUNDARIES[name]
    except KeyError:
        known = ", ".join(BOUNDARIES)
        raise UnknownBoundary(
            f"there is no boundary {name!r}", do=f"Take one of: {known}"
        ) from None


__all__ = ["BOUNDARIES", "Boundary", "get"]
