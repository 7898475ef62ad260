"""Names of boundaries on the command line: those of the house and of this home's classifiers."""

from __future__ import annotations

import click

from valence.boundaries.registry import Boundaries
from valence.cli.output import note
from valence.locations import find_locations


class BoundaryName(click.ParamType[str]):
    """A name that there is; of a classifier alone where asked for. Anything else is wrong usage."""

    name = "name"

    def __init__(self, classifiers_only: bool = False) -> None:
        self._classifiers_only = classifiers_only

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        boundaries = Boundaries(find_locations().boundaries)
        known = boundaries.classifiers() if self._classifiers_only else boundaries.names()
        if value not in known:
            if problem := boundaries.broken().get(value):
                raise click.ClickException(str(problem))
            self.fail(f"there is no boundary {value!r}; there are {', '.join(known)}", param, ctx)
        return value


def tell_broken(boundaries: Boundaries) -> None:
    """Says which files of the home were passed over, and why."""
    for problem in boundaries.broken().values():
        note(f"passed over: {problem}")


BOUNDARY = BoundaryName()
CLASSIFIER = BoundaryName(classifiers_only=True)
