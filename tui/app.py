"""The terminal app's shell: tabs, commands, palette, help, themes, what opens and closes it.

The event loop only draws; what takes time goes through `tui.jobs`. Knows no page's content.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.content import Content
from textual.events import Event, InputEvent
from textual.message import Message

from tui import places, render
from tui.commands import Command, Registry, bindings
from tui.following import Following
from tui.pages import TABS, Tab
from tui.palette import Commands
from tui.rest import Rest
from tui.screens.main import Main
from tui.screens.page import Page
from tui.session import Session
from tui.shell import SHELL
from tui.themes import THEMES
from tui.widgets.key_line import KeyLine
from tui.widgets.tabs import TabLine, TabTitles
from valence.app import Valence
from valence.cli.failure import explain
from valence.exclusive import TERMINAL, held

if TYPE_CHECKING:
    from valence.notes.documents import Synced

READ_ONLY = "another Valence has this home open: here it can be read, not changed"
WATCH_S = 2.0
SCHEDULE_S = 60.0
"""How often the shell looks whether a run is training and how far a download is."""


@dataclass
class Do(Message):
    """Something to be called in the event loop."""

    call: Callable[[], Any]


class Terminal(App[None]):
    """The app over one session; `finish` when it has ended."""

    TITLE = "Valence"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(SHELL),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]
    CSS = """
    * { scrollbar-size-vertical: 1; }
    CommandPalette #--input { border: hkey $border-blurred; }
    CommandPalette #--input.--list-visible { border-bottom: none; }
    CommandPalette SearchIcon { color: $foreground; }
    CommandPalette CommandList { border-bottom: hkey $border-blurred; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.registry = Registry()
        self._tabs = TabLine()
        self._main = Main(id="main")
        self._rest = Rest(self, self._make_ready)
        self._making = asyncio.Lock()
        self._training = False
        self._following = Following(session, self._read_notes)
        session.jobs.attach(lambda call: self.post_message(Do(call)), self.complain)
        for theme in THEMES.values():
            self.register_theme(theme)
        # before anything is painted: a change of the theme lays all out anew
        self.theme = session.valence.settings.terminal.theme

    def get_default_screen(self) -> Main:
        return self._main

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield KeyLine()

    async def on_mount(self) -> None:
        self._rest.begin()
        self._still()
        await self.action_go(self.session.place.page)
        self.call_after_refresh(self._gather_commands)
        self.set_interval(WATCH_S, self._watch)
        self._watch()
        if not self.session.read_only:
            self.set_interval(SCHEDULE_S, self._keep_schedule)
        if not (self.session.place.introduced or self.session.read_only):
            self.action_introduction()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._rest.disturb()
        await super().on_event(event)

    async def _make_ready(self) -> bool:
        """One thing that a key would otherwise wait for; whether there was any."""
        tab = next((tab for tab in TABS if tab.key not in self._main.pages), None)
        if tab is None:
            return self.page.read_ahead()
        await self._make(tab)
        return True

    def look(self) -> None:
        """Theme and motion as the settings say."""
        self.theme = self.session.valence.settings.terminal.theme
        self._still()

    def _still(self) -> None:
        still = self.session.valence.settings.terminal.reduced_motion
        self.animation_level = "none" if still else "full"

    def finish(self) -> None:
        """Waits for the turn that is under way, and keeps where the app was."""
        if self.session.jobs.busy:
            print("finishing what was told …", file=sys.stderr)
        self._following.stop()
        self.session.jobs.finish()
        self._rest.end()
        if not self.session.read_only:
            places.write(self.session.valence.locations.place, self.session.place)

    # -- pages and commands --------------------------------------------------------------------

    async def action_go(self, key: str) -> None:
        """Opens a page; it is made when there was no rest before it is wanted."""
        tab = next((tab for tab in TABS if tab.key == key), TABS[0])
        await self._make(tab)
        self.session.place.page = tab.key
        self._tabs.open(tab.key)
        await self._main.open(tab.key)
        self.call_after_refresh(self.page.refresh_from_store)

    async def _make(self, tab: Tab) -> None:
        """Where a key wants the page that is being made, it waits until it is whole."""
        async with self._making:
            if tab.key not in self._main.pages:
                await self._main.add(tab.load()(self.session))
                self._rest.settle()

    @on(TabTitles.Chosen)
    async def tab_chosen(self, event: TabTitles.Chosen) -> None:
        await self.action_go(event.key)

    async def perform(self, command: Command, argument: str = "") -> None:
        """Does what a command says, on its page."""
        if command.page and command.page != self.page.KEY:
            await self.action_go(command.page)
        target = self.page if command.page else self
        if command.writes and self.session.read_only:
            self.complain(READ_ONLY)
        elif argument:
            await self.run_action(("", command.action, (argument,)), target)
        else:
            await self.run_action(command.action, target)

    @property
    def page(self) -> Page:
        """The page that is open."""
        return self._main.pages[self.session.place.page]

    def _gather_commands(self) -> None:
        """Loads the other pages when the first has been painted, for what can be done on them."""
        self.session.jobs.run(lambda: [tab.load() for tab in TABS], self._register_commands)

    def _register_commands(self, pages: list[type[Page]]) -> None:
        self.registry.add(SHELL)
        for tab, page in zip(TABS, pages, strict=True):
            self.registry.add(page.COMMANDS, tab.key)

    # -- what the shell itself does ------------------------------------------------------------

    def action_help(self) -> None:
        from tui.screens.help import Help

        active = self.screen.active_bindings.values()
        commands = [each for each in self.registry if each.page in ("", self.page.KEY)]
        title = next(tab.title for tab in TABS if tab.key == self.page.KEY)
        self.push_screen(Help(title, list(active), commands))

    def action_introduction(self) -> None:
        """The first screens, from the one that comes next."""
        from tui.screens.introduction import Introduction

        self.push_screen(Introduction(self.session))

    def action_theme(self, name: str = "") -> None:
        """The named theme, or the next one; kept as a setting."""
        names = list(THEMES)
        chosen = name if name in THEMES else names[(names.index(self.theme) + 1) % len(names)]
        self.session.jobs.run(
            lambda: self.session.save("terminal.theme", chosen), lambda _: self.look(), lane="turns"
        )

    async def action_quit(self) -> None:
        """Closes; while a run is training, asks first."""
        if not self._training:
            self.exit()
            return
        from tui.widgets.confirm import Confirm

        question = Content("A training run is under way. Close Valence?")
        details = Content("It goes on in the background; Learning shows it when you are back.")
        closing = Confirm(question, details, yes="Close", no="Stay")
        self.push_screen(closing, lambda yes: self.exit() if yes else None)

    def complain(self, sentence: str) -> None:
        """One sentence on what went wrong, for a while."""
        self.notify(render.line(sentence), severity="error", markup=False, timeout=10)

    @on(Do)
    async def do(self, event: Do) -> None:
        try:
            result = event.call()
            if isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - the loop's edge: logged whole, told in a line
            self.complain(explain(error))

    def _watch(self) -> None:
        self.session.jobs.run(self._is_training, self._show_state)

    def _keep_schedule(self) -> None:
        """A classifier that is trained by the week is trained while the app lies open, too."""
        from valence.learning import start_scheduled  # loads what the first paint does without

        self.session.jobs.run(lambda: start_scheduled(self.session.valence))

    def _read_notes(self, done: Synced) -> None:
        """What has changed in the notes folder is in memory now."""
        if done.read or done.gone:
            self.page.refresh_from_store()

    def _is_training(self) -> bool:
        from valence.learning import under_way  # loads what the first paint does without

        self._following.look()
        return under_way(self.session.valence)

    def _show_state(self, training: bool) -> None:
        changed, self._training = training != self._training, training
        state = ["read-only"] if self.session.read_only else []
        state += ["training"] if training else []
        state += self._fetching()
        self._tabs.tell(Content(" · ".join(state)))
        if changed:
            self.page.refresh_from_store()

    def _fetching(self) -> list[str]:
        """How far the model is that is being fetched; once it is there, it is used."""
        fetch = self.session.fetch
        if fetch is None:
            return []
        if fetch.state == "running":
            return [f"model {fetch.progress:.0%}"]
        self.session.fetch = None
        if fetch.state == "failed":
            self.complain(f"The model was not fetched: {fetch.problem}")
        else:
            self.session.jobs.run(self.session.reload, self._use_model, lane="turns")
        return []

    def action_stop_fetching(self) -> None:
        fetch, self.session.fetch = self.session.fetch, None
        if fetch is None:
            self.notify("No model is being fetched.")
            return
        told = "The download has stopped; /welcome takes it up again."
        self.session.jobs.run(fetch.stop, lambda _: self.notify(told))

    def _use_model(self, _: None) -> None:
        self.notify("The model is there and answers from now on.")

    def _fatal_error(self) -> None:
        """A defect in a handler ends the app: with one line, the whole story in the log."""
        if isinstance(self._exception, Exception):
            self.panic(Text(f"Error: {render.line(explain(self._exception))}"))


def run() -> None:
    """Opens the home that the environment names, and the app over it."""
    with Valence.open() as valence, held(valence.stores.leases, TERMINAL) as lost:
        place = places.read(valence.locations.place)
        # who has settings has been here before, be it at the command line
        place.introduced |= valence.locations.config.exists() and not place.introduction
        app = Terminal(Session(valence, lost=lost, place=place))
        try:
            app.run()
        finally:
            app.finish()
