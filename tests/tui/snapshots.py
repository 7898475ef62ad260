"""Screens as text: what stands on a terminal, compared with what stood there before.

`UPDATE_SNAPSHOTS=1 pytest tests/tui` writes them anew; look at the difference before committing.
"""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"
UPDATING = bool(os.environ.get("UPDATE_SNAPSHOTS"))


def screen_text(app: App[None]) -> str:
    """The characters on the screen, line by line, without their colours."""
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    return "\n".join(lines).rstrip() + "\n"


def kept(name: str) -> str:
    """The screen that was kept under this name."""
    return (FOLDER / f"{name}.txt").read_text("utf-8")


def keep(name: str, text: str) -> None:
    """Keeps a screen under this name."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.txt").write_text(text, "utf-8")
