"""From the words of a question to the entities that they name.

Names are looked up as they are folded, the longest first. It knows no facts, and does not guess:
a name that nobody has told is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from store.graph import Entity
from valence.conversation.questions import SPEAKER, Question
from valence.memory.naming import entity_key, has_signs

Names = Callable[[Iterable[str]], dict[str, list[Entity]]]
"""The entities that each of many folded names may mean."""

MOST_TOKENS = 64
LONGEST_NAME = 12
MOST_MEANINGS = 3


@dataclass(frozen=True)
class Seed:
    """An entity that a question names, and the places of the name among the question's tokens."""

    entity: Entity
    places: frozenset[int]


def link(question: Question, names: Names) -> list[Seed]:
    """The entities named in the question; of names that overlap the longest counts."""
    spans = _spans(question)
    known = names(dict.fromkeys(name for several in spans.values() for name in several))
    seeds: list[Seed] = []
    taken: set[int] = set()
    for (start, stop), several in sorted(spans.items(), key=lambda item: item[0][0] - item[0][1]):
        places = frozenset(range(start, stop))
        meant = [entity for name in several for entity in known.get(name, [])]
        if meant and not places & taken:
            taken |= places
            seeds += [Seed(entity, places) for entity in meant[:MOST_MEANINGS]]
    return seeds


def link_parts(question: Question, entities: Iterable[Entity]) -> list[Seed]:
    """Of these entities those whose name the question gives in part: `Lovelace`."""
    seeds = []
    for entity in entities:
        words = set(entity.folded.split())
        places = frozenset(i for i in question.stems if question.tokens[i] in words)
        if places and 2 * len(places) >= len(words):
            seeds.append(Seed(entity, places))
    return seeds


def timed(question: Question, seeds: Sequence[Seed]) -> list[Seed]:
    """The seeds with the words that name the time asked about, unless one of them is that time:
    when a fact held is not for its relation to say."""
    if any(seed.places & question.time_places for seed in seeds):
        return list(seeds)
    return [Seed(seed.entity, seed.places | question.time_places) for seed in seeds]


def _spans(question: Question) -> dict[tuple[int, int], tuple[str, ...]]:
    """Every run of tokens that may be a name, with the keys that it may be known by. Words of
    grammar alone name nothing, but for those that mean the speaker."""
    tokens = question.tokens[:MOST_TOKENS]
    signs = has_signs(question.text)
    spans: dict[tuple[int, int], tuple[str, ...]] = {
        (start, stop): _keys(question, start, stop) if signs else (" ".join(tokens[start:stop]),)
        for start in range(len(tokens))
        for stop in range(start + 1, min(start + LONGEST_NAME, len(tokens)) + 1)
        if any(place in question.stems for place in range(start, stop))
    }
    speaker = {(i, i + 1): (SPEAKER[token],) for i, token in enumerate(tokens) if token in SPEAKER}
    return spans | speaker


def _keys(question: Question, start: int, stop: int) -> tuple[str, ...]:
    """The folded words, and where signs belong to the name (`C++`, `-7`) its own key."""
    folded = " ".join(question.tokens[start:stop])
    written = question.written(start, stop)
    return tuple(dict.fromkeys((folded, entity_key(written)))) if written else (folded,)
