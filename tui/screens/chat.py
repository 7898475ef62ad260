"""Chat: one conversation with the assistant, and all that can be done with an answer.

Draws and decides what is asked for; `valence.assistant` answers and `valence.conversation.revising`
sets right. Every turn goes through the lane `turns`, what is learnt from it through `learning`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Static, TextArea

from store.conversations import Turn
from tui import clipboard, render
from tui.commands import Command
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.story import PAGE, Story
from tui.widgets.turn import TurnView
from valence.conversation import revising
from valence.conversation.provenance import Told, told
from valence.conversation.reply import Reply
from valence.conversation.revising import Stopped
from valence.conversation.transcript import write
from valence.conversation.working import Listen
from valence.doctor import examine
from valence.learning import learn

HINT = "Tell something or ask · / for commands"
MOST_SLASHES = 6


@dataclass
class Talk:
    """The conversation that turns go into; it has no id before its first turn."""

    id: str | None = None


@dataclass
class Running:
    """A turn that is being answered."""

    view: TurnView
    stopped: threading.Event = field(default_factory=threading.Event)


class ChatPage(Page):
    """The conversation, and the line to write on."""

    KEY = "chat"
    COMMANDS = (
        Command("Stop", "Stop the answer, or go to the answers", "escape", "stop", key="escape"),
        Command(
            "Correct", "Edit what was read or said; it is kept as a correction", "correct",
            "correct", key="c", label="Correct", writes=True,
        ),
        Command(
            "Ask the frontier", "Have the frontier answer instead", "frontier", "frontier",
            key="f", label="Frontier", writes=True,
        ),
        Command("Good", "Rate the answer as good", "rate(1)", "good", key="u",
                label="Good", writes=True),
        Command("Bad", "Rate the answer as bad", "rate(-1)", "bad", key="d", label="Bad",
                writes=True),
        Command("Copy", "Copy the answer", "copy", "copy", key="y", label="Copy"),
        Command(
            "Retry", "Take the turn again from its beginning", "retry", "retry", key="r",
            label="Retry", writes=True,
        ),
        Command(
            "Edit and branch", "Ask otherwise, in a new branch; the old one stays", "branch",
            "edit", key="e", label="Edit", writes=True,
        ),
        Command("Sources", "Open what the answer rests on", "source", "sources", key="o"),
        Command("New conversation", "Begin anew; nothing is lost", "new", "new", key="ctrl+n"),
        Command(
            "Conversations", "Open, search, rename, archive, export", "conversations",
            "conversations", key="ctrl+o", label="Open",
        ),
        Command(
            "Rename", "Give the conversation a title", "rename", "rename", "TITLE", writes=True
        ),
        Command("Archive", "Put the conversation out of the list", "archive", "archive",
                writes=True),
        Command("Export", "Write the conversation to a Markdown file", "export", "export", "FILE"),
    )  # fmt: skip
    DEFAULT_CSS = """
    ChatPage { padding: 0; }
    ChatPage Prompt { margin: 0 1; }
    ChatPage #slashes { height: auto; padding: 0 3; display: none; }
    ChatPage #welcome { height: auto; padding: 0 2; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._talk = Talk(session.place.conversation)
        self._under_way: list[Running] = []
        self._story = Story()
        self._slashes = Static(id="slashes")
        place = session.place
        self._prompt = Prompt(place.history, HINT, place.draft)

    def compose(self) -> ComposeResult:
        yield self._story
        yield self._slashes
        yield self._prompt

    def on_mount(self) -> None:
        self.load(self._read, self._begin)

    def shown(self) -> None:
        self._prompt.focus()

    @property
    def busy(self) -> bool:
        """Whether something is being answered."""
        return bool(self._under_way)

    # -- the conversation ----------------------------------------------------------------------

    def _read(self) -> tuple[list[Told], bool]:
        """The last turns; and whether there is no local model, which only a beginner is told."""
        app, id = self.session.valence, self._talk.id
        turns = app.memory.conversations.page(id, limit=PAGE) if id is not None else []
        if turns:
            return told(app, turns), False
        lacks = [each for each in examine(app.settings, app.locations) if not each.ok]
        return [], any(each.name == "local model" for each in lacks)

    async def _begin(self, read: tuple[list[Told], bool]) -> None:
        turns, lacking = read
        await self._story.begin(turns)
        if not turns:
            await self._story.mount(Static(render.welcome(lacking), id="welcome"))

    def open(self, conversation: str | None) -> None:
        """Shows a conversation, or a new one."""
        self._talk = Talk(conversation)
        self.session.place.conversation = conversation
        self.load(self._read, self._begin)
        self._prompt.focus()

    @on(Story.MoreWanted)
    def more(self, event: Story.MoreWanted) -> None:
        app, id = self.session.valence, self._talk.id
        if id is None:
            return
        conversations, place = app.memory.conversations, event.position
        if event.side == "before":
            self.load(lambda: told(app, conversations.page(id, place, PAGE)), self._story.earlier)
        else:
            self.load(
                lambda: told(app, conversations.following(id, place, PAGE)), self._story.later
            )

    # -- a turn --------------------------------------------------------------------------------

    @on(Prompt.Submitted)
    async def entered(self, event: Prompt.Submitted) -> None:
        self.session.place.remember(event.text)
        if event.text.startswith("/"):
            await self._command(event.text)
        else:
            await self.say(event.text)

    async def say(self, text: str) -> None:
        """One turn with this text, behind those that are still being answered."""
        talk, app = self._talk, self.session.valence
        await self._take(text, lambda listen: revising.ask(app, text, talk.id, listen))

    async def _take(self, text: str, turn: Callable[[Listen], Reply]) -> None:
        if self.session.read_only:
            self.notify("Another Valence has this home open.", severity="error", markup=False)
            return
        await self._to_the_end()
        running = Running(TurnView(text))
        self._under_way.append(running)
        await self._story.append(running.view)
        self.session.jobs.run(
            partial(self._answered, running, self._talk, turn),
            partial(self._done, running),
            partial(self._failed, running),
            lane="turns",
        )

    def _answered(
        self, running: Running, talk: Talk, turn: Callable[[Listen], Reply]
    ) -> Told | None:
        """In the thread: the turn as it is kept, None where it was stopped."""

        def listen(name: str, state: dict[str, Any]) -> None:
            if running.stopped.is_set():
                raise Stopped
            if name in ("words", "said"):
                self.session.jobs.notify(partial(running.view.heard, name, state["text"]))

        try:
            listen("begun", {})
            reply = turn(listen)
        except Stopped:
            return None
        talk.id = reply.turn.conversation_id
        return self._told(reply.turn.id)

    def _told(self, turn_id: str) -> Told:
        app = self.session.valence
        return told(app, [app.memory.conversations.turn(turn_id)])[0]

    async def _done(self, running: Running, kept: Told | None) -> None:
        self._under_way.remove(running)
        if kept is None:
            await running.view.remove()
            if not self._prompt.text:
                self._prompt.write(running.view.question)
            return
        self.session.place.conversation = self._talk.id
        await running.view.show(kept)
        self.session.jobs.run(self._learn, lane="learning")

    async def _failed(self, running: Running, sentence: str) -> None:
        self._under_way.remove(running)
        await running.view.failed(sentence)

    def _learn(self) -> None:
        for answer in self.session.valence.assistant.to_learn():
            learn(self.session.valence, answer)

    async def _to_the_end(self) -> None:
        for welcome in self._story.query("#welcome"):
            await welcome.remove()
        if not self._story.at_end:
            await self._begin(self._read())

    # -- slash commands ------------------------------------------------------------------------

    async def _command(self, text: str) -> None:
        name, _, argument = text[1:].partition(" ")
        command = self.shell.registry.slash(name)
        if command is None:
            self.notify(f"There is no /{render.line(name)}; /help lists all.", markup=False)
            self._prompt.write(text)
            return
        await self.shell.perform(command, argument.strip())

    @on(TextArea.Changed)
    def written(self) -> None:
        self.session.place.draft = self._prompt.text
        typed = self._prompt.slash
        found = self.shell.registry.beginning(typed)[:MOST_SLASHES] if typed is not None else []
        self._slashes.update(
            render.choices([(f"/{each.slash} {each.takes}", each.help) for each in found])
        )
        self._slashes.display = bool(found)

    @on(Prompt.Completing)
    def complete(self, event: Prompt.Completing) -> None:
        found = self.shell.registry.beginning(event.typed)
        if found:
            self._prompt.write(f"/{found[0].slash}{' ' if found[0].takes else ''}")

    # -- what can be done with an answer -------------------------------------------------------

    def action_escape(self) -> None:
        """Stops what is being answered; else goes between the answers and the prompt."""
        if self._under_way:
            self._under_way[-1].stopped.set()
        elif self.screen.focused is self._prompt and self._story.chosen is not None:
            self.screen.set_focus(self._story.chosen)
        else:
            self.screen.set_focus(self._prompt)

    def action_new(self) -> None:
        self.open(None)

    def action_copy(self) -> None:
        if (view := self._story.chosen) is not None:
            clipboard.copy(self.app, render.safe(view.answer))
            self.notify("Copied.")

    def action_rate(self, rating: int) -> None:
        app = self.session.valence
        self._revise(lambda turn: revising.rate(app, turn, rating > 0))

    def action_frontier(self) -> None:
        app = self.session.valence

        def ask(turn: Turn) -> None:
            _, answer = revising.ask_frontier(app, turn)
            self.session.jobs.run(partial(learn, app, answer), lane="learning")

        self._revise(ask, "asking the frontier …")

    def action_correct(self) -> None:
        """The answer in an editor; what comes back is kept as a correction."""
        kept = self._chosen()
        if kept is not None:
            app = self.session.valence
            self.load(partial(revising.draft, app, kept.turn), self._edit_answer)

    def _edit_answer(self, draft: revising.Draft) -> None:
        from tui.screens.edit import Edit

        app = self.session.valence
        hint = "One fact a line: subject | relation | object" if draft.facts else ""

        def corrected(text: str | None) -> None:
            if text is not None and text != draft.text:
                self._revise(lambda turn: revising.correct(app, turn, text))

        self.app.push_screen(Edit("What should it have been?", draft.text, hint), corrected)

    def _revise(self, change: Callable[[Turn], object], waiting: str = "…") -> None:
        """Changes the chosen turn in the thread of the turns, and shows it as it is then."""
        view, kept = self._story.chosen, self._chosen()
        if view is None or kept is None:
            return

        def revise() -> Told:
            change(kept.turn)
            return self._told(kept.turn.id)

        view.wait(waiting)
        self.session.jobs.run(revise, view.show, partial(self._left, view, kept), lane="turns")

    async def _left(self, view: TurnView, kept: Told, sentence: str) -> None:
        """A change that failed leaves the turn as it was, and says why."""
        await view.show(kept)
        self.notify(render.line(sentence), severity="error", markup=False, timeout=10)

    def _chosen(self) -> Told | None:
        """The chosen turn where it has been answered."""
        view = self._story.chosen
        if view is None or view.told is None:
            self.notify("There is no answer yet.")
            return None
        return view.told

    async def action_retry(self) -> None:
        """The last turn again in its place; an earlier one in a branch of its own."""
        view, kept = self._story.chosen, self._chosen()
        if view is None or kept is None:
            return
        if view is not self._story.views[-1] or not self._story.at_end:
            self._branch(kept, kept.turn.question)
            return
        app, talk = self.session.valence, kept.turn.conversation_id
        await view.remove()
        await self._take(kept.turn.question, lambda listen: revising.retake(app, talk, listen))

    def action_branch(self) -> None:
        from tui.screens.edit import Edit

        kept = self._chosen()
        if kept is not None:
            edit = Edit("Ask otherwise", kept.turn.question, "A new branch; the old one stays.")
            self.app.push_screen(edit, lambda text: self._branch(kept, text) if text else None)

    def _branch(self, kept: Told, text: str) -> None:
        conversations = self.session.valence.memory.conversations

        async def branched(id: str) -> None:
            self._talk = Talk(id)
            await self._begin(self._read())
            await self.say(text)

        self.session.jobs.run(lambda: conversations.branch(kept.turn).id, branched, lane="turns")

    def action_source(self, number: int | None = None) -> None:
        """What the chosen answer rests on."""
        from tui.screens.source import Source

        kept = self._chosen()
        cited = (kept.turn.answer or {}).get("citations", []) if kept is not None else []
        if not cited:
            self.notify("This answer rests on no source.")
            return
        chosen = next((each for each in cited if each["number"] == number), cited[0])
        self.app.push_screen(Source(self.session, cited, cited.index(chosen)))

    @on(TurnView.SourceWanted)
    def source_clicked(self, event: TurnView.SourceWanted) -> None:
        self.screen.set_focus(event.view)
        self.action_source(event.number)

    # -- what can be done with the conversation ------------------------------------------------

    def action_conversations(self) -> None:
        from tui.screens.conversations import ConversationList

        self.app.push_screen(
            ConversationList(self.session), lambda id: self.open(id) if id is not None else None
        )

    def action_rename(self, title: str = "") -> None:
        self._with_conversation(
            lambda id: self.session.valence.memory.conversations.rename(id, title),
            f"It is called {title} now.",
            title,
        )

    def action_archive(self) -> None:
        self._with_conversation(
            self.session.valence.memory.conversations.archive, "It is in the archive."
        )

    def action_export(self, file: str = "") -> None:
        conversations = self.session.valence.memory.conversations

        def export(id: str) -> None:
            write(conversations.get(id), conversations.turns(id), Path(file).expanduser())

        self._with_conversation(export, f"Written to {file}.", file)

    def _with_conversation(
        self, act: Callable[[str], object], done: str, argument: str = "-"
    ) -> None:
        if self._talk.id is None or not argument:
            self.notify("There is no conversation yet." if argument else "Say which: /help")
            return
        act_on = partial(act, self._talk.id)
        self.load(act_on, lambda _: self.notify(render.line(done), markup=False), lane="turns")
