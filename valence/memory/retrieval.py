"""Finding in memory what bears on a query: by meaning, by words, by structure, and all fused.

The ways are gone at the same time, each in a thread of its own; each gives a ranked list, and the
lists are fused by reciprocal rank (Cormack, Clarke and Büttcher 2009). A query whose finds have
little to do with it is put differently and asked again, twice at most. It finds and says why; it
does not answer, and nothing of what it reads can instruct it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Literal

from store.episodes import Episodes
from store.graph import Entity, Graph
from valence.conversation.questions import Question, content, keywords
from valence.memory.finds import (
    Item,
    fact_item,
    fact_text,
    fuse,
    text_item,
    tokens,
    within,
)
from valence.memory.fitting import ENOUGH, rest_of, spoken
from valence.memory.linking import Seed, link, link_parts
from valence.memory.walking import Similar, Walked, Walker

__all__ = ["Filters", "Found", "Item", "Mode", "Retrieval", "fact_item", "fact_text", "tokens"]

Mode = Literal["hybrid", "vector", "text", "graph"]
Meaning = Callable[[str, int], list[tuple[str, float]]]
"""The ids of the chunks nearest in meaning to a text, with their cosines."""
Like = Callable[[str, int], list[tuple[Entity, float]]]
"""The entities most like one (by its id), with their likeness."""
Lists = dict[str, list[Item]]
Way = Callable[[], Lists]
"""One way of finding: its lists by their names, best first."""

DEPTH = 50
"""How far down each list is read; where filters will drop some of it, FILTERED times as far."""
FILTERED = 10
FITTING, COVERED, NEAR = 0.35, 0.5, 0.45
"""From where on a find is relevant: fit of a fact, share of the query's words in a text, cosine."""
PARTLY_NAMED = 20
ALIKE = 30
"""Entities like a named one whose facts are looked at where its own do not answer."""
SUGGESTS = 0.3
"""What a fit counts for where the fact is of another entity: it suggests and never answers."""
WAYS = 3
"""Threads beside the caller's: words of facts, words of texts, meaning. SQLite and numpy do their
work outside of Python's lock."""


@dataclass(frozen=True)
class Filters:
    """What finds must be: recorded from `since` to before `until` (ISO 8601), from these
    sources; None for any."""

    since: str | None = None
    until: str | None = None
    sources: frozenset[str] | None = None

    def allows(self, source: str | None, recorded_at: str) -> bool:
        return (
            (self.since is None or recorded_at >= self.since)
            and (self.until is None or recorded_at < self.until)
            and (self.sources is None or source in self.sources)
        )


ANY = Filters()


@dataclass(frozen=True)
class Found:
    """What a query came to: the finds, best first, the wordings tried, and whether any of the
    finds is relevant."""

    items: tuple[Item, ...]
    queries: tuple[str, ...]
    relevant: bool


class Retrieval:
    """Finds in one memory. `meaning`, `similar` and `like` are None where there is no embedding
    model."""

    def __init__(
        self,
        graph: Graph,
        episodes: Episodes,
        meaning: Meaning | None = None,
        similar: Similar | None = None,
        like: Like | None = None,
    ) -> None:
        self._graph = graph
        self._episodes = episodes
        self._meaning = meaning
        self._like = like
        self._walker = Walker(graph, similar)

    def search(
        self,
        query: str,
        mode: Mode = "hybrid",
        limit: int = 10,
        filters: Filters = ANY,
        budget: int | None = None,
        about: Sequence[Entity] = (),
    ) -> Found:
        """The finds for a query, within `budget` tokens of text where one is given.

        `about` are entities that the query may mean without naming them.
        """
        question = Question(query)
        seeds = self._seeds(question, about)
        walk = cache(partial(self._by_structure, question, seeds, mode))
        tried: list[str] = []
        items: list[Item] = []
        for wording in self._wordings(question, seeds):
            tried.append(wording)
            lists = self._lists(walk, self._ways(wording, mode, filters))
            found = [_judged(question, item) for item in fuse(_evidence(lists, filters), limit)]
            items = items if items and not _relevant(found) else found
            if _relevant(items):
                break
        kept = within(items, budget)
        return Found(kept, tuple(tried), _relevant(kept))

    def _seeds(self, question: Question, about: Sequence[Entity]) -> list[Seed]:
        """What the question names, else what it names in part; and what it points back to."""
        seeds = link(question, self._graph.named) or self._partly_named(question)
        if question.looks_back or not (seeds or question.stems):
            seeds = seeds + [Seed(entity, frozenset()) for entity in about]
        return seeds

    def _wordings(self, question: Question, seeds: list[Seed]) -> list[str]:
        """The query as it stands; its words that carry meaning with other names of what it names;
        the names alone. Wordings of the same words are one."""
        names = [seed.entity.name for seed in seeds]
        others = [alias for seed in seeds for alias in self._graph.aliases(seed.entity.id)]
        wordings = (
            question.text,
            " ".join([*keywords([question.text]), *others]),
            " ".join(dict.fromkeys(names + others)),
        )
        different: dict[frozenset[str], str] = {}
        for wording in filter(str.strip, wordings):
            different.setdefault(frozenset(keywords([wording])), wording)
        return list(different.values())

    def _ways(self, wording: str, mode: Mode, filters: Filters) -> list[Way]:
        """The ways of this mode that depend on the wording."""
        depth = DEPTH if filters == ANY else FILTERED * DEPTH
        ways: list[Way] = []
        if mode in ("hybrid", "text"):
            ways.append(partial(self._facts_by_words, wording, depth))
            ways.append(partial(self._texts_by_words, wording, filters))
        if mode in ("hybrid", "vector") and self._meaning is not None:
            ways.append(partial(self._by_meaning, self._meaning, wording, depth))
        return ways

    def _lists(self, walk: Way, ways: Sequence[Way]) -> Lists:
        """What comes of walking the graph in this thread, and of the other ways meanwhile; always
        in this order, whichever is first."""
        under_way = [self._threads.submit(way) for way in ways]
        lists = dict(walk())
        for job in under_way:
            lists |= job.result()
        return lists

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(WAYS, thread_name_prefix="retrieval")

    def _partly_named(self, question: Question) -> list[Seed]:
        """Entities whose name the query gives in part, where it names none in full."""
        words = [question.tokens[place] for place in question.stems]
        facts = [fact for fact, _ in self._graph.search(words, PARTLY_NAMED)]
        ends = {end for fact in facts for end in (fact.subject_id, fact.object_id)}
        return link_parts(question, self._graph.entities(ends).values())

    def _by_structure(self, question: Question, seeds: list[Seed], mode: Mode) -> Lists:
        """What does not depend on the wording: facts that fit, and others around what is named."""
        if mode not in ("hybrid", "graph"):
            return {}
        found = self._walker.walk(question, seeds)
        fitting = [each for each in found if each.score >= FITTING]
        around = [each for each in found if each.score < FITTING][:DEPTH]
        answered = any(each.score >= ENOUGH for each in fitting)
        alike = [] if answered else self._of_alike(question, seeds)
        return {
            "graph": list(map(_walked, fitting)),
            "around": list(map(_walked, around)),
            "like": alike,
        }

    def _of_alike(self, question: Question, seeds: list[Seed]) -> list[Item]:
        """What is known of the entities most like those that are named, where it is what the
        question asks of these."""
        like = self._like or (lambda entity_id, limit: [])
        pairs = [
            (seed, Seed(entity, seed.places))
            for seed in seeds
            if rest_of(question, seed.places)
            for entity, _ in like(seed.entity.id, ALIKE)
        ]
        walker = Walker(self._graph)
        found = [
            _suggested(each, seed, other)
            for seed, other in pairs
            for each in walker.walk(question, [other])
            if each.score >= ENOUGH and not each.trail
        ]
        return list({item.id: item for item in reversed(found)}.values())[::-1]

    def _facts_by_words(self, wording: str, depth: int) -> Lists:
        words = keywords([wording, *(spoken(word) for word in wording.split())])
        found = self._graph.search(words, depth)
        return {"facts": [fact_item(fact, "has words of it") for fact, _ in found]}

    def _texts_by_words(self, wording: str, filters: Filters) -> Lists:
        words = " ".join(keywords([wording])) or wording
        sources = filters.sources or frozenset()
        source = next(iter(sources)) if len(sources) == 1 else None
        found = self._episodes.search(words, DEPTH, since=filters.since, source=source)
        return {"text": [text_item(chunk, "has words of it") for chunk, _ in found]}

    def _by_meaning(self, meaning: Meaning, wording: str, depth: int) -> Lists:
        near = meaning(wording, depth)
        chunks = self._episodes.by_ids(chunk_id for chunk_id, _ in near)
        found = [
            text_item(chunks[chunk_id], "near in meaning", cosine - NEAR + COVERED)
            for chunk_id, cosine in near
            if chunk_id in chunks
        ]
        return {"meaning": found}


def _evidence(lists: Lists, filters: Filters) -> Lists:
    """The lists as far as the filters allow. A fact that fits by the words of its relation is not
    found by these words once more: that would count one evidence twice."""
    fitting = {item.id for item in lists.get("graph", [])}
    facts = [item for item in lists.get("facts", []) if item.id not in fitting]
    return {
        name: [item for item in items if filters.allows(item.source, item.recorded_at)][:DEPTH]
        for name, items in (lists | {"facts": facts}).items()
    }


def _walked(found: Walked) -> Item:
    if found.trail:
        bridge = found.trail[0]
        reason = f"{found.by}: by {bridge.subject} | {spoken(bridge.relation)} | {bridge.object}"
    else:
        reason = f"{found.by} of what is named" if found.score else "about what is named"
    return fact_item(found.fact, reason, found.score, found.trail)


def _suggested(found: Walked, named: Seed, other: Seed) -> Item:
    reason = f"{other.entity.name} is like {named.entity.name}"
    return fact_item(found.fact, reason, SUGGESTS * found.score)


def _judged(question: Question, item: Item) -> Item:
    """A piece of text fits as its meaning is near, or as it has the words of the query."""
    if item.fact is not None:
        return item
    wanted = {stem for stems in question.stems.values() for stem in stems}
    covered = len(wanted & set(content(item.text))) / len(wanted) if wanted else 0.0
    return replace(item, fit=max(item.fit, covered))


def _relevant(items: Sequence[Item]) -> bool:
    """Whether anything that was found has to do with the query."""
    return any(item.fit >= (FITTING if item.kind == "fact" else COVERED) for item in items)
