"""All boundaries of one home: those of the house, and the classifiers that files declare.

A file of the home stands in for the shipped one of its name. Files are read again when they
change. Knows nothing of calls or examples; the labels in use are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from valence.boundaries import BOUNDARIES
from valence.boundaries.base import Boundary
from valence.boundaries.classifier import Classifier
from valence.boundaries.declared import read_declared
from valence.boundaries.intent import SHIPPED, floor_of, seed_of
from valence.boundaries.labels import Labels
from valence.errors import ConfigError, UnknownBoundary

SeenOf = Callable[[str, Sequence[str]], Mapping[str, Sequence[str]]]
"""(boundary, heads) → the labels that its examples have so far, by head."""


def _nothing(_: str, __: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {}


class Boundaries:
    """The boundaries by name."""

    def __init__(self, folder: Path, seen: SeenOf = _nothing) -> None:
        """`folder` is the home's, of TOML files; it need not exist."""
        self.folder = folder
        self._seen = seen
        self._read: dict[Path, tuple[int, Classifier]] = {}

    def names(self) -> list[str]:
        """The house's in the order of the data's way, then those that files declare, sorted."""
        return [*BOUNDARIES, *self.classifiers()]

    def classifiers(self) -> list[str]:
        """Those that files declare, sorted, but for the broken ones."""
        return sorted(self._files().keys() - self.broken().keys())

    def broken(self) -> dict[str, ConfigError]:
        """What is wrong with files of the home that declare no classifier, by their names."""
        found = {}
        for file in sorted(self.folder.glob("*.toml")):
            try:
                self._require_free(file)
                self.classifier(file.stem)
            except ConfigError as error:
                found[file.stem] = error
        return found

    def get(self, name: str) -> Boundary[Any, Any]:
        """The boundary of that name. Raises UnknownBoundary that lists those there are, and
        ConfigError where its file declares none."""
        if name in BOUNDARIES:
            return BOUNDARIES[name]
        return self.classifier(name)

    def classifier(self, name: str) -> Classifier:
        """The classifier of that name. Raises as `get` does."""
        file = self._files().get(name)
        if file is None:
            raise UnknownBoundary(
                f"there is no {'classifier' if name in BOUNDARIES else 'boundary'} {name!r}",
                do=f"Take one of: {', '.join(self.names())}, or name its heads in "
                f"{self.folder / 'NAME.toml'}",
            )
        changed = file.stat().st_mtime_ns
        known = self._read.get(file)
        if known is None or known[0] != changed:
            known = (changed, self._made(file))
            self._read[file] = known
        return known[1]

    def scheduled(self, name: str) -> bool:
        """Whether the classifier is to be trained at a time of the week."""
        return self.classifier(name).declared.schedule is not None

    def seed(self, name: str) -> list[tuple[str, Labels]]:
        """The annotated messages that come with a boundary."""
        return [] if name in BOUNDARIES else seed_of(self.classifier(name))

    def _files(self) -> dict[str, Path]:
        own = {file.stem: file for file in self.folder.glob("*.toml")}
        return {SHIPPED.stem: SHIPPED} | {name: own[name] for name in own.keys() - BOUNDARIES}

    def _require_free(self, file: Path) -> None:
        if file.stem in BOUNDARIES:
            raise ConfigError(
                f"{file.stem} is a boundary already",
                where=str(file),
                do="Give the file another name",
            )

    def _made(self, file: Path) -> Classifier:
        declared = read_declared(file)
        heads = [head.name for head in declared.heads]
        return Classifier(declared, lambda: self._seen(declared.name, heads), floor_of(declared))
