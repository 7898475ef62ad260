"""The command that a person would give, started in the background: detached, at low priority, its
output in a log. It does not know what the command does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def start(log: Path, *command: str) -> subprocess.Popen[bytes]:
    """Starts `valence COMMAND`, its output at the end of the log."""
    with log.open("a", encoding="utf-8") as output:
        return subprocess.Popen(
            ["nice", "-n", "10", sys.executable, "-m", "valence", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
