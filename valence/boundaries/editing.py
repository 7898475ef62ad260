"""Changes to a classifier's file by name: one label that another stands for from now on.

The file keeps its comments; a shipped one is copied into the home first. Examples, calls and heads
are not touched: whatever reads them reads the old name as the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit

from valence.boundaries.classifier import Classifier, Head
from valence.boundaries.declared import declared_from
from valence.boundaries.intent import SHIPPED
from valence.boundaries.registry import Boundaries
from valence.errors import LabelError


def rename(boundaries: Boundaries, name: str, head: str, old: str, new: str) -> None:
    """Raises LabelError where there is no such label, or the new name is one already."""
    classifier = boundaries.classifier(name)
    used = _used(classifier, head)
    _require(old in used, f"there is no label {old!r} of {head!r}", used)
    _require(new not in used, f"{new!r} is a label already", do="`boundaries merge` joins two.")
    _stand_in(boundaries, classifier, head, old, new)


def merge(boundaries: Boundaries, name: str, head: str, old: str, new: str) -> None:
    """Has `new` stand for both. Raises LabelError unless both are labels, and two."""
    classifier = boundaries.classifier(name)
    used = _used(classifier, head)
    for label in (old, new):
        _require(label in used, f"there is no label {label!r} of {head!r}", used)
    _require(old != new, "one label cannot be merged with itself")
    _stand_in(boundaries, classifier, head, old, new)


def _used(classifier: Classifier, head: str) -> tuple[str, ...]:
    _require(head in classifier.heads, f"there is no head {head!r}", classifier.heads)
    return classifier.labels(head)


def _require(true: bool, what: str, known: Sequence[str] = (), do: str = "") -> None:
    if not true:
        raise LabelError(what, do=do or f"There are: {', '.join(known)}" if known or do else "")


def _stand_in(
    boundaries: Boundaries, classifier: Classifier, head: str, old: str, new: str
) -> None:
    own = boundaries.folder / f"{classifier.name}.toml"
    document = tomlkit.parse((own if own.exists() else SHIPPED).read_text("utf-8"))
    table = _table(document, classifier, head)
    [declared] = [each for each in classifier.declared.heads if each.name == head]
    table["aliases"] = _aliases(declared, old, new)
    if declared.labels:
        table["labels"] = _labels(declared, old, new)
    try:
        declared_from(classifier.name, document.unwrap())
    except ValueError as error:
        raise LabelError(f"{new!r} cannot be a label: {error}") from error
    _write(own, tomlkit.dumps(document))


def _table(document: tomlkit.TOMLDocument, classifier: Classifier, head: str) -> Any:
    """The head's table; heads that are a mere list become tables."""
    if isinstance(document["heads"], list):
        document["heads"] = {name: {} for name in classifier.heads}
    tables: Any = document["heads"]
    return tables[head]


def _aliases(head: Head, old: str, new: str) -> dict[str, str]:
    """With `new` for `old` and for all that `old` stood for; a name that stands is no alias."""
    moved = {name: new if stands == old else stands for name, stands in head.aliases.items()}
    return {name: stands for name, stands in (moved | {old: new}).items() if name != new}


def _labels(head: Head, old: str, new: str) -> list[str]:
    return list(dict.fromkeys(new if label == old else label for label in head.labels))


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(text, "utf-8")
    beside.replace(path)
