"""Playing a person in front of the terminal app: the real one, over a real home."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.snapshots import UPDATING, draw, keep, kept, screen_text
from tui.app import Terminal
from tui.jobs import THREADS, Lane
from tui.places import Place
from tui.screens.chat import ChatPage
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence


@dataclass(frozen=True)
class Stage:
    """The app, and what a person does and sees there."""

    app: Terminal
    pilot: Pilot[None]

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return screen_text(self.app)

    @property
    def written(self) -> str:
        """All text of all screens and of the page that is open, in sight or not, the lowest
        screen first."""
        texts = (one for screen in self.app.screen_stack for one in screen.query(Static))
        return "\n".join(str(one.render()) for one in texts if not _on_another_page(one))

    async def press(self, *keys: str) -> None:
        """Types, when all that was going on has settled: a person is slower than a paint."""
        await self.pilot.pause()
        await self.pilot.press(*keys)

    async def say(self, text: str) -> TurnView:
        """Writes a text in the chat, sends it and waits for its answer."""
        page, last = self.app.query_one(ChatPage), [*self.app.query(TurnView)][-1:]
        self.app.query_one(Prompt).write(text)
        await self.pilot.press("enter")
        await self.until(lambda: [*self.app.query(TurnView)][-1:] != last and not page.busy)
        return self.app.query(TurnView).last()

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(1000):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"it did not happen:\n{self.text}")

    async def shows(self, *texts: str) -> None:
        """Waits until all of the texts stand on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def hides(self, text: str) -> None:
        await self.until(lambda: text not in self.text)

    async def looks(self, name: str) -> None:
        """Waits until the screen is as it was kept under this name."""
        if UPDATING:
            await self.pilot.pause(1.0)
            keep(name, self.text)
            draw(self.app, name)
        await self.until(lambda: self.text == kept(name))


def _on_another_page(widget: Static) -> bool:
    return any(isinstance(one, Page) and not one.display for one in widget.ancestors)


@contextmanager
def held_up(stage: Stage, lane: Lane) -> Iterator[None]:
    """Nothing in this lane is done until the end."""
    go_on = threading.Event()
    for _ in range(THREADS[lane]):
        stage.app.session.jobs.run(lambda: go_on.wait(60), lane=lane)
    try:
        yield
    finally:
        go_on.set()


@asynccontextmanager
async def opened(
    valence: Valence,
    page: str = "chat",
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    session: Session | None = None,
) -> AsyncIterator[Stage]:
    """The app on a page, for someone who knows it, when the chat has read what it shows."""
    session = session or Session(valence, place=Place(page=page))
    session.place.introduced = True
    if read_only:
        session.lost = None
    app = Terminal(session)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = Stage(app, pilot)
            await stage.until(lambda: list(app.registry) and not _reading(app))
            yield stage
    finally:
        app.finish()


def _reading(app: Terminal) -> bool:
    """Whether the chat has nothing to show yet."""
    return bool(app.query(ChatPage)) and not (app.query(TurnView) or app.query("#welcome"))


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())
