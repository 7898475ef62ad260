"""What can be done, said once: the palette, the slash commands, the footer, the key bindings and
the help are all made from these.

Knows no page and no widget; a page names its commands in `COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from textual.binding import Binding


@dataclass(frozen=True)
class Command:
    """One thing to do. `action` names a method `action_<action>` of the page (or of the app).

    `slash` is what is typed for it in the chat, without the slash; `takes` says what follows it,
    and is given to the action. `label` is its short name in the footer, where it is shown there.
    Commands that write are off while another Valence has the home open.
    """

    name: str
    help: str
    action: str
    slash: str = ""
    takes: str = ""
    key: str = ""
    label: str = ""
    writes: bool = False
    page: str = ""
    """The page it belongs to, "" for the app; set by the page."""

    def binding(self) -> Binding:
        """Its key, where it has one; shown in the footer where it has a label."""
        return Binding(
            self.key,
            self.action,
            self.label or self.name,
            show=bool(self.label),
            tooltip=self.help,
        )


def bindings(commands: Iterable[Command]) -> list[Binding]:
    """The key bindings of commands."""
    return [command.binding() for command in commands if command.key]


class Registry:
    """All commands of the app and its pages."""

    def __init__(self) -> None:
        self._commands: list[Command] = []

    def add(self, commands: Iterable[Command], page: str = "") -> None:
        """The commands of a page, or of the app."""
        self._commands += [replace(command, page=page) for command in commands]

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands)

    def slash(self, name: str) -> Command | None:
        """The command that `/name` stands for."""
        return next((each for each in self._commands if each.slash and each.slash == name), None)

    def beginning(self, typed: str) -> list[Command]:
        """The slash commands that begin so, by name."""
        found = [each for each in self._commands if each.slash and each.slash.startswith(typed)]
        return sorted(found, key=lambda command: command.slash)


class Shell(Protocol):
    """What pages and the palette ask of the app."""

    registry: Registry

    async def perform(self, command: Command, argument: str = "") -> None:
        """Does what a command says, on its page."""
