#!/usr/bin/env python3
"""Draws the terminal app as people see it into docs/terminal.svg: a fresh home, no model, no key.

The calls are real; only their latencies are set to 1 ms, so that the picture is always the same.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from tui.app import Prompt, Terminal
from valence.app import Valence
from valence.boundaries import get
from valence.config import Settings
from valence.locations import Locations

PICTURE = Path(__file__).parents[1] / "docs" / "terminal.svg"
SIZE = (120, 36)
TOLD = (
    "Ada Lovelace was born in London in 1815.",
    "My brother Tom works for Siemens in Munich and plays the cello.",
    "The card 4111 1111 1111 1111 belongs to Grace Hopper.",
    "Where does Tom work?",
)
# Rich names a web font; a picture in a repository fetches nothing.
WEB_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")


def draw() -> str:
    """The SVG."""
    with (
        tempfile.TemporaryDirectory() as home,
        Valence(Settings(), Locations(Path(home))) as valence,
    ):
        for text in TOLD:
            valence.router.call(get("decompose"), text)
        with valence.stores.database.transaction() as connection:
            connection.execute("UPDATE calls SET latency_ms = 1")
        app = Terminal(valence)
        try:
            svg = asyncio.run(_screenshot(app))
        finally:
            app.finish()
    svg = WEB_FONT.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, DejaVu Sans Mono")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


async def _screenshot(app: Terminal) -> str:
    async with app.run_test(size=SIZE) as pilot:
        app.query_one(Prompt).cursor_blink = False
        drawn = ""
        while not all(text in drawn for text in ("4 calls", "no calls yet", "no fact found")):
            await pilot.pause(0.05)
            drawn = app.export_screenshot().replace("&#160;", " ")
        await pilot.pause()
        return app.export_screenshot()


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
    print(PICTURE)
