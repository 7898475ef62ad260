"""The page Settings: grouped, searched, each saved and lived by at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar, Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList

from models.keys import VARIABLES, Source, forget_key, set_key, source, unusable
from tui import render, settings_words
from tui.commands import Command
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.editing import Choose, Write
from tui.widgets.listing import Listing, SearchLine
from tui.widgets.words import Words
from valence.config import Settings, check
from valence.options import NOTHING, Option, options

WIDE = 110
"""Cells from which on what is to know of a setting stands beside the list."""
KEY = "key."
"""How the ids of the rows of keys begin."""

Read = tuple[Settings, list[Option], dict[str, Source | None]]


class Shell(Protocol):
    """What the page asks of the app."""

    def look(self) -> None: ...


class SettingsPage(Page):
    KEY = "settings"
    COMMANDS: ClassVar[tuple[Command, ...]] = (
        Command("Search settings", "Find a setting", "search", key="slash", label="Search"),
        Command(
            "Back to the default", "The setting's default, or no key", "reset",
            key="r", label="Default", writes=True,
        ),
    )  # fmt: skip
    DEFAULT_CSS = """
    SettingsPage SearchLine { margin: 1 0; }
    SettingsPage #set { height: 1fr; layout: vertical; }
    SettingsPage #list { height: 1fr; }
    SettingsPage #what { height: 7; padding: 0 1; border-top: solid $border-blurred; }
    SettingsPage.wide #set { layout: horizontal; }
    SettingsPage.wide #list { width: 2fr; }
    SettingsPage.wide #what { width: 1fr; height: 1fr; margin: 0 0 0 3; border: none; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._read: Read = (session.valence.settings, [], {})
        self._words: list[str] = []

    def compose(self) -> ComposeResult:
        yield SearchLine("/ search")
        with Container(id="set"):
            with Vertical(id="list"):
                yield Listing()
            yield Words(id="what")

    def shown(self) -> None:
        self.screen.set_focus(self.query_one(Listing))

    def refresh_from_store(self) -> None:
        path = self.session.valence.locations.config

        def read() -> Read:
            keys = {provider: source(provider) for provider in VARIABLES}
            return self.session.valence.settings, options(path), keys

        self.look(read, self._show)

    @property
    def option(self) -> Option | None:
        """The setting under the cursor."""
        chosen = self.query_one(Listing).chosen
        return next((each for each in self._read[1] if each.key == chosen), None)

    @property
    def provider(self) -> str | None:
        """The provider whose key is under the cursor."""
        chosen = self.query_one(Listing).chosen
        return chosen.removeprefix(KEY) if chosen.startswith(KEY) else None

    def action_search(self) -> None:
        self.screen.set_focus(self.query_one(SearchLine))

    def action_reset(self) -> None:
        option, provider = self.option, self.provider
        if option is not None and self._may_change(option):
            self._save(option, option.default)
        elif provider is not None:
            self.load(lambda: forget_key(provider), self._key_changed, lane="turns")

    # -- showing -------------------------------------------------------------------------------

    def _show(self, read: Read) -> None:
        if read != self._read:
            self._read = read
            self._fill()

    def _fill(self) -> None:
        rows = list(self._rows())[1:]
        nothing = ("", Content.styled("no such setting", render.QUIET))
        self.query_one(Listing).show(rows or [nothing])
        self._show_what()

    def _rows(self) -> Iterator[tuple[str, Content]]:
        settings, found, keys = self._read
        width = max(40, self.query_one(Listing).content_size.width - 3)
        for section, group in groupby(found, lambda option: option.section):
            rows = [
                (option.key, settings_words.row(option, width))
                for option in group
                if settings_words.matches(option, self._words)
            ]
            if section == "frontier":
                named = settings_words.matching_keys(keys, self._words)
                rows += [(KEY + name, settings_words.key_row(name, keys[name])) for name in named]
            if rows:
                yield "", Content("")
                yield "", settings_words.heading(section)
                if meaning := settings_words.meaning(section, settings):
                    yield "", Content.styled(meaning, render.QUIET)
                yield from rows

    def _show_what(self) -> None:
        option, provider = self.option, self.provider
        what = Content("")
        if option is not None:
            what = settings_words.details(option)
        elif provider is not None:
            what = settings_words.key_details(provider, self._read[2].get(provider))
        self.query_one("#what", Words).say(what)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "wide")
        self.call_after_refresh(self._fill)

    @on(SearchLine.Asked)
    def ask(self, event: SearchLine.Asked) -> None:
        self._words = event.words.casefold().split()
        self._fill()
        if self._words:  # not where a search for its first letters has led
            self.query_one(Listing).action_first()

    @on(SearchLine.Left)
    def leave_search(self) -> None:
        self.screen.set_focus(self.query_one(Listing))

    @on(OptionList.OptionHighlighted)
    def highlighted(self) -> None:
        self._show_what()

    # -- changing ------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def selected(self) -> None:
        option, provider = self.option, self.provider
        if self.session.read_only:
            self._tell("Another Valence has this home open: here settings can only be read.")
        elif provider is not None:
            self._write_key(provider)
        elif option is not None and self._may_change(option):
            self._change(option)

    def _may_change(self, option: Option) -> bool:
        if not option.editable:
            self._tell(f"{option.variable} stands above config.toml: change it there.")
        return option.editable

    def _change(self, option: Option) -> None:
        if set(option.choices) == {"true", "false"}:
            self._save(option, "false" if option.value == "true" else "true")
            return

        def done(text: str | None) -> None:
            if text is not None and (text or NOTHING) != option.value:
                self._save(option, text or NOTHING)

        self.app.push_screen(_question(option), done)

    def _save(self, option: Option, text: str) -> None:
        def saved(_: None) -> None:
            cast(Shell, self.app).look()
            self._tell(f"{option.key} = {text}. {option.effect}")
            self.refresh_from_store()

        self.load(lambda: self.session.save(option.key, text), saved, lane="turns")

    def _write_key(self, provider: str) -> None:
        def done(key: str | None) -> None:
            if key is not None:
                self.load(lambda: set_key(provider, key), self._key_changed, lane="turns")

        title = Content.styled(f"API key of {provider}, for the keychain", "bold")
        self.app.push_screen(Write(title, unusable, secret=True), done)

    def _key_changed(self, _: object) -> None:
        self._tell("The keychain has been changed. From the next call on.")
        self.refresh_from_store()

    def _tell(self, sentence: str) -> None:
        self.notify(render.line(sentence), markup=False)


def _question(option: Option) -> Choose | Write:
    """Asks for a setting's value: one of its choices, or a line."""
    title = Content.assemble((option.key, "bold"), f"\n{render.line(option.meaning)}")
    if option.choices:
        values = [(value, settings_words.choice(option, value)) for value in option.choices]
        return Choose(title, values, option.value)
    now = "" if option.value == NOTHING else option.value
    return Write(title, lambda text: check(option.key, text), now)
