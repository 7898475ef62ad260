"""What can be done on every page: the commands of the app itself.

Knows no page, and not how any of it is done.
"""

from __future__ import annotations

from tui.commands import Command
from tui.pages import TABS, Tab, number


def _going(tab: Tab) -> Command:
    """The command that opens a tab. A digit alone works wherever no text is being written, and F1
    is for help."""
    place = number(tab.key)
    keys = [*([f"f{place}"] if place > 1 else []), f"alt+{place}", str(place)]
    return Command(
        name=f"Go to {tab.title}",
        help=f"Open the page {tab.title}",
        action=f"go('{tab.key}')",
        slash=tab.key,
        key=",".join(keys),
    )


SHELL = (
    *map(_going, TABS),
    Command(
        "Help", "The keys that work here, and what can be typed", "help", "help", key="f1,?",
        label="Help",
    ),
    Command(
        "Commands", "All that can be done, by name", "command_palette", key="ctrl+p", label="More"
    ),
    Command(
        "Theme", "dark, light, or the terminal's own colours (ansi)", "theme", "theme", "NAME",
        writes=True,
    ),
    Command(
        "Introduction", "The three first screens: model, frontier, privacy", "introduction",
        "welcome", writes=True,
    ),
    Command(
        "Stop the download", "What is there of the model is kept for another time", "stop_fetching",
        "stop-fetching",
    ),
    Command("Quit", "Close Valence; it opens where it was", "quit", "quit", key="ctrl+q"),
)  # fmt: skip
