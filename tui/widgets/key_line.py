"""The footer: the keys that work now. It is laid out anew only when they are others: moving through
a list changes the focus with every key, and the keys with none."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer


class KeyLine(Footer):
    """The keys of what has the focus."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._keys: tuple[tuple[str, str, bool], ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        active = [each for each in screen.active_bindings.values() if each.binding.show]
        keys = tuple((one.binding.key, one.binding.description, one.enabled) for one in active)
        if keys != self._keys:
            self._keys = keys
            super().bindings_changed(screen)
