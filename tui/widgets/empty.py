"""What a page shows while there is nothing to show: what will be here, and the way to it."""

from __future__ import annotations

from textual.widgets import Static

from tui import render


class EmptyState(Static):
    """One sentence on what will be here and one on how to begin."""

    DEFAULT_CSS = """
    EmptyState { width: 1fr; height: auto; padding: 2 4; text-align: center; }
    """

    def __init__(self, title: str, way: str = "", id: str | None = None) -> None:
        super().__init__(render.empty(title, way), id=id)
