"""Whether two names mean one thing: asked of a model once a pair, and of a person at any time.

What embeddings find alike is only a question, the likeliest asked first, outside of any
transaction and when nobody waits; yes joins the names (which can be undone), no keeps them apart
for good, and what the model cannot tell is left to the person. It does not know how names come to
be proposed, nor what makes a pair likely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from store.candidates import Candidates
from store.graph import Entity, Fact, Graph
from store.sources import Sources
from valence.memory.called import entity_called
from valence.memory.finds import fact_text
from valence.memory.naming import entity_key

if TYPE_CHECKING:
    from valence.boundaries.same_thing import Pair, Thing
    from valence.router import Answer

SameThing = Callable[["Pair", bool], "Answer | None"]
"""One call of the boundary `same_thing`, and whether it may become an example; None where there is
nobody who could tell."""

Order = Callable[[Sequence[tuple[Entity, Entity]]], Sequence[tuple[Entity, Entity]]]
"""Pairs of names, those first that are to be asked about first."""

PAIRS = 8
"""Questions that one quiet moment asks."""
CHOSEN_FROM = 1000
"""Pairs that are put in order for that, those that wait longest."""
FACTS = 12
"""What is known of each of the two, the newest first."""


class Resolution:
    """Settles the names of one graph."""

    def __init__(self, graph: Graph, same_thing: SameThing, order: Order = list) -> None:
        self._graph = graph
        self._sources = Sources(graph.db)
        self._candidates = Candidates(graph.db)
        self._same_thing = same_thing
        self._order = order

    def ask(self, most: int = PAIRS) -> list[Answer]:
        """Asks about up to `most` pairs; the calls that were made, to be learnt from."""
        calls = []
        waiting = self._candidates.unasked(CHOSEN_FROM)
        for one, other in self._order(waiting)[:most] if len(waiting) > most else waiting:
            answer = self._asked(one, other)
            if answer is None or answer.call.route == "builtin":
                break  # nobody is there; the pair waits until somebody is
            calls.append(answer)
            self._settle(one, other, answer)
        return calls

    def join(self, name: str, other: str) -> Entity:
        """Both names mean one thing, as a person says; the entity that stands for it. Raises
        UnknownEntity."""
        return self._candidates.join(self._itself(name), self._itself(other))

    def part(self, name: str, other: str) -> None:
        """The names mean two things, as a person says, also where they had been joined. Raises
        UnknownEntity."""
        self._candidates.part(self._itself(name), self._itself(other))

    def _itself(self, name: str) -> Entity:
        """The entity of that very name, also where another one stands for it."""
        return self._graph.spelled(entity_key(name)) or entity_called(self._graph, name)

    def _asked(self, one: Entity, other: Entity) -> Answer | None:
        facts = [self._graph.facts_about([each.id], limit=FACTS) for each in (one, other)]
        pair = _thing(one, facts[0]), _thing(other, facts[1])
        return self._same_thing(pair, self._trusted(fact for each in facts for fact in each))

    def _settle(self, one: Entity, other: Entity, answer: Answer) -> None:
        vetoed = answer.boundary.vetoes(answer.value, answer.output)
        if answer.output == "yes" and not vetoed:
            self._candidates.join(one, other)
        elif answer.output == "no":
            self._candidates.part(one, other)
        else:
            self._candidates.leave_open(one, other)

    def _trusted(self, facts: Iterable[Fact]) -> bool:
        ids = {fact.source_id for fact in facts if fact.source_id}
        return all(self._sources.get(id).trusted for id in ids)


def _thing(entity: Entity, facts: list[Fact]) -> Thing:
    return entity.name, tuple(map(fact_text, facts))
