"""Everything that is seen: the terminal app. Knows how to show and ask; decides nothing."""

from __future__ import annotations

import os

# What a key leaves for the next frame comes in half the time; Textual reads it when it is loaded.
os.environ.setdefault("TEXTUAL_FPS", "120")

from tui.app import run

__all__ = ["run"]
