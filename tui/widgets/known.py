"""The section of the memory that shows what is known: entities, and the facts around one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import OptionList

from store.entity_search import MANY, Listed, named_like, told_lately
from store.graph import Entity, Fact
from tui import remembered, render
from tui.widgets.empty import EmptyState
from tui.widgets.listing import Listing, SearchLine
from tui.widgets.neighbourhood import draw
from tui.widgets.sections import Chosen, Section
from tui.widgets.words import Words
from valence.memory.about import Statement, facts_about, statements
from valence.memory.memory import Memory
from valence.memory.naming import entity_key
from valence.memory.neighbourhood import Neighbourhood, neighbourhood

MOST_FACTS = 500


@dataclass(frozen=True)
class About:
    """All that is shown of one entity."""

    entity: Entity
    aliases: tuple[str, ...]
    facts: tuple[Fact, ...]
    place: Neighbourhood


def look_at(memory: Memory, entity_id: str) -> About:
    """Reads all that is shown of one entity. Raises UnknownEntity."""
    graph = memory.graph
    entity = graph.get_entity(entity_id)
    names = [name for name, origin in graph.aliases(entity.id).items() if origin != "candidate"]
    facts = facts_about(graph, entity.id, MOST_FACTS, include_superseded=True)
    return About(entity, tuple(names), tuple(facts), neighbourhood(graph, entity))


class Around(Widget):
    """The drawing; as high as it needs to be, at most a third of the screen."""

    DEFAULT_CSS = "Around { height: auto; margin: 1 0; }"

    def __init__(self) -> None:
        super().__init__()
        self._place: Neighbourhood | None = None

    def show(self, place: Neighbourhood | None) -> None:
        if place != self._place:
            self._place = place
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return str(self._drawn(width)).count("\n") + 1

    def render(self) -> Content:
        return self._drawn(self.size.width)

    def _drawn(self, width: int) -> Content:
        if self._place is None:
            return Content("")
        return draw(self._place, width, max(4, self.app.size.height // 3))


class Known(Section):
    KEY = "known"
    TITLE = "Known"
    OFFERS: ClassVar[frozenset[str]] = frozenset({"search", "forget", "believe", "back"})
    DEFAULT_CSS = """
    Known #finding { width: 30%; min-width: 24; max-width: 40; margin-right: 2; }
    Known #said { height: auto; max-height: 9; border-top: solid $border-blurred; }
    Known #name { height: auto; max-height: 2; }
    Known EmptyState { display: none; }
    Known.empty Horizontal { display: none; }
    Known.empty EmptyState { display: block; }
    """

    def compose(self) -> ComposeResult:
        yield EmptyState(
            "Nothing is known yet",
            "Tell Valence something in the chat (1), or set a folder of notes in the settings (5).",
        )
        with Horizontal():
            with Vertical(id="finding"):
                yield SearchLine("/ search")
                yield Listing(id="entities")
            with Vertical(id="about"):
                yield Words(id="name")
                yield Around()
                yield Listing(id="facts")
                yield Words(id="said")

    def on_mount(self) -> None:
        self._words: list[str] = []
        self._found: list[Listed] = []
        self._about: About | None = None
        self._trail: list[str] = []
        self._wanted = ""

    @property
    def entities(self) -> Listing:
        """The list on the left."""
        return self.query_one("#entities", Listing)

    @property
    def facts(self) -> Listing:
        """The facts of the entity that is shown."""
        return self.query_one("#facts", Listing)

    @property
    def chosen(self) -> Chosen | None:
        if self.facts.has_focus and (fact := self.fact) is not None:
            return Chosen(fact.id, remembered.triple(fact))
        about = self._about
        return Chosen(about.entity.id, render.line(about.entity.name)) if about else None

    @property
    def fact(self) -> Fact | None:
        """The fact that the cursor is on."""
        facts = self._about.facts if self._about else ()
        return next((fact for fact in facts if fact.id == self.facts.chosen), None)

    def refresh_from_store(self) -> None:
        words = self._words

        def find() -> tuple[list[Listed], int]:
            db = self.memory.db
            found = named_like(db, words) if words else told_lately(db)
            return found, self.memory.graph.count()

        self.owner.look(find, self._show_found)

    def search(self) -> None:
        self.screen.set_focus(self.query_one(SearchLine))

    def open(self, entity_id: str) -> None:
        """Show an entity; of several wanted one after the other only the last is looked up."""
        self._wanted = entity_id

        def look() -> About | None:
            return look_at(self.memory, entity_id) if entity_id == self._wanted else None

        self.owner.load(look, self._show_about)

    def back(self) -> None:
        """Show the entity that was shown before, or go back to the list."""
        if self._trail:
            self.open(self._trail.pop())
        else:
            self.screen.set_focus(self.entities)

    def believe(self) -> None:
        """The fact under the cursor is believed again."""
        fact = self.fact
        if fact is None or fact.superseded_at is None:
            self.tell("Choose a fact that is believed no longer.")
            return

        def done(_: Fact) -> None:
            self.tell(f"Believed again: {remembered.triple(fact)}")
            self.owner.refresh_from_store()

        self.owner.load(lambda: self.memory.graph.believe_again(fact.id), done, lane="turns")

    # -- what was found ------------------------------------------------------------------------

    def _show_found(self, read: tuple[list[Listed], int]) -> None:
        found, facts = read
        changed, self._found = found != self._found, found
        self.show_empty(not found and not self._words and not facts)
        self.post_message(self.Counted(self.KEY, facts))
        self._trail = []
        if any(each.entity.id == self.entities.chosen for each in found):
            self.open(self.entities.chosen)
        if changed:
            self.call_after_refresh(self._fill)  # by then the lists have their widths

    def _fill(self) -> None:
        width = max(12, self.entities.content_size.width - 3)
        rows = [(each.entity.id, _listed(each, width)) for each in self._found]
        self.entities.show(rows or [("", Content.styled("no such name", render.QUIET))])
        self._show_facts()

    def _show_about(self, about: About | None) -> None:
        if about is None or about.entity.id != self._wanted or about == self._about:
            return
        self._about = about
        others = f"  also {', '.join(map(render.line, about.aliases))}" if about.aliases else ""
        name = render.line(about.entity.name)
        self.query_one("#name", Words).say(
            Content.assemble((name, "bold $text-primary"), (others, render.QUIET))
        )
        self.query_one(Around).show(about.place)
        self._show_facts()

    def _show_facts(self) -> None:
        if self._about is None:
            return
        entity, width = self._about.entity.id, max(20, self.facts.content_size.width - 3)
        self.facts.show(
            [(fact.id, remembered.fact(fact, entity, width)) for fact in self._about.facts]
        )
        self._show_said()

    def _show_said(self) -> None:
        fact = self.fact
        if fact is None:
            return

        def show(found: list[Statement]) -> None:
            if fact == self.fact:  # another may have been gone to by now
                self.query_one("#said", Words).say(remembered.said(fact, found))

        self.owner.load(lambda: statements(self.memory.graph, fact.id), show)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._fill)

    @on(SearchLine.Asked)
    def ask(self, event: SearchLine.Asked) -> None:
        event.stop()
        self._words, self._trail = entity_key(event.words).split(), []
        self.refresh_from_store()

    @on(SearchLine.Left)
    def leave_search(self, event: SearchLine.Left) -> None:
        event.stop()
        self.screen.set_focus(self.entities)

    @on(OptionList.OptionHighlighted, "#entities")
    def entity_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id:
            self._trail = []
            self.open(event.option_id)

    @on(OptionList.OptionSelected, "#entities")
    def entity_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.screen.set_focus(self.facts)

    @on(OptionList.OptionHighlighted, "#facts")
    def fact_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_said()

    @on(OptionList.OptionSelected, "#facts")
    def fact_selected(self, event: OptionList.OptionSelected) -> None:
        """Goes to the entity at the other end."""
        event.stop()
        about, fact = self._about, self.fact
        if about is not None and fact is not None:
            here = about.entity.id
            self._trail.append(here)
            self.open(fact.object_id if fact.subject_id == here else fact.subject_id)


def _listed(one: Listed, width: int) -> Content:
    count = f"{MANY:,}+" if one.facts >= MANY else str(one.facts)
    name = render.fit(one.entity.name, width - len(count) - 1)
    return Content.assemble(name, " ", (count, render.QUIET))
