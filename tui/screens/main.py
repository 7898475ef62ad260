"""The screen that the pages are on, made so that a key draws no more than it changes."""

from __future__ import annotations

from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class Main(Screen[None]):
    """Draws what has got the focus and what has lost it; Textual's own draws all there is."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
