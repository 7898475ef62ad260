"""The screen that the pages are on, made so that a key draws no more than it changes."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.screens.page import Page

FOLLOWS_S = 0.001
"""By then whatever has got or lost the focus knows its new looks."""


class Main(Screen[None]):
    """One page at a time. The pages are its own children: what is between them is drawn as well.

    Draws what has got the focus and what has lost it, where Textual's own screen draws all.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "To the next part of the page", show=False),
        Binding("shift+tab", "app.focus_previous", "To the part before", show=False),
    ]

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    @property
    def pages(self) -> dict[str, Page]:
        """The pages that have been made, by their keys."""
        return {page.KEY: page for page in self.query_children(Page)}

    async def add(self, page: Page) -> None:
        """A page that is not shown yet."""
        page.display = False
        await self.mount(page)

    async def open(self, key: str) -> None:
        """Shows this page and no other, and gives it the focus: in one frame."""
        with self.app.batch_update():
            for page in self.pages.values():
                page.display = key == page.KEY
            self.pages[key].shown()
            await asyncio.sleep(FOLLOWS_S)
