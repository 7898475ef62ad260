"""The graph as a whole: the entities that most hangs on, and which of them belong together.

PageRank (Page et al. 1999) and Louvain communities (Blondel et al. 2008) by networkx, loaded only
when somebody asks. The same facts give the same shape. It does not know what entities mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.graph import Entity, Graph

SHOWN = 5
"""Members of a community that are named, the most central first."""


@dataclass(frozen=True)
class Community:
    """Entities with more links among each other than to others: how many, and some of them."""

    size: int
    members: tuple[Entity, ...]


@dataclass(frozen=True)
class Shape:
    """How many entities are linked, those most hangs on (with their share of it, together 1 over
    all), and the largest communities."""

    linked: int
    central: tuple[tuple[Entity, float], ...]
    communities: tuple[Community, ...]


def shape_of(graph: Graph, limit: int = 10) -> Shape:
    """The `limit` most central entities and largest communities of what is believed now."""
    import networkx

    links = networkx.Graph(sorted(set(graph.links())))
    links.remove_edges_from(list(networkx.selfloop_edges(links)))
    if not links:
        return Shape(0, (), ())
    shares = networkx.pagerank(links)
    by_share = sorted(shares, key=lambda id: (-shares[id], id))
    place = {id: number for number, id in enumerate(by_share)}
    groups = [
        sorted(group, key=place.__getitem__)
        for group in networkx.community.louvain_communities(links, seed=0)
    ]
    largest = sorted(groups, key=lambda group: (-len(group), place[group[0]]))[:limit]
    shown = [id for group in largest for id in group[:SHOWN]]
    entities = graph.entities([*by_share[:limit], *shown])
    return Shape(
        linked=len(links),
        central=tuple((entities[id], shares[id]) for id in by_share[:limit]),
        communities=tuple(
            Community(len(group), tuple(entities[id] for id in group[:SHOWN])) for group in largest
        ),
    )
