"""The tabs in order, and where the page behind each is; a page's module is loaded when needed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screens.page import Page


@dataclass(frozen=True)
class Tab:
    """One tab: the page's key, what stands on the tab, and the module and class of the page."""

    key: str
    title: str
    module: str
    name: str

    def load(self) -> type[Page]:
        """The page's class."""
        page: type[Page] = getattr(importlib.import_module(self.module), self.name)
        return page


TABS = (
    Tab("chat", "Chat", "tui.screens.chat", "ChatPage"),
    Tab("learning", "Learning", "tui.screens.learning", "LearningPage"),
    Tab("ledger", "Ledger", "tui.screens.ledger", "LedgerPage"),
    Tab("memory", "Memory", "tui.screens.memory", "MemoryPage"),
    Tab("settings", "Settings", "tui.screens.settings", "SettingsPage"),
)


def number(key: str) -> int:
    """The place of a page among the tabs, from 1."""
    return 1 + [tab.key for tab in TABS].index(key)
