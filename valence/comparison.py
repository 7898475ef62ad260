"""Variants side by side on the held-out items that all of them have answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from store.adapters import Adapter
from store.evaluations import Item
from store.examples import Example
from valence.app import Valence
from valence.boundaries.base import Boundary
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


@dataclass(frozen=True)
class Answered:
    """One held-out item with an answer of each variant, in the order of `ItemByItem.names`."""

    input: str
    reference: str
    answers: tuple[Item, ...]

    @property
    def differs(self) -> bool:
        """Whether some are right and some are wrong."""
        return len({item.correct for item in self.answers}) > 1


@dataclass(frozen=True)
class ItemByItem:
    """`base`, `previous` (where there was one) and `candidate`; `exact` is the share that each
    has right."""

    names: tuple[str, ...]
    exact: tuple[float, ...]
    items: tuple[Answered, ...]


def compare_adapters(app: Valence, first: str, second: str) -> SideBySide:
    """Raises AdapterError where there is nothing that both have answered."""
    named = [app.stores.adapters.get(name) for name in (first, second) if name != "base"]
    if not named or len({adapter.boundary for adapter in named}) > 1:
        raise AdapterError("two adapters of one boundary, or one and `base`, can be compared")
    boundary = app.boundaries.get(named[0].boundary)
    base = named[0].base_model
    answered = _answered(app, boundary, [_variant(app, n, base, boundary) for n in (first, second)])
    if not answered:
        raise AdapterError("there is no held-out item that both have answered")
    pairs = [(ours, theirs) for _, (ours, theirs) in answered]
    test = compare([b.score for _, b in pairs], [a.score for a, _ in pairs])
    return SideBySide(
        items=len(pairs),
        first_exact=_share(a for a, _ in pairs),
        second_exact=_share(b for _, b in pairs),
        wins=test.wins,
        losses=test.losses,
        p_value=test.p_value,
        differing=tuple(
            Differing(e.input, e.output, a.output, b.output)
            for e, (a, b) in answered
            if a.correct != b.correct
        ),
    )


def item_by_item(app: Valence, adapter_id: str) -> ItemByItem:
    """The adapter beside its base and, where it had one, the adapter before it.

    Raises UnknownAdapter, and AdapterError where there is nothing that all have answered.
    """
    adapter = app.stores.adapters.get(adapter_id)
    boundary = app.boundaries.get(adapter.boundary)
    names = {"base": "base", "previous": _previous(app, adapter), "candidate": adapter.id}
    known = {name: variant for name, variant in names.items() if variant}
    variants = [_variant(app, id_, adapter.base_model, boundary) for id_ in known.values()]
    answered = _answered(app, boundary, variants)
    if not answered:
        raise AdapterError("there is no held-out item that all of them have answered")
    return ItemByItem(
        names=tuple(known),
        exact=tuple(_share(items[i] for _, items in answered) for i in range(len(known))),
        items=tuple(Answered(e.input, e.output, items) for e, items in answered),
    )


def _previous(app: Valence, adapter: Adapter) -> str | None:
    """The adapter that served when this one was judged by its run; None for the base."""
    kept = app.stores.evaluations.list(adapter.boundary) if adapter.run_id else []
    judged = (each.adapter_id for each in kept if each.run_id == adapter.run_id)
    return next((id for id in judged if id not in (None, adapter.id)), None)


def _answered(
    app: Valence, boundary: Boundary[Any, Any], variants: Sequence[str]
) -> list[tuple[Example, tuple[Item, ...]]]:
    """The held-out examples that every variant has answered, with the answers in their order."""
    examples = app.stores.examples.of(boundary.name, "test")
    ids = [example.id for example in examples]
    given = [app.stores.evaluations.items_of(v, boundary.name, ids) for v in variants]
    return [(e, tuple(g[e.id] for g in given)) for e in examples if all(e.id in g for g in given)]


def _variant(app: Valence, name: str, base: str, boundary: Boundary[Any, Any]) -> str:
    if name == "base":
        return variant_of(base, None, boundary.prompt_version)
    return load_unit(app.stores.adapters.get(name), app.locations.adapters).variant


def _share(items: Iterable[Item]) -> float:
    right = [item.correct for item in items]
    return sum(right) / len(right)
