"""The section of the memory that shows what cannot all be true, for a person to say what holds."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList

from store.graph import Fact
from tui import remembered
from tui.screens.page import Page
from tui.widgets.empty import EmptyState
from tui.widgets.listing import Listing
from tui.widgets.sections import Chosen, Section
from tui.widgets.words import Words
from valence.memory.about import Statement, statements
from valence.memory.knowledge import Contradiction


class Disagreements(Section):
    KEY = "disagreements"
    TITLE = "Disagreements"
    OFFERS: ClassVar[frozenset[str]] = frozenset({"holds", "undo", "forget"})
    DEFAULT_CSS = """
    Disagreements #why { height: auto; max-height: 9; border-top: solid $border-blurred; }
    Disagreements EmptyState { display: none; }
    Disagreements.empty Listing, Disagreements.empty #why { display: none; }
    Disagreements.empty EmptyState { display: block; }
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._found: list[Contradiction] = []
        self._settled: list[list[Fact]] = []

    def compose(self) -> ComposeResult:
        yield EmptyState(
            "Nothing disagrees",
            "Facts that cannot all be true wait here until you say which one holds. "
            "The others are kept, and believed no longer.",
        )
        yield Listing(id="claims")
        yield Words(id="why")

    @property
    def claims(self) -> Listing:
        """Every claim under what it is about."""
        return self.query_one("#claims", Listing)

    @property
    def chosen(self) -> Chosen | None:
        fact = self._fact()
        return Chosen(fact.id, remembered.triple(fact)) if fact else None

    def refresh_from_store(self) -> None:
        self.owner.look(lambda: self.memory.knowledge.contradictions(), self._show)

    def settle(self) -> None:
        """The claim under the cursor holds; the others are believed no longer."""
        fact = self._fact()
        about = next((each for each in self._found if fact in each.facts), None)
        if fact is None or about is None:
            return

        def settle() -> list[Fact]:
            return self.memory.knowledge.settle(about, fact.id)

        def settled(gone: list[Fact]) -> None:
            self._settled.append(gone)
            self.tell(
                f"{remembered.triple(fact)} holds. Believed no longer: "
                f"{', '.join(each.object for each in gone)}. u takes it back."
            )
            self.owner.refresh_from_store()

        self.owner.load(settle, settled, lane="turns")

    def undo(self) -> None:
        """What was settled last in this session is open again."""
        if not self._settled:
            self.tell("Nothing was settled since Valence was opened.")
            return
        gone = self._settled.pop()

        def believe() -> None:
            with self.memory.db.transaction():
                for fact in gone:
                    self.memory.graph.believe_again(fact.id)

        self.owner.load(believe, lambda _: self.owner.refresh_from_store(), lane="turns")

    def _fact(self) -> Fact | None:
        facts = (fact for each in self._found for fact in each.facts)
        return next((fact for fact in facts if fact.id == self.claims.chosen), None)

    def _show(self, found: list[Contradiction]) -> None:
        self._found = found
        self.show_empty(not found)
        self.post_message(self.Counted(self.KEY, len(found)))
        rows: list[tuple[str, Content]] = []
        for each in found:
            rows.append(("", remembered.disagreement(each)))
            rows += [(fact.id, remembered.claim(fact)) for fact in each.facts]
        self.claims.show(rows)
        self._show_why()

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_why()

    def _show_why(self) -> None:
        fact = self._fact()
        if fact is None:
            return

        def show(found: list[Statement]) -> None:
            if fact == self._fact():  # another may have been gone to by now
                self.query_one("#why", Words).say(remembered.said(fact, found))

        self.owner.load(lambda: statements(self.memory.graph, fact.id), show)

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.owner.check_action("holds", ()):
            self.settle()
