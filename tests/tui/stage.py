"""One page of the real app over a real home, and waiting for what its threads bring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.tui.snapshots import UPDATING, draw, keep, kept, screen_text
from tui.app import Terminal
from tui.places import Place
from tui.session import Session
from valence.app import Valence


class Stage:
    """The app on one page, and what a person does there."""

    def __init__(self, app: Terminal, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        """Types, when all that was going on has settled: a person is slower than a paint."""
        await self.pilot.pause()
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(600):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"it did not happen:\n{self.text}")

    async def shows(self, *texts: str) -> None:
        """Waits until all of the texts stand on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def looks(self, name: str) -> None:
        """Waits until the screen is as it was kept under this name."""
        if UPDATING:
            await self.pilot.pause(1.0)
            keep(name, self.text)
            draw(self.app, name)
        await self.until(lambda: self.text == kept(name))

    async def hides(self, text: str) -> None:
        await self.until(lambda: text not in self.text)


@asynccontextmanager
async def opened(
    valence: Valence,
    page: str,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
) -> AsyncIterator[Stage]:
    session = Session(valence, place=Place(page=page, introduced=True))
    if read_only:
        session.lost = None
    app = Terminal(session)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Stage(app, pilot)
    finally:
        app.finish()


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())
