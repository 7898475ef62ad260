"""Entities that are alike: by the meaning of their names, and by their place in the graph.

Vectors lie in SQLite and are searched exactly, from memory. It does not know how an embedding is
made (`Embeds`), nor what is concluded from a likeness. numpy is loaded at the first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from store.events import Events
from store.graph import Entity, Graph
from store.vectors import Mark, Vectors

if TYPE_CHECKING:
    from models.topology import Blend, Links, Matrix

HELD_OUT = 0.1
MOST_HELD_OUT = 500
GROWTH = 0.1
SMALLEST = 50
FITTED = "topology fitted"


class Embeds(Protocol):
    """Makes vectors of texts, of length one, and says which model it is."""

    @property
    def name(self) -> str:
        """The model with its revision."""
        ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text."""
        ...


class EntityVectors:
    """The vectors of one model over the entities, in memory, as new as the database."""

    def __init__(self, graph: Graph, model: str) -> None:
        self.model = model
        self.vectors = Vectors(graph.db)
        self._ids: list[str] = []
        self._rows: Matrix | None = None
        self._mark = Mark()

    def nearest(self, wanted: Matrix, limit: int) -> list[list[tuple[str, float]]]:
        """For each row of `wanted`, the ids of the nearest entities with their cosine."""
        import numpy as np

        rows = self._fresh()
        if rows is None:
            return [[] for _ in wanted]
        cosines = wanted @ rows.T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :limit]
        return [
            [(self._ids[i], float(line[i])) for i in best]
            for line, best in zip(cosines, order, strict=True)
        ]

    def of(self, entity_id: str) -> Matrix | None:
        """The vector of one entity (1, d), None where there is none."""
        return next((rows for _, rows in self.vectors.read(self.model, [entity_id])), None)

    def _fresh(self) -> Matrix | None:
        mark = self.vectors.mark("entity", self.model)
        if mark != self._mark:
            added = self.vectors.ids("entity", self.model, self._mark.last)
            if self._mark.count + len(added) != mark.count:  # some are gone or made anew
                self._ids, self._rows = [], None
                added = self.vectors.ids("entity", self.model)
            self._append(added)
            self._mark = mark
        return self._rows

    def _append(self, added: Sequence[str]) -> None:
        import numpy as np

        for ids, rows in self.vectors.read(self.model, added):
            self._ids += ids
            self._rows = rows if self._rows is None else np.concatenate([self._rows, rows])


class AlikeNames:
    """Entities by the meaning of their names; every entity gets its vector when it is first
    needed, so that none has to be there before."""

    def __init__(self, graph: Graph, embedder: Embeds) -> None:
        self._graph = graph
        self._embedder = embedder

    @cached_property
    def entities(self) -> EntityVectors:
        """The vectors of the embedder's model."""
        return EntityVectors(self._graph, self._embedder.name)

    def near(self, names: Sequence[str], limit: int) -> list[list[tuple[str, float]]]:
        """For each name, the entities whose names are nearest, with their cosine."""
        return self.entities.nearest(self._embedder.embed(list(names)), limit)

    def add(self, entities: Sequence[Entity]) -> None:
        """Embed these names and keep the vectors."""
        vectors = self._embedder.embed([entity.name for entity in entities])
        ids = [entity.id for entity in entities]
        self.entities.vectors.add("entity", self.entities.model, ids, vectors)

    def catch_up(self, limit: int = 256) -> list[Entity]:
        """Embed up to `limit` entities that have no vector of this model yet, newest first; which
        they were, for `Knowledge.resolve`."""
        waiting = self._graph.without_vector(self.entities.model, limit)
        if waiting:
            self.add(waiting)
        return waiting


class AlikePlaces:
    """Entities by names and links together, fitted on the graph as it is (models/topology.py)."""

    def __init__(self, graph: Graph, names: AlikeNames) -> None:
        self._graph = graph
        self._names = names
        self._events = Events(graph.db)

    @cached_property
    def entities(self) -> EntityVectors:
        """The blended vectors."""
        return EntityVectors(self._graph, f"topology+{self._names.entities.model}")

    @property
    def due(self) -> bool:
        """Whether the graph has grown by a tenth since it was last fitted."""
        return self._graph.count() >= max(SMALLEST, (1 + GROWTH) * self._fitted())

    def similar(self, entity_id: str, limit: int = 10) -> list[tuple[Entity, float]]:
        """Entities like this one, with their likeness up to 1; by names alone before the first
        `fit`. Empty for an entity without a vector."""
        for vectors in (self.entities, self._names.entities):
            own = vectors.of(entity_id)
            if own is not None:
                found = vectors.nearest(own, limit + 1)[0]
                entities = self._graph.entities(each for each, _ in found)
                return [
                    (entities[each], likeness)
                    for each, likeness in found
                    if each in entities and each != entity_id
                ][:limit]
        return []

    def fit(self) -> Blend:
        """Fit the blend on links held out (a tenth, at most 500), then keep a vector an entity that
        has one of its name; an event keeps what came of it."""
        from models.topology import blended, degrees, embed, fit_blend, hold_out

        ids, text, links = self._arrays(self._names.entities)
        share = min(HELD_OUT, MOST_HELD_OUT / max(1, len(links)))
        kept, held_out = hold_out(links, share, seed=0)
        blend = fit_blend(text, embed(kept, len(ids)), kept, held_out)
        shape = embed(links, len(ids))
        vectors = blended(text, shape, blend.weights(degrees(links, len(ids))))
        with self._graph.db.transaction():
            self.entities.vectors.add("entity", self.entities.model, ids, vectors)
            self._events.record(
                FITTED, facts=self._graph.count(), text=blend.text, alone_from=blend.alone_from
            )
        return blend

    def counterparts(self) -> list[tuple[Entity, Entity]]:
        """Pairs of entities that may be one thing under two names (models/counterparts.py)."""
        from models.counterparts import counterparts

        ids, vectors, links = self._arrays(self.entities)
        pairs = counterparts(vectors, links)
        entities = self._graph.entities(ids[place] for pair in pairs for place in pair)
        return [(entities[ids[a]], entities[ids[b]]) for a, b in pairs]

    def _arrays(self, which: EntityVectors) -> tuple[list[str], Matrix, Links]:
        """Entities with one of these vectors, the vectors, and the links between them."""
        import numpy as np

        kept = which.vectors
        pages = list(kept.read(which.model, kept.ids("entity", which.model)))
        ids = [each for page, _ in pages for each in page]
        place = {each: number for number, each in enumerate(ids)}
        pairs = [(place[a], place[b]) for a, b in self._graph.links() if a in place and b in place]
        text = np.concatenate([rows for _, rows in pages]) if pages else np.zeros((0, 1), "f4")
        return ids, text, np.array(pairs, np.int64).reshape(-1, 2)

    def _fitted(self) -> int:
        """How many facts there were when it was last fitted."""
        last = self._events.list(1, kind=FITTED)
        return int(last[0].detail["facts"]) if last else 0
