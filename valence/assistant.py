"""One turn of conversation: take in what is told, find what is asked, answer with sources.

Facts that answer are put into words by the `recompose` boundary; a passage is quoted; without
either the answer is that it is not known. What was found is never learnt as a new fact, and what
rests on an untrusted source never becomes an example. It does not know how anything is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from store.conversations import Conversation, Turn
from store.graph import Entity, Fact
from store.sources import Source
from valence.conversation.answering import Citation, grounds, passage
from valence.conversation.questions import Question, Understood, understand
from valence.conversation.reply import Reply, Said, remembered_record
from valence.conversation.working import Listen, State, Working, abandoned, again, begin, nobody
from valence.errors import TurnError
from valence.memory.memory import Memory
from valence.memory.retrieval import fact_text
from valence.redaction import mask

if TYPE_CHECKING:
    from valence.boundaries.triples import Triples
    from valence.router import Answer

Recompose = Callable[["Triples", str, bool], "Answer"]
"""One call of the boundary `recompose`: triples, episode, and whether it may become an example."""

UNKNOWN = "I do not know: nothing that I remember answers this."
BUDGET = 1500
"""Tokens of finds that an answer may look at."""
FINDS = 10
TITLE = 60
LOOKED_BACK = 3
"""Turns that a pronoun may reach back over."""


class Assistant:
    """Answers from one memory."""

    def __init__(self, memory: Memory, recompose: Recompose) -> None:
        self._memory = memory
        self._recompose = recompose
        self._calls: list[Answer] = []
        self._unlearnt: list[Answer] = []

    def to_learn(self) -> list[Answer]:
        """The calls made since this was last asked, to be learnt from when nobody waits."""
        calls, self._unlearnt = self._unlearnt, []
        return calls

    def ask(self, text: str, conversation: str | None = None, listen: Listen = nobody) -> Reply:
        """One turn, in a conversation that there is or a new one.

        Turns of any conversation that a crash cut short are finished first; one of them that says
        the same in the same place is this turn. Raises UnknownConversation.
        """
        text = mask(text).text
        known = self._memory.conversations.get(conversation) if conversation else None
        for reply in self.resume(listen):
            if reply.turn.question == text and known in (None, self._conversation(reply)):
                return reply
        chosen = known or self._memory.conversations.start(_title(text))
        return self._turn(begin(self._memory.conversations, chosen.id, text, listen))

    def retake(self, conversation: str, step: str, listen: Listen = nobody) -> Reply:
        """The last turn of a conversation again from `step` on; what it had remembered from there
        on is forgotten. Raises UnknownConversation, TurnError."""
        known = self._memory.conversations.get(conversation)
        turns = self._memory.conversations.turns(known.id)
        if not turns:
            raise TurnError("the conversation has no turn to take again", where=known.id)
        turn = turns[-1]
        working = again(self._memory.conversations, turn, step, listen)
        if "remembered" not in working.done:
            self._memory.forget_if_known(turn.id)
        return self._turn(working)

    def resume(self, listen: Listen = nobody) -> list[Reply]:
        """Finishes the turns that a crash cut short."""
        conversations = self._memory.conversations
        return [
            self._turn(Working(conversations, turn, listen)) for turn in abandoned(conversations)
        ]

    def _conversation(self, reply: Reply) -> Conversation:
        return self._memory.conversations.get(reply.turn.conversation_id)

    def _turn(self, working: Working) -> Reply:
        started = time.perf_counter()
        self._calls = []
        turn = working.turn
        understood = Understood.from_json(
            working.step("understood", lambda: understand(turn.question).to_json())
        )
        remembered = working.step("remembered", lambda: self._remember(turn, understood))
        retrieved = working.step("retrieved", lambda: self._retrieve(turn, understood))
        citations: dict[str | None, Citation] = {}
        said: list[Said] = []
        for part in self._said(turn, understood, remembered, retrieved):
            said.append(self._with_marks(part, citations))
            working.listen("said", {"text": said[-1].text})
        reply = self._reply(turn, said, tuple(citations.values()), remembered, started)
        calls = [answer.call.id for answer in self._calls]
        working.step("answered", lambda: reply.to_json() | {"focus": _focus(reply), "calls": calls})
        self._memory.conversations.answer(turn.id, reply.to_json())
        self._unlearnt += self._calls
        return reply

    def _said(
        self, turn: Turn, understood: Understood, remembered: State, retrieved: State
    ) -> Iterator[Said]:
        """The parts of the answer, each as soon as there are words for it."""
        if understood.told:
            yield self._about_told(remembered)
        for found in retrieved["asked"]:
            yield self._about_asked(turn, found)
        if not (understood.told or understood.asked):
            yield Said("There was nothing in it to remember or to answer.", reason="nothing")

    # Steps

    def _remember(self, turn: Turn, understood: Understood) -> State:
        if not understood.told:
            return {"remembered": [], "subjects": [], "disagreeing": []}
        kept = self._memory.remember(
            understood.told, kind="turn", id=turn.id, episode=turn.conversation_id
        )
        if kept.answer is not None:
            self._calls.append(kept.answer)
        disagreeing = self._memory.disagreeing(kept.facts)
        return {
            "remembered": [remembered_record(kept)],
            "subjects": list(dict.fromkeys(fact.subject_id for fact in kept.facts)),
            "disagreeing": [fact_text(fact) for fact in disagreeing],
        }

    def _retrieve(self, turn: Turn, understood: Understood) -> State:
        about = self._looked_back(turn)
        return {"asked": [self._find(question, about) for question in understood.asked]}

    def _find(self, asked: str, about: list[Entity]) -> State:
        """By words and structure; with the embedding model only where that gives no answer."""
        question = Question(asked)
        found = self._memory.search(asked, limit=FINDS, budget=BUDGET, about=about, quick=True)
        if grounds(question, found.items) is None:
            found = self._memory.search(asked, limit=FINDS, budget=BUDGET, about=about)
        based = grounds(question, found.items)
        quoted = passage(question, found.items) if based is None else None
        return {
            "question": asked,
            "queries": list(found.queries),
            "found": [item.id for item in found.items],
            "answers": [fact.id for fact in based.answers] if based else [],
            "bridges": [fact.id for fact in based.bridges] if based else [],
            "quote": {"chunk": quoted[0].id, "text": quoted[1]} if quoted else None,
        }

    def _about_told(self, remembered: State) -> Said:
        count = sum(len(each["facts"]) for each in remembered["remembered"])
        text = "Noted." if count else "Noted, though I found no fact in it."
        if remembered["disagreeing"]:
            text += f" It disagrees with: {'; '.join(remembered['disagreeing'])}."
        return Said(text, reason="remembered")

    def _about_asked(self, turn: Turn, found: State) -> Said:
        if found["answers"]:
            known = self._memory.graph.by_ids([*found["bridges"], *found["answers"]])
            facts = tuple(known.values())
            if facts:
                return self._told_in_words(turn, facts)
        if found["quote"]:
            return self._quoted(found["quote"])
        return Said(UNKNOWN, reason="unknown")

    def _told_in_words(self, turn: Turn, facts: tuple[Fact, ...]) -> Said:
        """The facts by the boundary `recompose`. The call is an answer's: its episode says so, and
        what rests on an untrusted source is not learnt from."""
        sources = self._sources(facts)
        triples = tuple(_to_the_speaker(fact) for fact in facts)
        trusted = all(source.trusted for source in sources.values())
        answer = self._recompose(triples, f"answer {turn.conversation_id}", trusted)
        self._calls.append(answer)
        rests_on = tuple((fact.source_id, fact.recorded_at) for fact in facts)
        text = str(answer.output)
        if self._memory.knowledge.contradictions({fact.subject_id for fact in facts}):
            text += self._disagreement(facts)
        return Said(text, rests_on, facts, answer.call.reason, answer)

    def _disagreement(self, facts: tuple[Fact, ...]) -> str:
        others = self._memory.disagreeing(facts)
        if others:
            return f" I was also told: {'; '.join(map(fact_text, others))}."
        several = len({fact.object_id for fact in facts}) > 1
        return " What I was told disagrees." if several else ""

    def _quoted(self, quote: State) -> Said:
        chunk = self._memory.episodes.by_ids([quote["chunk"]]).get(quote["chunk"])
        if chunk is None:  # forgotten since it was found
            return Said(UNKNOWN, reason="unknown")
        text = f"I have no fact on that, but this passage: “{quote['text']}”"
        return Said(text, ((chunk.source_id, chunk.recorded_at),), reason="quoted")

    def _sources(self, facts: Iterable[Fact]) -> dict[str, Source]:
        ids = dict.fromkeys(fact.source_id for fact in facts if fact.source_id)
        return {id: self._memory.sources.get(id) for id in ids}

    def _looked_back(self, turn: Turn) -> list[Entity]:
        """What the last turns were about, the newest first."""
        conversations = self._memory.conversations
        before = conversations.page(turn.conversation_id, turn.position, LOOKED_BACK)
        ids: dict[str, None] = {}
        for each in reversed(before):
            steps = {step.name: step.state for step in self._memory.conversations.steps(each.id)}
            ids |= dict.fromkeys(steps.get("answered", {}).get("focus", []))
            ids |= dict.fromkeys(steps.get("remembered", {}).get("subjects", []))
        return list(self._memory.graph.entities(ids).values())

    # The reply

    def _reply(
        self,
        turn: Turn,
        said: list[Said],
        citations: tuple[Citation, ...],
        remembered: State,
        started: float,
    ) -> Reply:
        calls = [part.call.call for part in said if part.call is not None]
        return Reply(
            turn=turn,
            answer=" ".join(part.text for part in said),
            citations=citations,
            facts=tuple({fact.id: fact for part in said for fact in part.facts}.values()),
            remembered=tuple(remembered["remembered"]),
            route=calls[-1].route if calls else "memory",
            reason=said[-1].reason,
            confidence=calls[-1].confidence if calls else None,
            latency_ms=(time.perf_counter() - started) * 1000,
            cost_usd=sum(answer.call.cost_usd for answer in self._calls),
        )

    def _with_marks(self, part: Said, citations: dict[str | None, Citation]) -> Said:
        """The part with the numbers of its sources behind its text."""
        for source_id, recorded_at in part.rests_on:
            if source_id not in citations:
                source = self._memory.sources.get(source_id) if source_id else None
                citations[source_id] = Citation(len(citations) + 1, source, recorded_at)
        numbers = dict.fromkeys(citations[source_id].number for source_id, _ in part.rests_on)
        marks = "".join(f"[{number}]" for number in numbers)
        return replace(part, text=f"{part.text} {marks}".strip())


def _to_the_speaker(fact: Fact) -> tuple[str, str, str]:
    """What a person said of "I" is said back to "you"."""
    subject, relation, object = fact.triple
    return _you(subject), relation, _you(object)


def _you(name: str) -> str:
    if name == "I":
        return "you"
    return f"your {name[3:]}" if name.startswith("my ") else name


def _focus(reply: Reply) -> list[str]:
    """What a pronoun in the next turn may mean: whom the facts are about, then what they say."""
    ends = [fact.subject_id for fact in reply.facts] + [fact.object_id for fact in reply.facts]
    return list(dict.fromkeys(ends))


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rstrip() + "…"
