"""The turns of a conversation that are on the screen and around it.

Thousands of turns are a window over them: it asks for more where its edge comes into sight, and
lets go of what is far away. Knows no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.scrollbar import ScrollBar

from tui.widgets.turn import TurnView
from valence.conversation.provenance import Told

PAGE = 8
"""Turns that a conversation opens with: a screenful."""
MORE = 2
"""Turns that are asked for at an edge; a key may be waiting for them to be laid out."""
MOST = 60
"""Turns that are kept as widgets."""
NEAR = 3
"""Lines from the edge at which more is asked for."""
AHEAD = 100
"""Lines before the window that are laid out while no key is pressed."""
Side = Literal["before", "after"]


class Story(VerticalScroll, can_focus=False):
    """A window over the turns, the newest at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Next", show=False),
        Binding("k,up", "move(-1)", "Previous", show=False),
        Binding("g", "edge(0)", "First", show=False),
        Binding("G", "edge(-1)", "Last", show=False),
    ]
    DEFAULT_CSS = """
    Story { height: 1fr; padding: 1 1 0 1; align-vertical: bottom; }
    """

    @dataclass
    class MoreWanted(Message):
        """The edge of the window is near; `position` is that of the turn there, `count` how many
        turns beyond it are asked for."""

        side: Side
        position: int
        count: int

    def __init__(self) -> None:
        super().__init__()
        self._more = {"before": False, "after": False}
        self._asked: dict[Side, Story.MoreWanted | None] = {"before": None, "after": None}
        self._held: tuple[TurnView, float] | None = None

    @property
    def views(self) -> list[TurnView]:
        return list(self.query_children(TurnView))

    @property
    def chosen(self) -> TurnView | None:
        """The turn that has the focus, or else the last."""
        views = self.views
        return next((view for view in views if view is self._focused), views[-1] if views else None)

    @property
    def _focused(self) -> object:
        """What has the focus as of the last key; a widget's own `has_focus` comes later."""
        return self.app.screen_stack[0].focused

    @property
    def at_end(self) -> bool:
        """Whether the newest turn is in the window."""
        return not self._more["after"]

    async def begin(self, turns: Sequence[Told]) -> None:
        """Shows the last turns of a conversation; there may be more before them."""
        async with self.batch():
            await self.remove_children()
            self._held = None
            self._more = {"before": len(turns) >= PAGE, "after": False}
            self._asked = {"before": None, "after": None}
            await self.mount(*(TurnView(told.turn.question, told) for told in turns))
        self.anchor()

    async def append(self, view: TurnView) -> None:
        """A new turn; whoever says something wants to see it, however far up the window is."""
        async with self.batch():
            self._held = None
            await self.mount(view)
            await self._let_go(self.views[:-MOST], "before")
        self.anchor()

    async def more(self, wanted: MoreWanted, turns: Sequence[Told]) -> None:
        """Turns beyond an edge, as they were wanted; what is on the screen stays where it is.

        Those for an edge that the window has left meanwhile are dropped: they would leave a gap.
        """
        async with self.batch():
            if wanted is not self._asked[wanted.side]:
                return
            self._asked[wanted.side] = None
            self._more[wanted.side] = len(turns) >= wanted.count
            await (self._earlier(turns) if wanted.side == "before" else self._later(turns))
        self.call_after_refresh(self._look_on)

    async def _earlier(self, turns: Sequence[Told]) -> None:
        self._hold()
        earlier = [TurnView(told.turn.question, told) for told in turns]
        await self.mount(*earlier, before=self.views[0])
        await self._let_go(self.views[MOST:], "after")
        if not self.at_end:
            self.anchor(False)  # the bottom of the window is not the newest turn

    async def _later(self, turns: Sequence[Told]) -> None:
        self._hold()
        await self.mount(*(TurnView(told.turn.question, told) for told in turns))
        await self._let_go(self.views[:-MOST], "before")

    def _look_on(self) -> None:
        """Somebody may have come to the end while turns were on their way."""
        if self.scroll_y >= self.max_scroll_y - NEAR:
            self._want("after")

    def _hold(self) -> None:
        """Until somebody scrolls, the first turn in sight stays on its line of the window."""
        first = next((view for view in self.views if self._in_sight(view)), None)
        self._held = (first, first.virtual_region.y - self.scroll_y) if first else None

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Scrolls to the turn that is held as its place becomes known: a frame later it would be
        seen jumping."""
        arranged = super().arrange(size, optimal)
        if self._held is not None and not optimal:
            held, line = self._held
            top = next((one.region.y for one in arranged.placements if one.widget is held), None)
            if top is not None and top - line != self.scroll_y:
                self._scroll_silently(max(0, top - line))
        return arranged

    def _scroll_silently(self, y: float) -> None:
        """In the middle of a layout, which draws the turns anyway."""
        self.set_reactive(Story.scroll_y, y)
        self.set_reactive(Story.scroll_target_y, y)
        self.vertical_scrollbar.set_reactive(ScrollBar.position, y)
        self.vertical_scrollbar.refresh()

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """More turns are laid out already: they ask for no second layout of the screen."""
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self._held = None
        if new <= NEAR and new < old:
            self._want("before")
        elif new >= self.max_scroll_y - NEAR and new > old:
            self._want("after")

    def action_move(self, step: int) -> None:
        """The focus to the next turn or the one before."""
        views = self.views
        place = next((i for i, view in enumerate(views) if view is self._focused), len(views))
        if 0 <= place + step < len(views):
            self._go_to(views[place + step])
        elif place + step < 0:
            self._want("before")

    def action_edge(self, index: int) -> None:
        if self.views:
            self._go_to(self.views[index])

    def _go_to(self, view: TurnView) -> None:
        """At once: gliding there would draw the screen several times for one key."""
        self.scroll_to_widget(view, animate=False, immediate=True)
        self.screen.set_focus(view, scroll_visible=False)

    def read_ahead(self) -> bool:
        """Asks for turns before they come into sight; whether there is a need."""
        return self.scroll_y < AHEAD and self._want("before", PAGE)

    def _want(self, side: Side, count: int = MORE) -> bool:
        known = [view.told.turn.position for view in self.views if view.told is not None]
        if not (self._more[side] and self._asked[side] is None and known):
            return False
        wanted = self.MoreWanted(side, known[0 if side == "before" else -1], count)
        self._asked[side] = wanted
        self.post_message(wanted)
        return True

    async def _let_go(self, far: Sequence[TurnView], side: Side) -> None:
        """As far as they are out of sight: somebody may have come there meanwhile."""
        outermost = far if side == "before" else reversed(far)
        views = list(takewhile(lambda view: not self._in_sight(view), outermost))
        if not views:
            return
        if self._focused in views:
            kept = [view for view in self.views if view not in views]
            nearest = kept[0 if side == "before" else -1]
            self.screen.set_focus(nearest, scroll_visible=False)
        await self.remove_children(views)
        self._more[side], self._asked[side] = True, None

    def _in_sight(self, view: TurnView) -> bool:
        top, bottom = self.scroll_y, self.scroll_y + self.size.height
        return view.virtual_region.bottom > top and view.virtual_region.y < bottom
