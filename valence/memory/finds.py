"""What a search finds, and how ranked lists of finds become one list.

Values only. It does not know how anything is found, nor what is done with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from store.episodes import Chunk
from store.graph import Fact
from valence.memory.fitting import spoken
from valence.memory.holding import in_words

Kind = Literal["fact", "chunk", "episode"]

RANK_CONSTANT = 60
WEIGHTS = {"graph": 3.0, "around": 0.5, "like": 2.0, "facts": 1.0, "text": 1.0, "meaning": 1.0}
"""A fact found by the words of its relation counts more than a piece of text; one that is merely
near to what was named counts less. One of something like it stands between them: where it is looked
for, none answers."""


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


def fuse(lists: dict[str, list[Item]], limit: int) -> list[Item]:
    """The best of several lists: each item scores weight / (60 + rank) in every list that has it;
    equals keep the order in which the lists name them."""
    scores: dict[str, float] = {}
    named: dict[str, list[Item]] = {}
    for name, items in lists.items():
        for rank, item in enumerate(items, start=1):
            scores[item.id] = scores.get(item.id, 0.0) + WEIGHTS[name] / (RANK_CONSTANT + rank)
            named.setdefault(item.id, []).append(item)
    best = sorted(named, key=lambda id: -scores[id])[:limit]
    return [_one(named[id], scores[id]) for id in best]


def within(items: Sequence[Item], budget: int | None) -> tuple[Item, ...]:
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


def tokens(text: str) -> int:
    """About how many tokens a text has: one for four bytes."""
    return len(text.encode()) // 4 + 1


def fact_text(fact: Fact) -> str:
    """A fact as a line of text, with the time that it held where that is known."""
    held = in_words(fact.period)
    told = f"{fact.subject} | {spoken(fact.relation)} | {fact.object}"
    return f"{told} ({held})" if held else told


def fact_item(fact: Fact, reason: str, fit: float = 0.0, trail: tuple[Fact, ...] = ()) -> Item:
    """A fact as a find."""
    return Item(
        "fact", fact.id, fact_text(fact), fact.triple, 0.0, fact.source_id, fact.recorded_at,
        reason, fit, fact, trail,
    )  # fmt: skip


def text_item(chunk: Chunk, reason: str, fit: float = 0.0) -> Item:
    """A piece of text as a find."""
    return Item(
        chunk.kind, chunk.id, chunk.text, None, 0.0, chunk.source_id, chunk.recorded_at, reason, fit
    )


def _one(found: list[Item], score: float) -> Item:
    """What several lists have found: as the one that fits best, with the reasons of all."""
    best = max(found, key=lambda item: item.fit)
    reasons = dict.fromkeys(item.reason for item in found)
    return replace(best, score=score, reason="; ".join(reasons))
