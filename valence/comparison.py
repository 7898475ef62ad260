"""Two variants side by side on the held-out items that both have answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from store.evaluations import Item
from valence.app import Valence
from valence.errors import AdapterError
from valence.evaluation import compare
from valence.unit import load_unit, variant_of


@dataclass(frozen=True)
class Differing:
    """One item on which the two do not agree."""

    input: str
    reference: str
    first: str | None
    second: str | None


@dataclass(frozen=True)
class SideBySide:
    """The figures of both, the paired test, and where they differ."""

    items: int
    first_exact: float
    second_exact: float
    wins: int
    losses: int
    p_value: float
    differing: tuple[Differing, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_adapters(app: Valence, first: str, second: str) -> SideBySide:
    """Raises AdapterError where there is nothing that both have answered."""
    named = [app.stores.adapters.get(name) for name in (first, second) if name != "base"]
    if not named or len({adapter.boundary for adapter in named}) > 1:
        raise AdapterError("two adapters of one boundary, or one and `base`, can be compared")
    boundary = app.boundaries.get(named[0].boundary)
    examples = app.stores.examples.of(boundary.name, "test")
    ids = [example.id for example in examples]
    ours, theirs = (
        app.stores.evaluations.items_of(
            _variant(app, name, named[0].base_model, boundary), boundary.name, ids
        )
        for name in (first, second)
    )
    both = [e for e in examples if e.id in ours and e.id in theirs]
    if not both:
        raise AdapterError("there is no held-out item that both have answered")
    pairs = [(ours[e.id], theirs[e.id]) for e in both]
    test = compare([b.score for _, b in pairs], [a.score for a, _ in pairs])
    return SideBySide(
        items=len(both),
        first_exact=_share(a for a, _ in pairs),
        second_exact=_share(b for _, b in pairs),
        wins=test.wins,
        losses=test.losses,
        p_value=test.p_value,
        differing=tuple(
            Differing(e.input, e.output, a.output, b.output)
            for e, (a, b) in zip(both, pairs, strict=True)
            if a.correct != b.correct
        ),
    )


def _variant(app: Valence, name: str, base: str, boundary: Any) -> str:
    if name == "base":
        return variant_of(base, None, boundary.prompt_version)
    return load_unit(app.stores.adapters.get(name), app.locations.adapters).variant


def _share(items: Iterable[Item]) -> float:
    right = [item.correct for item in items]
    return sum(right) / len(right)
