"""Playing a person in front of the terminal app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.widgets import Static

from tui.app import Terminal
from tui.screens.chat import ChatPage
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence


@asynccontextmanager
async def opened(
    valence: Valence, size: tuple[int, int] = (80, 24), session: Session | None = None
) -> AsyncIterator[tuple[Terminal, Pilot[None]]]:
    """The app over a home, when its first page has read what it shows."""
    app = Terminal(session or Session(valence))
    app.session.place.introduced = True
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: list(app.registry) and not idle(app))
            yield app, pilot
    finally:
        app.finish()


def idle(app: Terminal) -> bool:
    """Whether the chat has nothing to show yet."""
    return bool(app.query(ChatPage)) and not (app.query(TurnView) or app.query("#welcome"))


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen")


async def say(app: Terminal, pilot: Pilot[None], text: str) -> TurnView:
    """Writes a text, sends it and waits for its answer."""
    page, last = app.query_one(ChatPage), [*app.query(TurnView)][-1:]
    app.query_one(Prompt).write(text)
    await pilot.press("enter")
    await until(pilot, lambda: [*app.query(TurnView)][-1:] != last and not page.busy)
    return app.query(TurnView).last()


def shown(app: Terminal) -> str:
    """All text on the screens, the lowest first."""
    return "\n".join(
        str(one.render()) for screen in app.screen_stack for one in screen.query(Static)
    )


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())
