"""Lists, tables and texts that j, k, g and G move in, beside the arrow keys and the mouse."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import DataTable, OptionList


def _vim(down: str, up: str, first: str, last: str) -> list[BindingType]:
    keys = {"j": down, "k": up, "g": first, "G": last}
    return [Binding(key, action, show=False) for key, action in keys.items()]


class VimList(OptionList):
    """A list to choose from. Give its options as Content out of `tui.render`."""

    BINDINGS: ClassVar[list[BindingType]] = _vim("cursor_down", "cursor_up", "first", "last")
    _width = 0

    def _on_resize(self, event: Resize) -> None:  # type: ignore[override]
        """Keeps what is drawn where the list is only shown again, as wide as it was."""
        width = self.scrollable_content_region.width
        if width == self._width:
            event.prevent_default()
        self._width = width

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Nothing where it is as large as it was: else each layout of the screen would draw the
        scrollbar once more, a frame later. What the list holds is its own affair."""
        changed = size != self._size
        return changed and super()._size_updated(size, virtual_size, container_size, layout)


class VimTable(DataTable[object]):
    """A table. Give its cells as Rich `Text` made of `render.line`: a plain string is markup."""

    BINDINGS: ClassVar[list[BindingType]] = _vim(
        "cursor_down", "cursor_up", "scroll_top", "scroll_bottom"
    )


class VimScroll(VerticalScroll):
    """Something that scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = _vim(
        "scroll_down", "scroll_up", "scroll_home", "scroll_end"
    )
