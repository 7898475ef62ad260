"""What an adapter has seen in training, as far as a score asks for it: facts, and what they join.

Kept as hashes in a file beside its weights, so that what is forgotten cannot be read there. Knows
examples and what a boundary asks to be known; not how an adapter was trained, nor what it is worth.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import UnknownExample
from valence.boundaries.text import caseless
from valence.errors import AdapterError

if TYPE_CHECKING:
    from store.examples import Example
    from valence.app import Valence
    from valence.boundaries.base import Boundary
    from valence.boundaries.triples import Triple

FILE = "familiar.json"


@dataclass(frozen=True)
class Familiar:
    """The facts of an adapter's training examples by the first 16 hex digits of a sha256, case
    folded: how many distinct ones of each pair of subject and object, and the facts themselves."""

    pairs: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, boundary: Boundary[Any, Any], examples: Iterable[Example]) -> Familiar:
        """What these examples make familiar."""
        facts = {
            tuple(map(caseless, fact))
            for example in examples
            if (output := boundary.as_now(example.output)) is not None
            for fact in boundary.facts(
                boundary.input_from_text(example.input), boundary.output_from_text(output)
            )
        }
        return cls(
            _counts(_hashed(subject, object) for subject, _, object in facts),
            _counts(_hashed(*fact) for fact in facts),
        )

    def features(self, facts: Sequence[Triple]) -> dict[str, float]:
        """Shares of these facts, 0 to 1, and 0 where there are none: `fact_known`, the fact is
        familiar; `fact_rivalled`, its subject and object are, under another relation."""
        folded = [tuple(map(caseless, fact)) for fact in facts]
        known = [_hashed(*fact) in self.facts for fact in folded]
        pairs = [self.pairs.get(_hashed(subject, object), 0) for subject, _, object in folded]
        return {
            "fact_known": _share(known),
            "fact_rivalled": _share([n > own for n, own in zip(pairs, known, strict=True)]),
        }

    def save(self, folder: Path) -> None:
        """Writes it into an adapter's folder."""
        (folder / FILE).write_text(self._text, "utf-8")

    @property
    def sha256(self) -> str:
        """Of what `save` writes."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    @property
    def _text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def load(cls, folder: Path, sha256: object) -> Familiar:
        """Raises AdapterError where what was saved is not there, or not as it was."""
        try:
            familiar = cls(**json.loads((folder / FILE).read_text("utf-8")))
            if familiar.sha256 != sha256:
                raise ValueError("it has changed")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise AdapterError("what the adapter was trained on cannot be read") from error
        return familiar


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


def _counts(hashes: Iterable[str]) -> dict[str, int]:
    return dict(Counter(hashes))


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _hashed(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
