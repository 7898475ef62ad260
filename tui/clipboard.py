"""Copying: by the terminal where it takes OSC 52, and on a Mac by `pbcopy`, since Apple's own
terminal does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from textual.app import App


def copy(app: App[Any], text: str) -> None:
    """Puts the text on the clipboard of the machine that the person sits at."""
    command = local_command(sys.platform, os.environ)
    if command is None:
        app.copy_to_clipboard(text)
    else:
        subprocess.run([command], input=text.encode(), check=False, timeout=5)


def local_command(platform: str, environment: Mapping[str, str]) -> str | None:
    """The program that copies here, where the terminal cannot be relied on; over ssh it would
    copy on the wrong machine."""
    if platform != "darwin" or "SSH_CONNECTION" in environment:
        return None
    return shutil.which("pbcopy")
