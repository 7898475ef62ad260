"""Screens as text: what stands on a terminal, compared with what was there before.

`UPDATE_SNAPSHOTS=1 pytest tests/tui` writes them anew; look at the difference before committing.
"""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"


def screen_text(app: App[None]) -> str:
    """The characters on the screen, line by line, without their colours."""
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    return "\n".join(lines).rstrip() + "\n"


def kept(name: str) -> str | None:
    """What was kept under this name."""
    path = FOLDER / f"{name}.txt"
    return path.read_text("utf-8") if path.exists() else None


def assert_same(app: App[None], name: str) -> None:
    """Fails where the screen is not as it was kept under this name."""
    path = FOLDER / f"{name}.txt"
    shown = screen_text(app)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")
