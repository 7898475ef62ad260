"""Putting what was remembered or found into words: each part of an answer, and what it rests on.

Facts that answer are said by the boundary `recompose`; where none does, the boundary `answer` reads
the answer off the finds, or quotes one. What rests on an untrusted source is asked in quarantine,
and no answer has any effect but being said. It does not find anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.conversations import Turn
from store.graph import Fact
from valence.conversation.reply import Said
from valence.conversation.working import State
from valence.memory.holding import in_words
from valence.memory.memory import Memory
from valence.memory.retrieval import fact_text

if TYPE_CHECKING:
    from valence.predictors import Hear
    from valence.router import Answer

Call = Callable[[str, Any, Turn, bool, "Hear | None"], "Answer"]
"""One call: the boundary's name, its input, the turn that it answers, whether it may become an
example, and who hears what a frontier has said of it so far."""

UNKNOWN = "I do not know: nothing that I remember answers this."


@dataclass(frozen=True)
class _Find:
    """Something that was found, as the boundary `answer` is given it, and where it is from."""

    kind: str
    text: str
    source_id: str | None
    recorded_at: str


class Speaker:
    """Says in one turn what a memory holds; `hear` follows what a frontier writes of it."""

    def __init__(self, memory: Memory, call: Call, turn: Turn, hear: Hear | None) -> None:
        self._memory = memory
        self._call = call
        self._turn = turn
        self._hear = hear

    def about_told(self, remembered: State) -> Said:
        """That it was noted, and what it disagrees with."""
        count = sum(len(each["facts"]) for each in remembered["remembered"])
        text = "Noted." if count else "Noted, though I found no fact in it."
        if remembered["disagreeing"]:
            text += f" It disagrees with: {'; '.join(remembered['disagreeing'])}."
        return Said(text, reason="remembered")

    def about_asked(self, found: State) -> Said:
        """The answer to one question, by what was found for it."""
        known = self._memory.graph.by_ids([*found["bridges"], *found["answers"]])
        if found["answers"] and known:
            return self._in_words(tuple(known.values()))
        finds = self._finds(found["found"]) if found["relevant"] else []
        if finds:
            return self._read_off(found["question"], finds)
        return Said(UNKNOWN, reason="unknown")

    def _in_words(self, facts: tuple[Fact, ...]) -> Said:
        triples = tuple(_to_the_speaker(fact) for fact in facts)
        answer = self._asked("recompose", triples, (fact.source_id for fact in facts))
        rests_on = tuple((fact.source_id, fact.recorded_at) for fact in facts)
        text = str(answer.output) + _times(facts)
        if self._memory.knowledge.contradictions({fact.subject_id for fact in facts}):
            text += self._disagreement(facts)
        return Said(text, rests_on, facts, answer.call.reason, answer)

    def _read_off(self, question: str, finds: list[_Find]) -> Said:
        """The answer that the finds give; one that cites what is not among them is none."""
        given = question, tuple((find.kind, find.text) for find in finds)
        answer = self._asked("answer", given, (find.source_id for find in finds))
        text, cites = answer.output
        if not text or answer.boundary.vetoes(answer.value, answer.output):
            return Said(UNKNOWN, reason="unknown", call=answer)
        cited = [finds[number - 1] for number in cites]
        rests_on = tuple((find.source_id, find.recorded_at) for find in cited)
        if answer.call.route == "builtin":
            text = f"I have no fact on that, but this passage: “{text}”"
            return Said(text, rests_on, reason="quoted", call=answer)
        return Said(text, rests_on, reason=answer.call.reason, call=answer)

    def _asked(self, boundary: str, value: Any, sources: Iterable[str | None]) -> Answer:
        """A call that is an answer's: its episode says so, and what rests on an untrusted source
        is not learnt from."""
        trusted = all(self._memory.sources.get(id).trusted for id in set(sources) if id)
        return self._call(boundary, value, self._turn, trusted, self._hear)

    def _finds(self, ids: list[str]) -> list[_Find]:
        """What was found, in its order, without what was forgotten since."""
        finds = {
            fact.id: _Find("fact", fact_text(fact), fact.source_id, fact.recorded_at)
            for fact in self._memory.graph.by_ids(ids).values()
        } | {
            chunk.id: _Find("passage", chunk.text, chunk.source_id, chunk.recorded_at)
            for chunk in self._memory.episodes.by_ids(ids).values()
        }
        return [finds[id] for id in ids if id in finds]

    def _disagreement(self, facts: tuple[Fact, ...]) -> str:
        others = self._memory.disagreeing(facts)
        if others:
            return f" I was also told: {'; '.join(map(fact_text, others))}."
        several = len({fact.object_id for fact in facts}) > 1
        return " What I was told disagrees." if several else ""


def _times(facts: tuple[Fact, ...]) -> str:
    """When the facts held, of those of which that is known."""
    known = {fact.object: held for fact in facts if (held := in_words(fact.period))}
    told = [held if len(facts) == 1 else f"{_you(name)}: {held}" for name, held in known.items()]
    text = "; ".join(told)
    return f" ({text[0].upper()}{text[1:]}.)" if text else ""


def _to_the_speaker(fact: Fact) -> tuple[str, str, str]:
    """What a person said of "I" is said back to "you"."""
    subject, relation, object = fact.triple
    return _you(subject), relation, _you(object)


def _you(name: str) -> str:
    if name == "I":
        return "you"
    return f"your {name[3:]}" if name.startswith("my ") else name
