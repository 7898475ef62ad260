"""Learning facts into the graph: which entity a name means, what is new, what disagrees.

A name is looked up as it is written, then among aliases, then among names that are alike; only
those that differ in accents, spaces or an article are joined without a question, and no joining
is for good (`Graph.unmerge`). What disagrees is kept and shown, never overwritten. It does
not know where triples come from, nor how likeness is measured (`Alike`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Protocol

from store.candidates import Candidates
from store.graph import Entity, Fact, Graph, NewFact, Provenance
from valence.boundaries.text import clean
from valence.boundaries.triples import Triple
from valence.memory.naming import entity_key, relation_key, same_letters, same_numbers

CANDIDATE = 0.85
"""Cosine from which on it is worth asking whether two names mean one thing. It never answers that:
of the pairs of names in WebNLG above 0.96 half are two things ("17L/35R" and "17R/35L", a club
and its second team). Only names of the same letters are joined unasked."""
LOOKED_AT = 3

FUNCTIONAL_SUBJECTS = 10
FUNCTIONAL_SHARE = 0.9
FUNCTIONAL_AT_FIRST = frozenset({
    "age", "birth date", "birth place", "born in", "born on", "capital", "date of birth",
    "date of death", "death date", "death place", "place of birth",
})  # fmt: skip
"""Relations (folded) with one object a subject, as long as too few subjects are known to tell."""


class Alike(Protocol):
    """Finds names by meaning. Cosines from -1 to 1, the nearest first."""

    def near(self, names: Sequence[str], limit: int) -> list[list[tuple[str, float]]]:
        """For each name, ids of entities with their cosine."""
        ...

    def add(self, entities: Sequence[Entity]) -> None:
        """Names that can be found from now on."""
        ...


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Facts of one subject that cannot all be true: `relation` (folded) has shown itself to have
    one object a subject. Newest first."""

    subject: str
    relation: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class _Names:
    """The names of some triples: surface by key, and what is already known of them."""

    surfaces: dict[str, str]
    known: dict[str, Entity]

    @property
    def new(self) -> dict[str, str]:
        return {key: name for key, name in self.surfaces.items() if key not in self.known}


@dataclass(frozen=True)
class _Place:
    """What a new name is to the names that are alike: another name of one, or perhaps of some."""

    into: str | None = None
    candidates: tuple[str, ...] = ()


class Knowledge:
    """The graph as Valence learns into it. Without `alike` names are compared as written; names
    that are alike wait to be asked about (valence/memory/resolving.py)."""

    def __init__(self, graph: Graph, alike: Alike | None = None) -> None:
        self.graph = graph
        self._alike = alike
        self._candidates = Candidates(graph.db)

    def find(self, name: str) -> Entity | None:
        """The entity of that name or alias, however it is written; None when it is unknown."""
        return self.graph.entity(entity_key(name))

    def learn(
        self,
        triples: Iterable[Triple],
        provenance: Provenance,
        valid_from: str | None = None,
        valid_to: str | None = None,
    ) -> list[Fact]:
        """Keep the facts of one text, in one transaction; a fact that is there is reinforced.

        Returns each fact once, in the order of the triples; triples with an empty part are left
        out. Times of the world are ISO 8601. What now disagrees is told by `contradictions`.
        """
        cleaned = [(clean(s), clean(r), clean(o)) for s, r, o in triples]
        whole = [triple for triple in dict.fromkeys(cleaned) if all(triple)]
        names = self._names(whole)
        places = self._places(names.new)  # outside of the transaction: reading and asking take time
        with self.graph.db.transaction():
            meant = names.known | self._make(names.new, places)
            facts = [
                self._keep(triple, meant, provenance, (valid_from, valid_to)) for triple in whole
            ]
        self._embed(meant[key] for key in names.new)
        return list({fact.id: fact for fact in facts}.values())

    def resolve(self, entities: Iterable[Entity]) -> None:
        """Look for other names of entities that were learnt before their names could be compared;
        of two that are one thing, the older stands."""
        here = [entity for entity in entities if entity.merged_into is None]
        if self._alike is None or not here:
            return
        found = self._alike.near([entity.name for entity in here], 1 + LOOKED_AT)
        for entity, near in zip(here, found, strict=True):
            place = self._place(entity.name, [each for each in near if each[0] != entity.id])
            with self.graph.db.transaction():
                self._settle(entity, place)

    def propose(self, pairs: Iterable[tuple[Entity, Entity]]) -> None:
        """Pairs that may be one thing by more than their names; they are asked about unless their
        numbers differ or somebody has said that they are two."""
        for one, other in pairs:
            if same_numbers(one.name, other.name):
                with self.graph.db.transaction():
                    self._settle(one, _Place(candidates=(other.id,)))

    def correct(self, fact_id: str, triple: Triple, provenance: Provenance) -> Fact:
        """A person's better version of a fact: the old one is believed no longer, and stays to be
        seen. Raises UnknownFact."""
        with self.graph.db.transaction():
            old = self.graph.get(fact_id)
            (fact,) = self.learn([triple], replace(provenance, origin="correction"))
            if fact.id != old.id:
                self.graph.supersede(old.id, fact.id)
        return fact

    def contradictions(
        self, subjects: Iterable[str] | None = None, limit: int = 100
    ) -> list[Contradiction]:
        """Believed facts that disagree, of these entities (ids) or of all."""
        pairs = self._pairs_of(subjects) if subjects is not None else self._all_pairs()
        return list(islice(self._disagreeing(pairs), limit))

    def settle(self, contradiction: Contradiction, holds: str) -> list[Fact]:
        """A person says which fact (id) holds: those that cannot be true beside it are believed no
        longer, for its sake. Returns them; `Graph.believe_again` takes each back."""
        chosen = next(fact for fact in contradiction.facts if fact.id == holds)
        with self.graph.db.transaction():
            return [
                self.graph.supersede(fact.id, chosen.id)
                for fact in contradiction.facts
                if _disagree(fact, chosen)
            ]

    def is_functional(self, relation: str) -> bool:
        """Whether the relation (folded) has one object a subject: in what is known of at least
        FUNCTIONAL_SUBJECTS subjects FUNCTIONAL_SHARE have; of fewer, as the relation is taken."""
        subjects, single = self.graph.shape(relation)
        if subjects < FUNCTIONAL_SUBJECTS:
            return relation in FUNCTIONAL_AT_FIRST
        return single >= FUNCTIONAL_SHARE * subjects

    def _disagreeing(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Contradiction]:
        for subject, relation in pairs:
            facts = _disputed(self.graph.facts(subject, relation))
            if facts:
                name = facts[0].subject
                yield Contradiction(subject=name, relation=relation, facts=tuple(facts))

    def _names(self, triples: Sequence[Triple]) -> _Names:
        names = [name for subject, _, object in triples for name in (subject, object)]
        surfaces = {entity_key(name): name for name in reversed(names)}
        found = {key: self.graph.spelled(key) or self.graph.entity(key) for key in surfaces}
        known = {key: entity for key, entity in found.items() if entity is not None}
        return _Names(dict(reversed(surfaces.items())), known)

    def _places(self, new: dict[str, str]) -> dict[str, _Place]:
        """For each new key, what its name is to those that are alike."""
        if self._alike is None or not new:
            return {}
        found = self._alike.near(list(new.values()), LOOKED_AT)
        return {
            key: self._place(name, near)
            for (key, name), near in zip(new.items(), found, strict=True)
        }

    def _place(self, name: str, near: Sequence[tuple[str, float]]) -> _Place:
        others = self.graph.entities(each for each, _ in near)
        candidates: list[str] = []
        for other, cosine in ((others[each], cosine) for each, cosine in near if each in others):
            same = self._judge(name, other.name, cosine)
            if same:
                return _Place(into=other.id)
            if same is None:
                candidates.append(other.id)
        return _Place(candidates=tuple(candidates))

    def _judge(self, name: str, other: str, cosine: float) -> bool | None:
        """None where it is to be asked."""
        if cosine < CANDIDATE or not same_numbers(name, other):
            return False
        return True if same_letters(name, other) else None

    def _make(self, new: dict[str, str], places: dict[str, _Place]) -> dict[str, Entity]:
        made = self.graph.add_entities((name, key) for key, name in new.items())
        for key, place in places.items():
            self._settle(made[key], place)
        return made

    def _settle(self, entity: Entity, place: _Place) -> None:
        """Joins or proposes, but for what somebody has said to be two things."""
        roots = self.graph.entities([entity.id, *filter(None, [place.into]), *place.candidates])
        own = roots.pop(entity.id)
        for asked, other in roots.items():
            if other.id == own.id or self._candidates.are_different(entity, other):
                continue
            if asked == place.into:
                self._candidates.join(own, other)
            else:
                self._candidates.propose(entity, other)

    def _keep(
        self,
        triple: Triple,
        meant: dict[str, Entity],
        provenance: Provenance,
        valid: tuple[str | None, str | None],
    ) -> Fact:
        subject, relation, object = triple
        here, there = meant[entity_key(subject)], meant[entity_key(object)]
        key = relation_key(relation)
        same = self._same(here, key, there, valid)
        if same is not None:
            return self.graph.reinforce(same.id, provenance)
        return self.graph.add_fact(
            NewFact(
                subject_id=here.id,
                relation=relation,
                relation_folded=key,
                object_id=there.id,
                provenance=provenance,
                valid_from=valid[0],
                valid_to=valid[1],
            )
        )

    def _same(
        self, subject: Entity, relation: str, object: Entity, valid: tuple[str | None, str | None]
    ) -> Fact | None:
        """The oldest fact that says this of the same time."""
        found = self.graph.facts(subject.id, relation, object.id)
        return next((f for f in reversed(found) if (f.valid_from, f.valid_to) == valid), None)

    def _embed(self, entities: Iterable[Entity]) -> None:
        new = list(entities)
        if self._alike is not None and new:
            self._alike.add(new)

    def _pairs_of(self, subjects: Iterable[str]) -> Iterator[tuple[str, str]]:
        for subject in subjects:
            relations = dict.fromkeys(f.relation_folded for f in self.graph.facts(subject))
            yield from ((subject, each) for each in relations if self.is_functional(each))

    def _all_pairs(self) -> Iterator[tuple[str, str]]:
        for relation in self.graph.relations():
            if self.is_functional(relation):
                yield from ((each, relation) for each in self.graph.with_several(relation))


def _disputed(facts: Sequence[Fact]) -> list[Fact]:
    """Those that say something else of a time than another one says of it."""
    against = {each.id for a, b in combinations(facts, 2) if _disagree(a, b) for each in (a, b)}
    return [fact for fact in facts if fact.id in against]


def _disagree(a: Fact, b: Fact) -> bool:
    return a.object_id != b.object_id and _overlap(a, b) and not _says_more(a.object, b.object)


def _says_more(a: str, b: str) -> bool:
    """Whether one is the other, said more exactly: "3 May 1980" and "1980"."""
    ours, theirs = set(entity_key(a).split()), set(entity_key(b).split())
    return ours <= theirs or theirs <= ours


def _overlap(a: Fact, b: Fact) -> bool:
    """Whether both hold at some time; an unknown end is open."""
    return _before(a.valid_from, b.valid_to) and _before(b.valid_from, a.valid_to)


def _before(start: str | None, end: str | None) -> bool:
    return start is None or end is None or start < end
