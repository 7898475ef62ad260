"""The footer: the keys that work now, on one line; a click on one is its press.

One widget for all of them: a widget a key, made anew with every focus, is most of what a change of
the page takes. Knows no page.
"""

from __future__ import annotations

from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.style import Style

from tui import render
from tui.widgets.words import Words


class KeyLine(Words):
    """The keys of what has the focus; those that are off are dim."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; background: $footer-background; text-wrap: nowrap; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self.follow)

    def follow(self, screen: Screen[object]) -> None:
        """Shows the keys that work on this screen now."""
        if not self.app.app_focus:
            return  # else they would go with the focus, and come back with it
        shown: dict[str, ActiveBinding] = {}
        for one in screen.active_bindings.values():
            if one.binding.show:
                shown.setdefault(one.binding.action, one)
        keys = [self._key(one.binding, one.enabled) for one in shown.values()]
        self.say(Content("").join(keys))

    def _key(self, binding: Binding, enabled: bool) -> Content:
        named = Content.assemble(
            (f" {self.app.get_key_display(binding)} ", "bold $footer-key-foreground"),
            f"{render.line(binding.description)} ",
        )
        if not enabled:
            return named.stylize("dim")
        return named.stylize(Style.from_meta({"key": binding.key}))

    def on_click(self, event: Click) -> None:
        if key := event.style.meta.get("key"):
            self.app.simulate_key(key)
