"""A text in the person's own editor ($VISUAL, $EDITOR), on a file that only they can read."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from valence.errors import ValenceError


def edit(text: str) -> str:
    """The text as it was saved. The terminal must be free. Raises ValenceError."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise ValenceError("no editor is set", do="Set the variable EDITOR, for example to nano.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "valence.md"
        file.write_text(text, "utf-8")
        try:
            subprocess.run([*shlex.split(command), str(file)], check=True)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise ValenceError(f"the editor {command!r} failed: {error}") from error
        return file.read_text("utf-8", errors="replace").rstrip("\n")
