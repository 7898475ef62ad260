"""A list that grows at its end while somebody scrolls towards it."""

from __future__ import annotations

from textual.message import Message

from tui.widgets.listing import Listing

AHEAD = 30
"""Lines before the end at which more are wanted."""


class EndlessList(Listing):
    """A list of lines; says when its end comes near, by keys or by mouse."""

    class NearEnd(Message):
        """More entries are wanted."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value > old_value and new_value >= self.max_scroll_y - AHEAD:
            self.post_message(self.NearEnd())
