"""The command palette: the app's commands, found by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.commands import Command, Shell


class Commands(Provider):
    """All commands, those of other pages too: choosing one goes there first."""

    async def discover(self) -> Hits:
        for command in self._shell.registry:
            yield DiscoveryHit(_shown(command), self._doing(command), help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._shell.registry:
            shown = _shown(command)
            score = max(matcher.match(shown), matcher.match(command.help) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(shown), self._doing(command), help=command.help)

    @property
    def _shell(self) -> Shell:
        return cast(Shell, self.app)

    def _doing(self, command: Command) -> Callable[[], Any]:
        return partial(self._shell.perform, command)


def _shown(command: Command) -> str:
    """The command's name with the ways to it that are shorter: of its keys the first."""
    key = command.key.partition(",")[0].replace("ctrl+", "^")
    ways = [f"/{command.slash}" if command.slash else "", key]
    return "  ".join([command.name, *filter(None, ways)])
