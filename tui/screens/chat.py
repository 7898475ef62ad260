"""Chat: the line to write on, and all that can be done with an answer or the conversation.

Decides what is asked for; `valence.conversation.revising` sets right.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.widgets import TextArea

from store.conversations import Turn
from tui import clipboard, render
from tui.commands import Command
from tui.screens.talk import Running, TalkPage
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from tui.widgets.words import Words
from valence.conversation.provenance import Told
from valence.conversation.transcript import write

if TYPE_CHECKING:
    from valence.conversation.revising import Draft
    from valence.conversation.working import Listen

HINT = "Tell something or ask · / for commands"
MOST_SLASHES = 6


class ChatPage(TalkPage):
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
        self._slashes = Words(id="slashes")
        place = session.place
        self._prompt = Prompt(place.history, HINT, place.draft)

    def compose(self) -> ComposeResult:
        yield self.story
        yield self._slashes
        yield self._prompt

    def on_mount(self) -> None:
        super().on_mount()
        still = self.session.valence.settings.terminal.reduced_motion
        self._prompt.cursor_blink = not still

    def shown(self) -> None:
        self._prompt.focus()

    def stopped(self, question: str) -> None:
        if not self._prompt.text:
            self._prompt.write(question)

    # -- what is written ----------------------------------------------------------------------

    @on(Prompt.Submitted)
    async def entered(self, event: Prompt.Submitted) -> None:
        self.session.place.remember(event.text)
        if event.text.startswith("/"):
            await self._command(event.text)
        else:
            await self.say(event.text)

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
        self._slashes.say(
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
        if self.under_way:
            self.under_way[-1].stopped.set()
        elif self.screen.focused is self._prompt and self.story.chosen is not None:
            self.screen.set_focus(self.story.chosen)
        else:
            self.screen.set_focus(self._prompt)

    def action_new(self) -> None:
        self.open(None)
        self._prompt.focus()

    def action_copy(self) -> None:
        if (view := self.story.chosen) is not None:
            clipboard.copy(self.app, render.safe(view.answer))
            self.notify("Copied.")

    async def action_rate(self, rating: int) -> None:
        from valence.conversation import revising

        app = self.session.valence
        await self._revise(self.story.chosen, lambda turn: revising.rate(app, turn, rating > 0))

    async def action_frontier(self) -> None:
        from valence.conversation import revising
        from valence.learning import learn

        view, kept = self.story.chosen, self._chosen()
        if view is None or kept is None:
            return
        app = self.session.valence

        def ask(listen: Listen) -> Turn:
            turn, answer = revising.ask_frontier(app, kept.turn, listen)
            self.session.jobs.run(partial(learn, app, answer), lane="learning")
            return turn

        await view.wait("asking the frontier …")
        self.answer(Running(view, kept), ask, partial(self._left, view, kept))

    def action_correct(self) -> None:
        """The answer in an editor; what comes back is kept as a correction."""
        from valence.conversation import revising

        view, kept = self.story.chosen, self._chosen()
        if view is not None and kept is not None:
            app = self.session.valence
            self.open_dialog(
                partial(revising.draft, app, kept.turn), partial(self._edit_answer, view)
            )

    def _edit_answer(self, view: TurnView, draft: Draft) -> None:
        from tui.screens.edit import Edit
        from valence.conversation import revising

        app = self.session.valence
        hint = "One fact a line: subject | relation | object" if draft.facts else ""

        async def corrected(text: str | None) -> None:
            if text is not None and text != draft.text:
                await self._revise(view, lambda turn: revising.correct(app, turn, text))

        self.app.push_screen(Edit("What should it have been?", draft.text, hint), corrected)

    async def _revise(self, view: TurnView | None, change: Callable[[Turn], object]) -> None:
        """Changes a turn in the thread of the turns, and shows it as it is then."""
        kept = self._answered_in(view)
        if view is None or kept is None:
            return

        def revise() -> Told:
            change(kept.turn)
            return self.kept_now(kept.turn.id)

        await view.wait("…")
        self.session.jobs.run(revise, view.show, partial(self._left, view, kept), lane="turns")

    async def _left(self, view: TurnView, kept: Told, sentence: str) -> None:
        """A change that failed leaves the turn as it was, and says why."""
        await view.show(kept)
        self.notify(render.line(sentence), severity="error", markup=False, timeout=10)

    def _chosen(self) -> Told | None:
        """The chosen turn where it has been answered."""
        return self._answered_in(self.story.chosen)

    def _answered_in(self, view: TurnView | None) -> Told | None:
        if view is None or view.told is None:
            self.notify("There is no answer yet.")
            return None
        return view.told

    async def action_retry(self) -> None:
        """The last turn again in its place; an earlier one in a branch of its own."""
        view, kept = self.story.chosen, self._chosen()
        if view is None or kept is None:
            return
        if view is not self.story.views[-1] or not self.story.at_end:
            self._branch(kept, kept.turn.question)
            return
        app, talk = self.session.valence, kept.turn.conversation_id

        def retake(listen: Listen) -> Turn:
            from valence.conversation import revising

            return revising.retake(app, talk, listen).turn

        await view.remove()
        await self.take(kept.turn.question, retake, instead_of=kept)

    def action_branch(self) -> None:
        from tui.screens.edit import Edit

        kept = self._chosen()
        if kept is not None:
            edit = Edit("Ask otherwise", kept.turn.question, "A new branch; the old one stays.")
            self.app.push_screen(edit, lambda text: self._branch(kept, text) if text else None)

    def _branch(self, kept: Told, text: str) -> None:
        conversations = self.session.valence.memory.conversations
        self.session.jobs.run(
            lambda: conversations.branch(kept.turn).id,
            lambda id: self.go_on_in(id, text),
            lane="turns",
        )

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
        if self.talk.id is None or not argument:
            self.notify("There is no conversation yet." if argument else "Say which: /help")
            return
        act_on = partial(act, self.talk.id)
        self.load(act_on, lambda _: self.notify(render.line(done), markup=False), lane="turns")
