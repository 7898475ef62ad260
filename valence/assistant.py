"""One turn of conversation: take in what is told, find what is asked, answer with sources.

Each step is kept before the next, and what was found is never learnt as a new fact. It does not
know how anything is found (valence/memory) or put into words (conversation/speaking.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from store.conversations import Conversation, Turn
from store.graph import Entity
from store.titles import title_of
from valence.conversation import retaking
from valence.conversation.answering import Citation, grounds
from valence.conversation.intention import Intention
from valence.conversation.questions import Question, Understood, understand
from valence.conversation.reply import Reply, Said, remembered_record
from valence.conversation.saying import Saying
from valence.conversation.speaking import Call, Speaker
from valence.conversation.working import Listen, State, Working, abandoned, begin, nobody
from valence.errors import TurnError
from valence.memory.memory import Memory
from valence.memory.remembering import Reading, Remembered, keep, read
from valence.memory.retrieval import fact_text
from valence.redaction import mask

if TYPE_CHECKING:
    from valence.predictors import Hear
    from valence.router import Answer

BUDGET = 1500
"""Tokens of finds that an answer may look at."""
FINDS = 10
MOST_ASKED = 8
"""Questions of one message that are answered: each may be a call that is charged."""
LOOKED_BACK = 3
"""Turns that a pronoun may reach back over."""


class Assistant:
    """Answers from one memory."""

    def __init__(self, memory: Memory, call: Call, intention: Intention) -> None:
        self._memory = memory
        self._call = call
        self._intention = intention
        self._calls: list[Answer] = []
        self._unlearnt: list[Answer] = []

    def to_learn(self) -> list[Answer]:
        """The calls made since this was last asked, to be learnt from when nobody waits."""
        calls, self._unlearnt = self._unlearnt + self._intention.asked_late(), []
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
        chosen = known or self._memory.conversations.start(title_of(text))
        return self._turn(begin(self._memory.conversations, chosen.id, text, listen))

    def retake(self, conversation: str, step: str, listen: Listen = nobody) -> Reply:
        """The last turn of a conversation again from `step` on; what it had remembered from there
        on is forgotten when the new answer stands. Raises UnknownConversation, TurnError."""
        known = self._memory.conversations.get(conversation)
        turns = self._memory.conversations.turns(known.id)
        if not turns:
            raise TurnError("the conversation has no turn to take again", where=known.id)
        return self._turn(retaking.retake(self._memory, turns[-1], step, listen))

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
        turn, saying = working.turn, Saying(working.listen)
        understood = Understood.from_json(
            working.step("understood", lambda: self._understand(turn, saying.hear))
        )
        remembered = working.step_of(
            "remembered", lambda: self._read(turn, understood, saying.hear), self._remember
        )
        retrieved = working.step("retrieved", lambda: self._retrieve(turn, understood))
        citations: dict[str | None, Citation] = {}
        said: list[Said] = []
        speaker = Speaker(self._memory, self._call, turn, saying.hear)
        for part in self._said(speaker, understood, remembered, retrieved):
            said.append(self._with_marks(part, citations))
            saying.part(said[-1].text)
        self._calls += [part.call for part in said if part.call is not None]
        reply = self._reply(turn, said, tuple(citations.values()), remembered, started)
        self._close(working, reply)
        self._unlearnt += self._calls
        return reply

    def _close(self, working: Working, reply: Reply) -> None:
        """The answer stands, and nothing of what it was given in place of."""
        read = [each["call_id"] for each in reply.remembered if each["call_id"]]
        made = [answer.call.id for answer in self._calls]
        calls = [*(id for id in read if id not in made), *made]
        state = reply.to_json() | {"focus": _focus(reply), "calls": calls}
        with self._memory.db.transaction():
            working.step("answered", lambda: state)
            self._memory.conversations.answer(reply.turn.id, reply.to_json())
            retaking.settle(self._memory, reply.turn)
        if reply.turn.instead_of is not None:
            self._memory.db.checkpoint()  # words leave the write-ahead log too

    def _said(
        self, speaker: Speaker, understood: Understood, remembered: State, retrieved: State
    ) -> Iterator[Said]:
        """The parts of the answer, each as soon as there are words for it."""
        if understood.told:
            yield speaker.about_told(remembered)
        if len(understood.asked) > MOST_ASKED:
            text = f"Of {len(understood.asked)} questions I take the first {MOST_ASKED}."
            yield Said(text, reason="many questions")
        for found in retrieved["asked"]:
            yield speaker.about_asked(found)
        if not (understood.told or understood.asked):
            yield Said("There was nothing in it to remember or to answer.", reason="nothing")

    # Steps

    def _understand(self, turn: Turn, hear: Hear | None) -> State:
        action, answer = self._intention.action(turn.question, turn.conversation_id, hear)
        if answer is not None:
            self._calls.append(answer)
        return understand(turn.question, action).to_json()

    def _read(
        self, turn: Turn, understood: Understood, hear: Hear | None
    ) -> Reading | Remembered | None:
        """What is told as a model reads it, None where nothing is."""
        if not understood.told:
            return None
        told, episode = understood.told, turn.conversation_id
        return read(self._memory, told, "turn", turn.id, episode, hear=hear)

    def _remember(self, reading: Reading | Remembered | None) -> State:
        if reading is None:
            return {"remembered": [], "subjects": [], "disagreeing": []}
        kept = keep(self._memory, reading)
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
        asked = understood.asked[:MOST_ASKED]
        return {"asked": [self._find(question, about) for question in asked]}

    def _find(self, asked: str, about: list[Entity]) -> State:
        """By words and structure; with the embedding model only where that gives no answer."""
        question = Question(asked)
        found = self._memory.search(asked, limit=FINDS, budget=BUDGET, about=about, quick=True)
        if grounds(question, found.items) is None:
            found = self._memory.search(asked, limit=FINDS, budget=BUDGET, about=about)
        based = grounds(question, found.items)
        return {
            "question": asked,
            "queries": list(found.queries),
            "found": [item.id for item in found.items],
            "answers": [fact.id for fact in based.answers] if based else [],
            "bridges": [fact.id for fact in based.bridges] if based else [],
            "relevant": found.relevant,
        }

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


def _focus(reply: Reply) -> list[str]:
    """What a pronoun in the next turn may mean: whom the facts are about, then what they say."""
    ends = [fact.subject_id for fact in reply.facts] + [fact.object_id for fact in reply.facts]
    return list(dict.fromkeys(ends))
