"""The graph as a whole: its centre and its communities."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from store.graph import Provenance
from valence.app import Valence
from valence.memory.shape import Shape, shape_of


def star(centre: str, size: int) -> list[tuple[str, str, str]]:
    names = [f"{centre} {number}" for number in range(size)]
    spokes = [(name, "knows", centre) for name in names]
    return spokes + [(a, "knows", b) for a, b in pairwise(names)]


def test_centres_and_communities_of_two_circles(open_app: Callable[..., Valence]) -> None:
    memory = open_app().memory
    assert shape_of(memory.graph) == Shape(0, (), ())
    bridge = [("Anna", "knows", "Boris"), ("Anna", "knows", "Anna")]
    memory.knowledge.learn([*star("Anna", 6), *star("Boris", 4), *bridge], Provenance())
    shape = shape_of(memory.graph, limit=2)
    assert shape == shape_of(memory.graph, limit=2)
    assert shape.linked == 12
    assert [entity.name for entity, _ in shape.central] == ["Anna", "Boris"]
    assert [(group.size, group.members[0].name) for group in shape.communities] == [
        (7, "Anna"),
        (5, "Boris"),
    ]
