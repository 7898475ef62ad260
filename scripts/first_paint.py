"""How long a program of the terminal takes from the start of Python to its first paint."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tui import places
from valence.app import Valence
from valence.config import Settings
from valence.locations import Locations

ROOT = Path(__file__).parents[1]
STARTS = 7


@dataclass(frozen=True)
class Taken:
    """Milliseconds by the clock, and of CPU."""

    wall_ms: float
    cpu_ms: float


BARE = """
import os, time
from textual.app import App
from textual.widgets import Footer, Input, Static
class Bare(App):
    def compose(self):
        yield Static("bare")
        yield Input()
        yield Footer()
    def on_ready(self):
        with open(os.environ["READY"], "w") as file:
            file.write(f"{time.time()} {time.process_time()}")
        self.exit()
Bare().run()
"""
OURS = """
import os, time
import tui.app
class Timed(tui.app.Terminal):
    def on_ready(self):
        with open(os.environ["READY"], "w") as file:
            file.write(f"{time.time()} {time.process_time()}")
        self.exit()
tui.app.Terminal = Timed
tui.app.run()
"""


def first_paint(folder: Path) -> dict[str, list[Taken]]:
    """From the start of Python to the first paint, one after the other in turns."""
    home = folder / "paint"
    with Valence(Settings(), Locations(home)) as valence:
        places.write(valence.locations.place, places.Place(introduced=True))
    environment = os.environ | {
        "VALENCE_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "READY": str(folder / "ready"),
    }
    taken: dict[str, list[Taken]] = {"bare": [], "valence": []}
    for _ in range(STARTS):
        for name, program in (("bare", BARE), ("valence", OURS)):
            taken[name].append(on_a_terminal(program, environment))
    return taken


def on_a_terminal(program: str, environment: dict[str, str]) -> Taken:
    """What a program takes until its first paint, on a pty of its own (`script` makes one)."""
    coded = f"exec(bytes.fromhex('{program.encode().hex()}'))"  # nothing that a shell acts on
    command = ["script", "-qec", f'{sys.executable} -c "{coded}"', "/dev/null"]
    started = time.time()
    subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.PIPE)
    ready, used = map(float, Path(environment["READY"]).read_text().split())
    return Taken((ready - started) * 1000, used * 1000)
