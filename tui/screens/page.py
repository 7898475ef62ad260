"""What every page behind a tab is.

A page reads and works in threads alone (`load`), draws only what went through `tui.render`, and
names what can be done on it in `COMMANDS`. It may be made long before it is switched to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

from textual.containers import Container

from tui.commands import Command, Shell, bindings
from tui.jobs import Lane
from tui.session import Session

Result = TypeVar("Result")


class Page(Container):
    """One tab's page. `KEY` is its name in code, `COMMANDS` what can be done on it."""

    KEY: ClassVar[str]
    COMMANDS: ClassVar[tuple[Command, ...]] = ()

    DEFAULT_CSS = """
    Page { height: 1fr; padding: 0 1; }
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        cls.BINDINGS = [*cls.__dict__.get("BINDINGS", []), *bindings(cls.COMMANDS)]
        super().__init_subclass__(**arguments)

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.KEY)
        self.session = session
        self._looks: dict[Callable[[Any], Any], object] = {}

    @property
    def shell(self) -> Shell:
        """The app, as far as a page needs it."""
        return cast(Shell, self.app)

    def shown(self) -> None:
        """The page has been switched to: give the focus where it belongs."""

    def refresh_from_store(self) -> None:
        """Show what the store says now; called when the page has been painted and when something
        that it may show has changed."""

    def read_ahead(self) -> bool:
        """Called while no key is pressed: asks for something that may be wanted next; whether
        there is such a thing."""
        return False

    def load(
        self,
        function: Callable[[], Result],
        on_done: Callable[[Result], Any] | None = None,
        lane: Lane = "reading",
    ) -> None:
        """Calls `function` in a thread and `on_done` with its result in the event loop, unless the
        page is gone by then; a failure is one sentence on the screen."""

        def done(result: Result) -> Any:
            return on_done(result) if on_done is not None and self.is_attached else None

        self.session.jobs.run(function, done, lane=lane)

    def open_dialog(
        self,
        function: Callable[[], Result],
        dialog: Callable[[Result], Any],
        lane: Lane = "reading",
    ) -> None:
        """Loads what a dialog is about, then opens it by `dialog`; not over another page or another
        dialog, where that has been gone to meanwhile."""

        def still_here(result: Result) -> Any:
            here = self.display and self.app.screen is self.screen
            return dialog(result) if here else None

        self.load(function, still_here, lane)

    def look(self, function: Callable[[], Result], show: Callable[[Result], Any]) -> None:
        """Loads what `show` shows. Of several looks with the same `show` only the last is shown:
        threads overtake each other, and what was asked before is out of date."""
        self._looks[show] = mine = object()
        self.load(function, lambda found: show(found) if self._looks[show] is mine else None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What writes is off while another Valence has the home open."""
        writes = any(each.writes for each in self.COMMANDS if each.action == action)
        return not (writes and self.session.read_only)
