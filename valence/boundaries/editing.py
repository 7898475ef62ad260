"""Changes to a classifier's file by name: a label that another stands for from now on, or two that
stay two.

The file keeps its comments; a shipped one is copied into the home first. Examples, calls and heads
are not touched: whatever reads them reads the old name as the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit

from store.whole import write_whole
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
    _require_two(classifier, head, old, new)
    _stand_in(boundaries, classifier, head, old, new)


def part(boundaries: Boundaries, name: str, head: str, one: str, other: str) -> None:
    """Has two labels stay two: they are not proposed as one again. Raises as `merge`."""
    classifier = boundaries.classifier(name)
    _require_two(classifier, head, one, other)
    apart = [list(pair) for pair in classifier.declared.head(head).apart]
    _edit(boundaries, classifier, head, {"apart": [*apart, [one, other]]})


def _require_two(classifier: Classifier, head: str, one: str, other: str) -> None:
    used = _used(classifier, head)
    for label in (one, other):
        _require(label in used, f"there is no label {label!r} of {head!r}", used)
    _require(one != other, f"{one!r} and {other!r} are one label already")


def _used(classifier: Classifier, head: str) -> tuple[str, ...]:
    _require(head in classifier.heads, f"there is no head {head!r}", classifier.heads)
    return classifier.labels(head)


def _require(true: bool, what: str, known: Sequence[str] = (), do: str = "") -> None:
    if not true:
        raise LabelError(what, do=do or f"There are: {', '.join(known)}" if known or do else "")


def _stand_in(
    boundaries: Boundaries, classifier: Classifier, head: str, old: str, new: str
) -> None:
    declared = classifier.declared.head(head)
    changes: dict[str, Any] = {"aliases": _aliases(declared, old, new)}
    if declared.labels:
        changes["labels"] = _labels(declared, old, new)
    _edit(boundaries, classifier, head, changes)


def _edit(
    boundaries: Boundaries, classifier: Classifier, head: str, changes: Mapping[str, Any]
) -> None:
    """Puts these keys into the head's table."""
    own = boundaries.folder / f"{classifier.name}.toml"
    document = tomlkit.parse((own if own.exists() else SHIPPED).read_text("utf-8"))
    _table(document, classifier, head).update(changes)
    try:
        declared_from(classifier.name, document.unwrap())
    except ValueError as error:
        raise LabelError(f"that cannot be a label: {error}") from error
    own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(own, tomlkit.dumps(document))


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
