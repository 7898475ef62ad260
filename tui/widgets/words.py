"""Text of a page that looks again and again: laid out anew only where it says something else."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Words(Static):
    """Shows Content out of `tui.render`. A change of what is as large as its text lays out
    the whole screen; no change, nothing."""

    def say(self, content: Content) -> None:
        """This from now on."""
        before = self.content
        if not (isinstance(before, Content) and content.is_same(before)):
            # before it is mounted no style says yet whether it is as large as its text
            self.update(content, layout=self.styles.auto_dimensions or not self.is_mounted)
