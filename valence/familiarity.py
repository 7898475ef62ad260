"""What an adapter has seen in training, as far as a score asks for it: which relations.

Kept as hashes, so that what is forgotten cannot be read here. Knows examples and what a boundary
asks to be known; not how an adapter was trained, nor what the share is worth.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.errors import UnknownExample
from valence.boundaries.text import caseless
from valence.errors import AdapterError

if TYPE_CHECKING:
    from store.examples import Example
    from valence.app import Valence
    from valence.boundaries.base import Boundary

HASH = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class Familiar:
    """The relations of an adapter's training examples: the first 16 hex digits of the sha256 of
    each, case folded."""

    relations: frozenset[str]

    @classmethod
    def of(cls, boundary: Boundary[Any, Any], examples: Iterable[Example]) -> Familiar:
        """What these examples make familiar."""
        return cls(
            frozenset(
                _hashed(relation)
                for example in examples
                for relation in boundary.relations(
                    boundary.input_from_text(example.input),
                    boundary.output_from_text(example.output),
                )
            )
        )

    def share(self, relations: Sequence[str]) -> float:
        """Share of these relations that are familiar, 0 to 1; 0 where there are none."""
        known = sum(_hashed(relation) in self.relations for relation in relations)
        return known / len(relations) if relations else 0.0

    def to_json(self) -> dict[str, Any]:
        return {"relations": sorted(self.relations)}

    @classmethod
    def from_json(cls, data: object) -> Familiar:
        """Raises AdapterError where the data is nothing that `to_json` wrote."""
        found = data.get("relations") if isinstance(data, Mapping) else None
        if not isinstance(found, list) or not all(map(_is_hash, found)):
            raise AdapterError("what the adapter was trained on cannot be read")
        return cls(frozenset(found))


def familiar_with(
    app: Valence, boundary: Boundary[Any, Any], example_ids: Iterable[str]
) -> Familiar:
    """What an adapter trained on these examples is familiar with; those that have been forgotten
    since are left out."""
    return Familiar.of(boundary, _still_there(app, example_ids))


def _still_there(app: Valence, example_ids: Iterable[str]) -> Iterator[Example]:
    for example_id in example_ids:
        try:
            yield app.stores.examples.get(example_id)
        except UnknownExample:
            continue


def _hashed(relation: str) -> str:
    return hashlib.sha256(caseless(relation).encode()).hexdigest()[:16]


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and HASH.fullmatch(value) is not None
