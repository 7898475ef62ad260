"""Labels of a message, one a head, as a value: what is unknown is not there.

Normal form, JSON, and the names that mean the same. Knows no boundary and no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from valence.boundaries.text import clean
from valence.errors import InvalidOutput

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""(head, label) pairs in the order of the heads; a head without a pair is unknown."""

Aliases: TypeAlias = Mapping[str, Mapping[str, str]]
"""By head: a label's earlier or other name → the one that stands for both now."""

MOST_CHARACTERS = 60
UNKNOWN = frozenset({"", "unknown", "none", "null", "n/a"})
"""What a model writes where it should write null."""


def labels_from_json(data: object, heads: Sequence[str], aliases: Aliases) -> Labels:
    """The labels of {head: label or null}, with or without {"labels": …} around it.

    Raises InvalidOutput unless exactly the heads have values, each of them a name or null.
    """
    found = _by_head(data, heads)
    if strange := [name for name in found if name not in heads]:
        raise InvalidOutput(f"there is no head {strange[0]!r}, only {', '.join(heads)}")
    if missing := [head for head in heads if head not in found]:
        raise InvalidOutput(f"there is no label for {missing[0]!r}; null means unknown")
    pairs = ((head, _label(head, found[head], aliases)) for head in heads)
    return tuple((head, label) for head, label in pairs if label is not None)


def labels_told(data: object, heads: Sequence[str], aliases: Aliases) -> dict[str, str | None]:
    """What labels that were kept say of those of the heads that they name: the file may have named
    other heads then. Raises InvalidOutput."""
    found = _by_head(data, heads)
    return {head: _label(head, found[head], aliases) for head in heads if head in found}


def labels_to_json(labels: Labels, heads: Sequence[str]) -> dict[str, Any]:
    """{"labels": {head: label or null}}, every head there."""
    known = dict(labels)
    return {"labels": {head: known.get(head) for head in heads}}


def agreement(labels: Labels, reference: Labels, heads: Sequence[str]) -> float:
    """Share of the heads on which both say the same, unknown included."""
    ours, theirs = dict(labels), dict(reference)
    return sum(ours.get(head) == theirs.get(head) for head in heads) / len(heads)


def standing(head: str, label: str, aliases: Aliases) -> str:
    """The name that stands for a label now."""
    return aliases.get(head, {}).get(label, label)


def _by_head(data: object, heads: Sequence[str]) -> Mapping[str, object]:
    found = data.get("labels", data) if isinstance(data, Mapping) else data
    if not isinstance(found, Mapping):
        raise InvalidOutput(f"labels are an object of {', '.join(heads)}")
    return found


def _label(head: str, value: object, aliases: Aliases) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidOutput(f"the label of {head!r} is neither a name nor null")
    label = clean(value)
    if label.casefold() in UNKNOWN:
        return None
    if len(label) > MOST_CHARACTERS or not label.isprintable():
        raise InvalidOutput(
            f"the label of {head!r} is no name of at most {MOST_CHARACTERS} characters"
        )
    return standing(head, label, aliases)
