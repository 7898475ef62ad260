"""Screens as text: what stands on a terminal, compared with what stood there before.

`UPDATE_SNAPSHOTS=1 pytest tests/tui` writes them anew, and draws those of them that the README
shows into docs/terminal/; look at the difference before committing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"
UPDATING = bool(os.environ.get("UPDATE_SNAPSHOTS"))

PICTURES = Path(__file__).parents[2] / "docs" / "terminal"
DRAWN = (
    "chat-120x36", "chat-80x24", "first-run-1-80x24", "help-80x24", "learning-120x36",
    "learning-80x24", "ledger-120x36", "ledger-80x24", "memory-known-120", "memory-known-80",
    "settings-120", "settings-80",
)  # fmt: skip
WEB_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Rich names a web font; a picture in a repository fetches nothing."""


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


def draw(app: App[None], name: str) -> None:
    """The screen as a picture, where it is one that is shown."""
    if name in DRAWN and app.theme == "dark":
        svg = WEB_FONT.sub("", app.export_screenshot())
        svg = svg.replace("Fira Code", "ui-monospace, Menlo, DejaVu Sans Mono")
        lines = [line.rstrip() for line in svg.splitlines()]
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"{name}.svg").write_text("\n".join(lines) + "\n", "utf-8")
