"""Finding facts by structure: from the entities that a question names, one step or two.

A chain is judged by how much of the question its relations explain. It knows the graph and the
words of relations; it does not know other ways of finding, nor what is done with the facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from store.graph import Entity, Fact, Graph
from valence.boundaries.text import fold
from valence.conversation.questions import Question
from valence.memory.fitting import (
    BACKWARDS,
    IN_ORDER,
    Fit,
    f1,
    fit,
    in_order,
    in_time,
    of_kind,
    other_end,
    rest_of,
    spoken,
    stems,
)
from valence.memory.linking import Seed, link_parts, timed

Similar = Callable[[str, Sequence[str]], list[float]]
"""Cosines of one text with each of some others."""

AROUND = 200
"""Facts looked at around one entity, the newest first; a hub's others by their relation alone."""
OF_A_RELATION = 100
BRIDGES = 6
"""First facts that are followed to a second one, at most."""
ALONE = 0.6
"""How well every fact of an entity fits a question that asks nothing else."""
MISSED = 0.7
"""What is left of a fit that leaves a known relation of the question unexplained."""
MEANT = 0.15
"""Added to a cosine so that it compares with a fit of words."""
LEAST_MEANT = 0.35


@dataclass(frozen=True)
class Walked:
    """A fact at the end of a walk, the facts before it, and how well all that fits (0 to 1)."""

    fact: Fact
    score: float
    trail: tuple[Fact, ...] = ()
    by: str = "relation"
    shared: tuple[str, ...] = ()
    """Stems of the question that the relations explain."""


class Walker:
    """Walks the graph. `similar` compares meanings, where there is a model for that."""

    def __init__(self, graph: Graph, similar: Similar | None = None) -> None:
        self._graph = graph
        self._similar = similar

    def walk(self, question: Question, seeds: Sequence[Seed]) -> list[Walked]:
        """The facts around the named entities, best first; each fact once, with its best walk."""
        best: dict[str, Walked] = {}
        seeds = timed(question, seeds)
        for seed in seeds:
            for found in self._from(question, seed, seeds):
                known = best.get(found.fact.id)
                if known is None or found.score > known.score:
                    best[found.fact.id] = found
        scores = in_time(question, [(each.fact, each.score) for each in best.values()])
        walked = [replace(e, score=s) for e, s in zip(best.values(), scores, strict=True)]
        return sorted(walked, key=lambda each: -each.score)

    def _from(self, question: Question, seed: Seed, seeds: Sequence[Seed]) -> list[Walked]:
        rest = rest_of(question, seed.places)
        facts = self._around(seed.entity.id, rest)
        if not rest:
            return [Walked(fact, ALONE * _way(fact, seed.entity.id)) for fact in facts]
        named = {each.entity.id: each.places for each in seeds}
        fits = {name: _alone(name, rest) for name in {fact.relation for fact in facts}}
        near = [_near(question, fact, seed, named, fits[fact.relation]) for fact in facts]
        if facts and self._similar is not None and not any(each.score for each in near):
            return _by_meaning(question, seed, facts, self._similar)
        known = {stem for name in fits for stem in stems(name)}
        found = near + self._far(question, seed, near)
        missed = {part: _misses(part, rest, known) for part in {each.shared for each in found}}
        return [_less(each) if missed[each.shared] else each for each in found]

    def _far(self, question: Question, seed: Seed, near: list[Walked]) -> list[Walked]:
        """Two steps: from what fits in part to what the rest of the question asks of it."""
        bridges = sorted((each for each in near if each.score > 0), key=lambda each: -each.score)
        rest = rest_of(question, seed.places)
        found = []
        for bridge in (each.fact for each in bridges[:BRIDGES]):
            middle, _ = other_end(bridge, seed.entity.id)
            first = fit(bridge.relation, rest)
            left = rest - Counter(first.shared)
            if left and middle != seed.entity.id:
                facts = [each for each in self._named(middle, left, AROUND) if each.id != bridge.id]
                fits = {name: fit(name, left) for name in {fact.relation for fact in facts}}
                found += [
                    _two(question, seed, (bridge, first), (fact, fits[fact.relation]), middle)
                    for fact in facts
                ]
        return [each for each in found if each.score > 0]

    def _around(self, entity_id: str, rest: Counter[str]) -> list[Fact]:
        """Facts of the entity; of one with very many also those whose relation the question names,
        be they old."""
        facts = self._graph.facts_about([entity_id], limit=AROUND)
        named = self._named(entity_id, rest, OF_A_RELATION) if len(facts) == AROUND else []
        return list({fact.id: fact for fact in named + facts}.values())

    def _named(self, entity_id: str, rest: Counter[str], limit: int) -> list[Fact]:
        """Facts of the entity whose relation has words of the question."""
        wanted = [name for name in self._graph.relation_names() if not stems(name).isdisjoint(rest)]
        return self._graph.facts_about([entity_id], limit, wanted) if wanted else []


def fit_alone(question: Question, fact: Fact) -> float:
    """How well a fact fits a question that names one of its ends, in full or in part."""
    ends = (fact.subject_id, fact.subject), (fact.object_id, fact.object)
    named = [Entity(id=id, name=name, folded=fold(name)) for id, name in ends]
    seeds = timed(question, link_parts(question, named))
    places = {seed.entity.id: seed.places for seed in seeds}
    near = [
        _near(question, fact, seed, places, _alone(fact.relation, rest_of(question, seed.places)))
        for seed in seeds
    ]
    return max((each.score for each in near), default=0.0)


def _alone(relation: str, rest: Counter[str]) -> tuple[Fit, float]:
    """How a relation fits what is left of a question, where something is left; and how well."""
    found = fit(relation, rest)
    return found, f1([found], rest) if rest else ALONE


def _near(
    question: Question,
    fact: Fact,
    seed: Seed,
    named: dict[str, frozenset[int]],
    alone: tuple[Fit, float],
) -> Walked:
    """One step, whose relation fits as `alone` says. Where the other end is named too, it is
    explained as the first end is."""
    end, value = other_end(fact, seed.entity.id)
    if end in named and end != seed.entity.id:
        found, score = _alone(fact.relation, rest_of(question, seed.places | named[end]))
        kind = 1.0
    else:
        found, score = alone
        kind = of_kind(question.expected, value)
    return Walked(fact, score * kind * _way(fact, seed.entity.id), shared=found.shared)


def _two(
    question: Question, seed: Seed, near: tuple[Fact, Fit], far: tuple[Fact, Fit], middle: str
) -> Walked:
    (bridge, first), (fact, second) = near, far
    end, value = other_end(fact, middle)
    if end == seed.entity.id:
        return Walked(fact, 0.0)
    rest = rest_of(question, seed.places)
    fitting = f1([first, second], rest) * of_kind(question.expected, value)
    way = _way(bridge, seed.entity.id) * _way(fact, middle)
    bonus = IN_ORDER if in_order(question, seed.places, first, second) else 0.0
    shared = first.shared + second.shared
    return Walked(fact, min(1.0, fitting * way + bonus), (bridge,), "two relations", shared)


def _misses(shared: tuple[str, ...], rest: Counter[str], known: set[str]) -> bool:
    """Whether the question also names another relation of the entity: the birth date of a spouse
    is not one's own."""
    return not known.isdisjoint(rest - Counter(shared))


def _less(found: Walked) -> Walked:
    return Walked(found.fact, found.score * MISSED, found.trail, found.by, found.shared)


def _by_meaning(
    question: Question, seed: Seed, facts: list[Fact], similar: Similar
) -> list[Walked]:
    """No word is shared: what the relation means against what the question does."""
    asked = " ".join(
        token for place, token in enumerate(question.tokens) if place not in seed.places
    )
    relations = list(dict.fromkeys(spoken(fact.relation) for fact in facts))
    near = dict(zip(relations, similar(asked, relations), strict=True))
    found = []
    for fact in facts:
        kind = of_kind(question.expected, other_end(fact, seed.entity.id)[1])
        cosine = near[spoken(fact.relation)]
        score = min(0.95, cosine + MEANT) if cosine >= LEAST_MEANT else 0.0
        found.append(Walked(fact, score * kind * _way(fact, seed.entity.id), (), "meaning"))
    return found


def _way(fact: Fact, entity_id: str) -> float:
    return 1.0 if fact.subject_id == entity_id else BACKWARDS
