"""How well a fact answers a question: the words of its relation against those of the question.

Words are compared by their stems; a relation that the builtin writer knows is also compared by the
verb it is said with (`birthPlace`: "was born"). It knows neither the graph nor how facts are found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from models.builtin_words import PREDICATES, camel, spaced
from store.graph import Fact
from valence.conversation.questions import Expected, Question, content

ENOUGH = 0.6
"""How well a fact must fit to be given as the answer, 0 to 1."""
BACKWARDS = 0.9
"""A fact read from its object to its subject fits a little less."""
WRONG_KIND = 0.6
"""What is left of a fit where the value is of another kind than the question's first word wants."""
IN_ORDER = 0.05
"""How much better a chain fits whose nearer relation stands nearer to the name."""
ABOUT = 0.2
NOT_THEN = 0.6
"""What is left of a fit where the fact does not hold at the time that is asked about, and another
one does whose fit is worse by ABOUT at most."""

_TIMELIKE = re.compile(
    r"\d{4}|\d{1,2}[:.]\d{2}|\b(?:january|february|march|april|may|june|july|august|september|"
    r"october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|"
    r"yesterday|tomorrow)\b",
    re.IGNORECASE,
)
_NUMBERLIKE = re.compile(r"\d")


@dataclass(frozen=True)
class Fit:
    """The words that a relation and a question share, and how many the relation has."""

    shared: tuple[str, ...]
    size: int


def rest_of(question: Question, places: Collection[int]) -> Counter[str]:
    """The stems of the question without those at these places."""
    return Counter(
        stem for place, stems in question.stems.items() if place not in places for stem in stems
    )


def fit(relation: str, rest: Counter[str]) -> Fit:
    """The wording of the relation that shares most with what is left of the question."""
    fits = [Fit(tuple((Counter(form) & rest).elements()), len(form)) for form in forms(relation)]
    return max(fits, key=lambda each: (f1([each], rest), -each.size))


def f1(fits: Collection[Fit], rest: Counter[str]) -> float:
    """Between the words of the relations on a path and those of the question, 0 to 1."""
    shared = sum(len(each.shared) for each in fits)
    size = sum(each.size for each in fits)
    return 2 * shared / (size + rest.total()) if shared else 0.0


def of_kind(expected: Expected, value: str) -> float:
    """1 where the value is of the kind that the question expects, else WRONG_KIND."""
    timelike, numberlike = bool(_TIMELIKE.search(value)), bool(_NUMBERLIKE.search(value))
    fitting = {"time": timelike, "number": numberlike, "name": not numberlike, "": True}[expected]
    return 1.0 if fitting else WRONG_KIND


def in_time(question: Question, rated: Sequence[tuple[Fact, float]]) -> list[float]:
    """The fits again: less where something else fits about as well and holds at the time that is
    asked about, and this is not known to."""
    when = question.when
    then = [when is None or when.holds(fact.period) for fact, _ in rated]
    best = max((fit for (_, fit), holds in zip(rated, then, strict=True) if holds), default=0.0)
    return [
        fit if holds or best < max(ENOUGH, fit - ABOUT) else NOT_THEN * fit
        for (_, fit), holds in zip(rated, then, strict=True)
    ]


def in_order(question: Question, name: Collection[int], near: Fit, far: Fit) -> bool:
    """Whether the nearer relation's words stand nearer to the name: `the far of the near of X`."""
    return _distance(question, name, near) <= _distance(question, name, far)


@cache
def forms(relation: str) -> tuple[tuple[str, ...], ...]:
    """The wordings of a relation, each as stems; there is at least one."""
    written = content(relation) or (relation.casefold(),)
    head, _ = PREDICATES.get(camel(relation), ("", ""))
    said = content(head)
    return (written, said) if said else (written,)


@cache
def stems(relation: str) -> frozenset[str]:
    """The stems of all wordings of a relation."""
    return frozenset(stem for form in forms(relation) for stem in form)


def spoken(relation: str) -> str:
    """The relation in plain words, as a person would write it: `birth place`."""
    return spaced(relation)


def other_end(fact: Fact, entity_id: str) -> tuple[str, str]:
    """Id and name of what stands opposite the entity in a fact."""
    if fact.subject_id == entity_id:
        return fact.object_id, fact.object
    return fact.subject_id, fact.subject


def _distance(question: Question, name: Collection[int], part: Fit) -> float:
    places = [i for i, stems in question.stems.items() if set(stems) & set(part.shared)]
    gaps = [min(abs(place - each) for each in name) for place in places] if name else []
    return sum(gaps) / len(gaps) if gaps else 0.0
