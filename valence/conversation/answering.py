"""Which of the finds answer a question, and on what the answer rests.

Facts answer, or a passage can be quoted; where neither fits well enough there is no answer, and
nothing is made up. It does not put facts into words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.graph import Fact
from store.sources import Source
from valence.conversation.questions import Question, content, sentences
from valence.memory.fitting import ENOUGH, in_time
from valence.memory.retrieval import Item
from valence.memory.walking import fit_alone

AS_WELL = 0.03
"""Facts that fit worse than the best by no more than this answer too."""
MOST_FACTS = 8
QUOTABLE = 0.6
"""Share of the question's words that a passage must have to be quoted."""
QUOTABLE_WORDS = 2
"""A question with fewer words that carry meaning is in too many passages."""
LONGEST_QUOTE = 400


@dataclass(frozen=True)
class Grounds:
    """What an answer rests on: the facts that give it, and before them those that lead there."""

    answers: tuple[Fact, ...]
    bridges: tuple[Fact, ...]
    fit: float

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All of them in the order in which they are said, each once."""
        return tuple({fact.id: fact for fact in (*self.bridges, *self.answers)}.values())


@dataclass(frozen=True)
class Citation:
    """The source that a number in an answer stands for, None where only a person said it."""

    number: int
    source: Source | None
    recorded_at: str

    def to_json(self) -> dict[str, Any]:
        source = self.source
        return {
            "number": self.number,
            "source": source.id if source else None,
            "kind": source.kind if source else None,
            "title": source.title if source else "",
            "place": source.place if source else "",
            "recorded_at": self.recorded_at,
        }


def grounds(question: Question, items: Sequence[Item]) -> Grounds | None:
    """The facts among the finds that answer the question; None where none fits."""
    known = [(item, item.fact, _fit(question, item)) for item in items if item.fact is not None]
    fits = in_time(question, [(fact, fit) for _, fact, fit in known])
    fitting = [(item, fit) for (item, _, _), fit in zip(known, fits, strict=True)]
    best = max((fit for _, fit in fitting), default=0.0)
    if best < ENOUGH:
        return None
    chosen = [item for item, fit in fitting if fit >= max(ENOUGH, best - AS_WELL)][:MOST_FACTS]
    answers = tuple(item.fact for item in chosen if item.fact is not None)
    bridges = {fact.id: fact for item in chosen for fact in item.trail}
    return Grounds(answers, tuple(bridges.values()), best)


def passage(question: str, texts: Sequence[str]) -> tuple[int, str] | None:
    """The text (by its place) that has most of the question's words, and what of it to quote; None
    where none has enough of them."""
    asked = Question(question)
    if sum(map(len, asked.stems.values())) < QUOTABLE_WORDS:
        return None
    rated = {place: _covered(asked, text) for place, text in enumerate(texts)}
    best = max(rated, key=lambda place: (rated[place], -place), default=None)
    if best is None or rated[best] < QUOTABLE:
        return None
    return best, _quote(asked, texts[best])


def _fit(question: Question, item: Item) -> float:
    assert item.fact is not None
    return item.fit or fit_alone(question, item.fact)


def _covered(question: Question, text: str) -> float:
    wanted = {stem for stems in question.stems.values() for stem in stems}
    return len(wanted & set(content(text))) / len(wanted) if wanted else 0.0


def _quote(question: Question, text: str) -> str:
    """The sentence that has most of the words, with what follows it as far as there is room."""
    parts = sentences(text)
    first = max(range(len(parts)), key=lambda i: (_covered(question, parts[i]), -i))
    quote = parts[first]
    for part in parts[first + 1 :]:
        if len(quote) + len(part) > LONGEST_QUOTE:
            break
        quote = f"{quote} {part}"
    return quote if len(quote) <= LONGEST_QUOTE else quote[: LONGEST_QUOTE - 1].rstrip() + "…"
