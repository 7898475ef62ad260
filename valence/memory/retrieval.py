"""Finding in memory what bears on a query: by meaning, by words, by structure, and all fused.

Each way gives a ranked list; the lists are fused by reciprocal rank (Cormack, Clarke and Büttcher
2009). A query whose finds have little to do with it is put differently and asked again, twice at
most. It finds and says why; it does not answer, and nothing of what it reads can instruct it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from store.episodes import Chunk, Episodes
from store.graph import Entity, Fact, Graph
from valence.conversation.questions import Question, content, keywords
from valence.memory.fitting import spoken
from valence.memory.linking import Seed, link, link_parts
from valence.memory.walking import Similar, Walked, Walker

Mode = Literal["hybrid", "vector", "text", "graph"]
Kind = Literal["fact", "chunk", "episode"]
Meaning = Callable[[str, int], list[tuple[str, float]]]
"""The ids of the chunks nearest in meaning to a text, with their cosines."""

RANK_CONSTANT = 60
WEIGHTS = {"graph": 3.0, "around": 0.5, "facts": 1.0, "text": 1.0, "meaning": 1.0}
"""A fact found by the words of its relation counts more than a piece of text; one that is merely
near to what was named counts less."""
DEPTH = 50
"""How far down each list is read; where filters will drop some of it, FILTERED times as far."""
FILTERED = 10
FITTING, COVERED, NEAR = 0.35, 0.5, 0.45
"""From where on a find is relevant: fit of a fact, share of the query's words in a text, cosine."""
PARTLY_NAMED = 20


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
class Item:
    """One find. `score` orders the finds of one query and means nothing beyond; `fit` is 0 to 1:
    how well a fact answers, how near a text is. `trail` are the facts that led to this one."""

    kind: Kind
    id: str
    text: str
    triple: tuple[str, str, str] | None
    score: float
    source: str | None
    recorded_at: str
    reason: str
    fit: float = 0.0
    fact: Fact | None = None
    trail: tuple[Fact, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract's record of a find."""
        return {
            "kind": self.kind,
            "id": self.id,
            "text": self.text,
            "triple": list(self.triple) if self.triple else None,
            "score": round(self.score, 6),
            "source": self.source,
            "recorded_at": self.recorded_at,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Found:
    """What a query came to: the finds, best first, the wordings tried, and whether any of the
    finds is relevant."""

    items: tuple[Item, ...]
    queries: tuple[str, ...]
    relevant: bool


class Retrieval:
    """Finds in one memory. `meaning` and `similar` are None where there is no embedding model."""

    def __init__(
        self,
        graph: Graph,
        episodes: Episodes,
        meaning: Meaning | None = None,
        similar: Similar | None = None,
    ) -> None:
        self._graph = graph
        self._episodes = episodes
        self._meaning = meaning
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
        walked = self._by_structure(question, seeds) if mode in ("hybrid", "graph") else {}
        tried: list[str] = []
        items: list[Item] = []
        for wording in self._wordings(question, seeds):
            tried.append(wording)
            found = self._once(question, wording, walked, mode, filters)
            items = items if items and not _relevant(question, found) else found
            if _relevant(question, items):
                break
        kept = _within(items[:limit], budget)
        return Found(kept, tuple(tried), _relevant(question, kept))

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

    def _once(
        self,
        question: Question,
        wording: str,
        walked: dict[str, list[Item]],
        mode: Mode,
        filters: Filters,
    ) -> list[Item]:
        lists = dict(walked)
        depth = DEPTH if filters == ANY else FILTERED * DEPTH
        if mode in ("hybrid", "text"):
            lists["facts"] = self._facts_by_words(wording, depth)
            lists["text"] = self._texts_by_words(question, wording, filters)
        if mode in ("hybrid", "vector"):
            lists["meaning"] = self._by_meaning(wording, depth)
        allowed = {
            name: [item for item in found if filters.allows(item.source, item.recorded_at)][:DEPTH]
            for name, found in lists.items()
        }
        return fuse(allowed)

    def _partly_named(self, question: Question) -> list[Seed]:
        """Entities whose name the query gives in part, where it names none in full."""
        words = [question.tokens[place] for place in question.stems]
        facts = [fact for fact, _ in self._graph.search(words, PARTLY_NAMED)]
        ends = {end for fact in facts for end in (fact.subject_id, fact.object_id)}
        return link_parts(question, self._graph.entities(ends).values())

    def _by_structure(self, question: Question, seeds: list[Seed]) -> dict[str, list[Item]]:
        """What does not depend on the wording: facts that fit, and others around what is named."""
        found = [_walked(each) for each in self._walker.walk(question, seeds)]
        fitting = [item for item in found if item.fit >= FITTING]
        return {"graph": fitting, "around": [i for i in found if i.fit < FITTING][:DEPTH]}

    def _facts_by_words(self, wording: str, depth: int) -> list[Item]:
        words = keywords([wording, *(spoken(word) for word in wording.split())])
        return [fact_item(fact, "has words of it") for fact, _ in self._graph.search(words, depth)]

    def _texts_by_words(self, question: Question, wording: str, filters: Filters) -> list[Item]:
        words = " ".join(keywords([wording])) or wording
        sources = filters.sources or frozenset()
        source = next(iter(sources)) if len(sources) == 1 else None
        found = self._episodes.search(words, DEPTH, since=filters.since, source=source)
        return [
            _text_item(chunk, "has words of it", _coverage(question, chunk)) for chunk, _ in found
        ]

    def _by_meaning(self, wording: str, depth: int) -> list[Item]:
        if self._meaning is None:
            return []
        near = self._meaning(wording, depth)
        chunks = self._episodes.by_ids(chunk_id for chunk_id, _ in near)
        return [
            _text_item(chunks[chunk_id], "near in meaning", cosine - NEAR + COVERED)
            for chunk_id, cosine in near
            if chunk_id in chunks
        ]


def fuse(lists: dict[str, list[Item]]) -> list[Item]:
    """One list of several: each item scores weight / (60 + rank) in every list that has it."""
    scores: dict[str, float] = {}
    best: dict[str, Item] = {}
    reasons: dict[str, dict[str, None]] = {}
    for name, items in lists.items():
        for rank, item in enumerate(items, start=1):
            scores[item.id] = scores.get(item.id, 0.0) + WEIGHTS[name] / (RANK_CONSTANT + rank)
            reasons.setdefault(item.id, {})[item.reason] = None
            if item.id not in best or item.fit > best[item.id].fit:
                best[item.id] = item
    fused = [
        replace(item, score=scores[id], reason="; ".join(reasons[id])) for id, item in best.items()
    ]
    return sorted(fused, key=lambda item: -item.score)


def tokens(text: str) -> int:
    """About how many tokens a text has: one for four bytes."""
    return len(text.encode()) // 4 + 1


def fact_text(fact: Fact) -> str:
    """A fact as a line of text."""
    return f"{fact.subject} | {spoken(fact.relation)} | {fact.object}"


def _walked(found: Walked) -> Item:
    if found.trail:
        bridge = found.trail[0]
        reason = f"{found.by}: by {bridge.subject} | {spoken(bridge.relation)} | {bridge.object}"
    else:
        reason = f"{found.by} of what is named" if found.score else "about what is named"
    return replace(fact_item(found.fact, reason), fit=found.score, trail=found.trail)


def fact_item(fact: Fact, reason: str) -> Item:
    """A fact as a find."""
    return Item(
        "fact", fact.id, fact_text(fact), fact.triple, 0.0, fact.source_id, fact.recorded_at,
        reason, fact=fact,
    )  # fmt: skip


def _text_item(chunk: Chunk, reason: str, fit: float) -> Item:
    return Item(
        chunk.kind, chunk.id, chunk.text, None, 0.0, chunk.source_id, chunk.recorded_at, reason, fit
    )


def _coverage(question: Question, chunk: Chunk) -> float:
    """Share of the query's words that stand in the text, 0 to 1."""
    wanted = {stem for stems in question.stems.values() for stem in stems}
    return len(wanted & set(content(chunk.text))) / len(wanted) if wanted else 0.0


def _relevant(question: Question, items: Sequence[Item]) -> bool:
    """Whether anything that was found has to do with the query."""
    return any(item.fit >= (FITTING if item.kind == "fact" else COVERED) for item in items)


def _within(items: Sequence[Item], budget: int | None) -> tuple[Item, ...]:
    """The items whose texts fit into the budget together, best first; what is too long is passed
    over."""
    if budget is None:
        return tuple(items)
    kept = []
    for item in items:
        size = tokens(item.text)
        if size <= budget:
            budget -= size
            kept.append(item)
    return tuple(kept)
