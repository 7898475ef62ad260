"""The page Memory: what is known, what disagrees, where it comes from, and taking it away."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import ContentSwitcher

from tui import render
from tui.commands import Command
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.confirm import Confirm
from tui.widgets.disagreements import Disagreements
from tui.widgets.forgetting import Forgetting, Reach
from tui.widgets.known import Known
from tui.widgets.sections import Chosen, Section, SectionLine, SectionTitle
from tui.widgets.sources import SourceList
from valence.forgetting import Loss, forget, rehearse


class MemoryPage(Page):
    KEY = "memory"
    COMMANDS: ClassVar[tuple[Command, ...]] = (
        Command("Known", "Entities and facts", "section('known')", "known", key="e"),
        Command(
            "Disagreements", "Facts that cannot all be true",
            "section('disagreements')", "disagreements", key="c",
        ),
        Command("Documents", "What was read, and what became of it",
                "section('sources')", "documents", key="d"),
        Command("Search memory", "Find by name", "search", key="slash", label="Search"),
        Command("Back", "The entity before", "back", key="backspace,escape", label="Back"),
        Command("Holds", "This claim holds, the others are believed no longer", "holds",
                key="h", label="Holds", writes=True),
        Command("Undo", "Take back what was settled last", "undo", key="u", label="Undo",
                writes=True),
        Command("Sync notes", "Read what has changed in the notes folder", "sync", "sync",
                key="s", label="Sync", writes=True),
        Command("Sync notes for facts", "Also read facts out of it: a call for each piece of text",
                "sync_facts", key="S", writes=True),
        Command("Believe again", "A fact that was superseded is believed again", "believe",
                key="b", label="Believe again", writes=True),
        Command("Forget", "Take what is chosen out of the memory", "forget", key="x",
                label="Forget", writes=True),
    )  # fmt: skip

    DEFAULT_CSS = "MemoryPage ContentSwitcher { height: 1fr; }"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._known = Known(self)
        self._disagreements = Disagreements(self)
        self._sources = SourceList(self)
        self._parts: tuple[Section, ...] = (self._known, self._disagreements, self._sources)
        self.part: Section = self._known
        self._line = SectionLine(*map(type, self._parts))

    def compose(self) -> ComposeResult:
        yield self._line
        with ContentSwitcher(initial=Known.KEY):
            yield from self._parts

    def on_mount(self) -> None:
        self._line.call_after_refresh(self._line.open, Known.KEY)

    def shown(self) -> None:
        self.part.take_focus()

    def refresh_from_store(self) -> None:
        for part in self._parts:
            part.refresh_from_store()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        offered = any(action in part.OFFERS for part in self._parts)
        if offered and action not in self.part.OFFERS:
            return False
        return super().check_action(action, parameters)

    def action_section(self, key: str) -> None:
        self.part = next(part for part in self._parts if key == part.KEY)
        self.query_one(ContentSwitcher).current = key
        self._line.open(key)
        self.refresh_bindings()
        self.call_after_refresh(self.part.take_focus)

    def action_search(self) -> None:
        self.part.search()

    def action_back(self) -> None:
        self._known.back()

    def action_holds(self) -> None:
        self._disagreements.settle()

    def action_undo(self) -> None:
        self._disagreements.undo()

    def action_sync(self) -> None:
        self._sources.sync(facts=False)

    def action_sync_facts(self) -> None:
        question = Confirm(
            render.text("Read facts out of the notes?", "bold"),
            render.text("Each new text is a call, which the frontier may answer and charge."),
            yes="Read",
        )
        self.app.push_screen(question, lambda yes: self._sources.sync(facts=True) if yes else None)

    def action_believe(self) -> None:
        self._known.believe()

    def action_forget(self) -> None:
        chosen, valence = self.part.chosen, self.session.valence
        if chosen is None:
            return

        def losses() -> tuple[Loss, Loss]:
            return rehearse(valence, chosen.id), rehearse(valence, chosen.id, with_calls=True)

        self.open_dialog(losses, lambda found: self._ask(chosen, *found), lane="turns")

    def _ask(self, chosen: Chosen, near: Loss, far: Loss) -> None:
        self.app.push_screen(
            Forgetting(chosen.name, chosen.note, near, far),
            lambda reach: self._forget(chosen, reach or ""),
        )

    def _forget(self, chosen: Chosen, reach: Reach) -> None:
        def done(_: None) -> None:
            self.part.tell(f"Forgotten: {chosen.name}")
            self.refresh_from_store()

        if reach:
            valence = self.session.valence
            self.load(lambda: forget(valence, chosen.id, reach == "calls"), done, lane="turns")

    @on(SectionTitle.Pressed)
    def section_pressed(self, event: SectionTitle.Pressed) -> None:
        self.action_section(event.key)

    @on(Section.Counted)
    def counted(self, event: Section.Counted) -> None:
        self._line.count(event.key, event.count)
