"""A conversation under way: its turns as they are kept, the next one as it is answered.

Every turn goes through the lane `turns`, what is learnt from it through `learning`. Knows nothing
of how a turn is written, nor what is done with an answer afterwards. What answers is loaded in the
threads: the first paint does not wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.widgets import Static

from store.conversations import Turn
from tui import render
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.story import PAGE, Story
from tui.widgets.turn import TurnView
from valence.conversation.provenance import Told, told

if TYPE_CHECKING:
    from valence.conversation.working import Listen


@dataclass
class Talk:
    """The conversation that turns go into; it has no id before its first turn. `shown` is set when
    its turns are on the page."""

    id: str | None = None
    shown: bool = False


@dataclass
class Running:
    """A turn that is being answered, and the one that it is to replace."""

    view: TurnView
    instead_of: Told | None = None
    stopped: threading.Event = field(default_factory=threading.Event)


class TalkPage(Page):
    """A page with one conversation on it, in `story`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.talk = Talk(session.place.conversation)
        self.story = Story()
        self.under_way: list[Running] = []

    def on_mount(self) -> None:
        self._look()

    @property
    def busy(self) -> bool:
        """Whether something is being answered."""
        return bool(self.under_way)

    def read_ahead(self) -> bool:
        return self.story.read_ahead()

    # -- the conversation ----------------------------------------------------------------------

    def _look(self) -> None:
        """Shows the conversation when it has been read, unless by then another one has been opened
        or something been said in this one."""
        talk = self.talk

        async def begin(read: tuple[list[Told], bool]) -> None:
            if talk is self.talk and not talk.shown:
                await self._begin(read)

        self.load(partial(self._read, talk), begin)

    def _read(self, talk: Talk) -> tuple[list[Told], bool]:
        """The last turns; and whether there is no local model, which only a beginner is told."""
        app, id = self.session.valence, talk.id
        turns = app.memory.conversations.page(id, limit=PAGE) if id is not None else []
        if turns:
            return told(app, turns), False
        from valence.doctor import examine

        lacks = [each for each in examine(app.settings, app.locations) if not each.ok]
        return [], any(each.name == "local model" for each in lacks)

    async def _begin(self, read: tuple[list[Told], bool]) -> None:
        turns, lacking = read
        self.talk.shown = True
        await self.story.begin(turns)
        if not turns:
            await self.story.mount(Static(render.welcome(lacking), id="welcome"))

    def open(self, conversation: str | None) -> None:
        """Shows a conversation, or a new one."""
        self.talk = Talk(conversation)
        self.session.place.conversation = conversation
        self._look()

    @on(Story.MoreWanted)
    def more(self, event: Story.MoreWanted) -> None:
        app, id = self.session.valence, self.talk.id
        if id is None:
            return
        kept = app.memory.conversations
        beyond = kept.page if event.side == "before" else kept.following
        read = partial(beyond, id, event.position, event.count)
        self.load(lambda: told(app, read()), partial(self.story.more, event))

    async def say(self, text: str) -> None:
        """One turn with this text, behind those that are still being answered."""
        talk, app = self.talk, self.session.valence

        def ask(listen: Listen) -> Turn:
            from valence.conversation import revising

            return revising.ask(app, text, talk.id, listen).turn

        await self.take(text, ask)

    async def take(
        self, text: str, turn: Callable[[Listen], Turn], instead_of: Told | None = None
    ) -> None:
        if self.session.read_only:
            self.notify("Another Valence has this home open.", severity="error", markup=False)
            return
        await self._to_the_end()
        running = Running(TurnView(text), instead_of)
        await self.story.append(running.view)
        self.answer(running, turn, partial(self._failed, running))

    def answer(
        self,
        running: Running,
        turn: Callable[[Listen], Turn],
        failed: Callable[[str], Awaitable[None]],
    ) -> None:
        """Has the turn answered in its lane; until then it can be stopped."""

        async def left(sentence: str) -> None:
            self.under_way.remove(running)
            await failed(sentence)

        self.under_way.append(running)
        answered = partial(self._answered, running, self.talk, turn)
        self.session.jobs.run(answered, partial(self._done, running), left, lane="turns")

    def _answered(
        self, running: Running, talk: Talk, turn: Callable[[Listen], Turn]
    ) -> Told | None:
        """In the thread: the turn as it is kept, None where it was stopped."""
        from valence.conversation.revising import Stopped

        try:
            kept = turn(self._listener(running))
        except Stopped:
            return None
        talk.id = kept.conversation_id
        return self.kept_now(kept.id)

    def _listener(self, running: Running) -> Listen:
        """Tells the view, from the thread, of an answer as it comes, until it is stopped."""
        from valence.conversation.revising import Stopped

        def listen(name: str, state: dict[str, Any]) -> None:
            if running.stopped.is_set():
                raise Stopped
            if name in ("words", "unsaid", "said"):
                self.session.jobs.notify(partial(running.view.heard, name, state["text"]))

        listen("begun", {})
        return listen

    def kept_now(self, turn_id: str) -> Told:
        app = self.session.valence
        return told(app, [app.memory.conversations.turn(turn_id)])[0]

    async def _done(self, running: Running, kept: Told | None) -> None:
        self.under_way.remove(running)
        if kept is None:
            await self._stopped(running)
            return
        self.session.place.conversation = self.talk.id
        if running.view.is_attached:  # else another conversation has been opened meanwhile
            await running.view.show(kept)
        self.session.jobs.run(self._learn, lane="learning")

    async def _stopped(self, running: Running) -> None:
        """Shows what there was before."""
        if running.instead_of is not None:
            await running.view.show(running.instead_of)
            return
        self.stopped(running.view.question)
        await running.view.remove()

    async def _failed(self, running: Running, sentence: str) -> None:
        if running.view.is_attached:
            await running.view.failed(sentence)
        else:
            self.notify(render.line(sentence), severity="error", markup=False, timeout=10)

    def stopped(self, question: str) -> None:
        """A turn was stopped before it had an answer."""

    def _learn(self) -> None:
        from valence.learning import learn
        from valence.memory.catching_up import after_turn

        for answer in self.session.valence.assistant.to_learn():
            learn(self.session.valence, answer)
        after_turn(self.session.valence)

    async def _to_the_end(self) -> None:
        if not (self.talk.shown and self.story.at_end):
            await self._begin(self._read(self.talk))
        await self.story.query("#welcome").remove()

    async def go_on_in(self, conversation: str, text: str) -> None:
        """Shows another conversation and says something in it."""
        self.talk = Talk(conversation)
        await self.say(text)
