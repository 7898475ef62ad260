"""Sentences out of facts: one to three facts of one subject, in many constructions.

Order of mention is order of facts. Knows nothing of how facts are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from base_names import Rng
from base_relations import Relation


@dataclass(frozen=True)
class Thing:
    """Something texts speak of: its name, its kind, what to call it ("city"), its pronoun."""

    name: str
    kind: str
    head: str
    pronoun: str

    @property
    def relative(self) -> str:
        """The relative pronoun."""
        return "who" if self.kind == "person" else "which"


@dataclass(frozen=True)
class Fact:
    """One triple to be said; several objects mean several triples with one predicate."""

    subject: Thing
    relation: Relation
    objects: tuple[str, ...]

    @property
    def triples(self) -> list[tuple[str, str, str]]:
        """(subject, relation, object) for each object."""
        return [(self.subject.name, self.relation.label, value) for value in self.objects]

    @property
    def said(self) -> str:
        """The objects as a text lists them: "A", "A and B", "A, B and C"."""
        *others, last = (quoted(value, self.relation.kind) for value in self.objects)
        return f"{', '.join(others)} and {last}" if others else last


_UNFIT_TO_OPEN = ("who ", "whose ", "which ", "where ", "or ", "its ", "ISBN ")
_NOUN_FORMS = (
    "The {n} of {s} is {o}", "{s}'s {n} is {o}", "The {n} of {s} was {o}",
    "{o} is the {n} of {s}", "The {n} for {s} is {o}", "{s}'s {n} was {o}",
    "As for {s}, the {n} is {o}", "{o} is {s}'s {n}", "{s} ({n}: {o})", "{s} has {o} as {n}",
)  # fmt: skip
_PLURAL_FORMS = (
    "The {n}s of {s} are {o}",
    "{s}'s {n}s are {o}",
    "Among the {n}s of {s} are {o}",
    "{o} are {n}s of {s}",
)
_FIRST = (
    "{s} {p}",
    "{s} {p}",
    "{s} {p}",
    "It is known that {s} {p}",
    "Today {s} {p}",
    "{s} also {p}",
)


def quoted(name: str, kind: str) -> str:
    """A work's name, sometimes in quotation marks: by its length, so that a text is consistent."""
    return f'"{name}"' if kind == "work" and len(name) % 4 == 0 else name


def _inside(name: str) -> str:
    """A subject inside a sentence: "it" for "It", "the city" for "The city", names as they are."""
    referring = name in ("He", "She", "It") or (name.startswith("The ") and name[4:].islower())
    return name[0].lower() + name[1:] if referring else name


def _fill(template: str, subject: str, fact: Fact) -> str:
    """A phrasing with its subject and objects in place."""
    said = fact.said
    if said[0] in "aeiou":
        template = template.replace(" a {o}", " an {o}").replace("A {o}", "An {o}")
    return template.replace("{n}", fact.relation.noun).replace("{s}", subject).replace("{o}", said)


def _predicate(rng: Rng, fact: Fact) -> str:
    """One predicate, such as "was born in Fordham"."""
    return _fill(rng.choice(fact.relation.predicates), "", fact)


def _aside(rng: Rng, fact: Fact) -> str:
    """What stands between commas; a relative clause where the relation has nothing shorter."""
    clause = f"{fact.subject.relative} {_predicate(rng, fact)}"
    if not fact.relation.asides or rng.random() < 0.3:
        return clause
    return _fill(rng.choice(fact.relation.asides), "", fact)


def _whole(rng: Rng, name: str, fact: Fact) -> str:
    """A sentence that is not subject and predicate: a noun form or the other order."""
    relation = fact.relation
    plural = len(fact.objects) > 1
    nouns = (_PLURAL_FORMS if plural else _NOUN_FORMS) if relation.noun else ()
    inverses = () if plural else relation.inverses
    forms = (*nouns, *inverses, *inverses)
    return _fill(rng.choice(forms), name, fact) if forms else f"{name} {_predicate(rng, fact)}"


def _one(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """One fact. Pronouns and "the city" stand in subject position only."""
    (fact,) = facts
    if rng.random() < 0.55 or name != quoted(fact.subject.name, fact.subject.kind):
        shape = rng.choice(_FIRST)
        return _fill(
            shape.replace("{p}", _predicate(rng, fact)),
            name if shape[0] == "{" else _inside(name),
            fact,
        )
    return _whole(rng, name, fact)


def _coordinated(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """ "S p1 and p2", "S p1, p2 and p3"."""
    *others, last = (_predicate(rng, fact) for fact in facts)
    joint = rng.choice(
        (
            " and ",
            " and ",
            ", and ",
            " and it also " if facts[0].subject.kind != "person" else " and also ",
        )
    )
    return f"{name} {', '.join(others)}{joint}{last}"


def _with_aside(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """ "S, aside1, p2 and p3"."""
    return f"{name}, {_aside(rng, facts[0])}, {_rest(rng, facts[1:])}"


def _opened(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """ "Aside1, S p2 and p3"."""
    aside = _aside(rng, facts[0])
    if aside.startswith(_UNFIT_TO_OPEN):
        return f"{name}, {aside}, {_rest(rng, facts[1:])}"
    return f"{aside[0].upper()}{aside[1:]}, {_inside(name)} {_rest(rng, facts[1:])}"


def _in_brackets(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """ "S (aside1) p2 and p3"."""
    return f"{name} ({_aside(rng, facts[0])}) {_rest(rng, facts[1:])}"


def _whole_then(rng: Rng, name: str, facts: Sequence[Fact]) -> str:
    """A noun form or the other order, then a clause with a pronoun."""
    if name != quoted(facts[0].subject.name, facts[0].subject.kind):
        return _coordinated(rng, name, facts)
    joint = rng.choice((" and ", ", and ", "; ", ", while "))
    pronoun = facts[0].subject.pronoun.lower()
    return f"{_whole(rng, name, facts[0])}{joint}{pronoun} {_rest(rng, facts[1:])}"


def _rest(rng: Rng, facts: Sequence[Fact]) -> str:
    """The remaining predicates, coordinated."""
    return " and ".join(_predicate(rng, fact) for fact in facts)


_Construction = Callable[[Rng, str, Sequence[Fact]], str]
_MANY: tuple[_Construction, ...] = (
    _coordinated,
    _coordinated,
    _with_aside,
    _with_aside,
    _opened,
    _in_brackets,
    _whole_then,
)


def sentence(rng: Rng, facts: Sequence[Fact], again: bool) -> str:
    """One sentence for one to three facts of one subject, without its final stop.

    `again`: the subject was spoken of before.
    """
    thing = facts[0].subject
    name = quoted(thing.name, thing.kind)
    if again:
        name = rng.choice((thing.pronoun, thing.pronoun, f"The {thing.head}", name))
    construct = _one if len(facts) == 1 else rng.choice(_MANY)
    return construct(rng, name, facts)


def chained(rng: Rng, first: str, fact: Fact) -> str | None:
    """`first` with a clause on the fact's subject; None where `first` does not end with it."""
    name = quoted(fact.subject.name, fact.subject.kind)
    if not first.endswith(name) or first == name:
        return None
    aside = _aside(rng, fact)
    return rng.choice(
        (
            f"{first}, {aside}",
            f"{first} ({aside})",
            f"{first}, {fact.subject.relative} {_predicate(rng, fact)}",
        )
    )
