#!/usr/bin/env python3
"""How quick the terminal app is: first paint beside a bare Textual app, keys under load, a long
conversation.

    scripts/bench_terminal.py [--docs]

Figures of one run are compared with each other in that run: the machine may be busy. Keys are
timed with Textual's Pilot, from the key until the app is idle again, while a process trains a LoRA
adapter on the tests' tiny model and another writes a download to disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.pilot import Pilot

from tui import places
from tui.app import Terminal
from tui.session import Session
from tui.widgets.prompt import Prompt
from tui.widgets.turn import TurnView
from valence.app import Valence
from valence.config import Settings
from valence.locations import Locations

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "bench_terminal.md"
STARTS = 7
KEYS = 300
TURNS = 5000

BARE = """
from textual.app import App
from textual.widgets import Footer, Input, Static
class Bare(App):
    def compose(self):
        yield Static("bare")
        yield Input()
        yield Footer()
    def on_ready(self):
        self.exit()
Bare().run()
"""
OURS = """
import tui.app
class Timed(tui.app.Terminal):
    def on_ready(self):
        self.exit()
tui.app.Terminal = Timed
tui.app.run()
"""
DOWNLOADING = """
import sys, time
while True:
    with open(sys.argv[1], "wb") as file:
        for _ in range(200):
            file.write(bytes(1 << 20))
            time.sleep(0.02)
"""
TRAINING = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.commands import Home, pairs
from pathlib import Path
home = Home.make(Path(sys.argv[2]) / "training", TRAINING__EPOCHS=200)
home.learn_from(pairs(150))
home.train()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--docs", action="store_true", help="write docs/bench_terminal.md")
    docs = parser.parse_args().docs
    with tempfile.TemporaryDirectory() as folder:
        text = report(first_paint(Path(folder)), asyncio.run(keys(Path(folder))))
    print(text)
    if docs:
        REPORT.write_text(text, "utf-8")


def first_paint(folder: Path) -> dict[str, list[float]]:
    """Seconds from the start of Python to the first paint, one after the other in turns."""
    home = folder / "paint"
    with Valence(Settings(), Locations(home)) as valence:
        places.write(valence.locations.place, places.Place(introduced=True))
    environment = os.environ | {"VALENCE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    seconds: dict[str, list[float]] = {"bare": [], "valence": []}
    for _ in range(STARTS):
        for name, program in (("bare", BARE), ("valence", OURS)):
            seconds[name].append(on_a_terminal(program, environment))
    return seconds


def on_a_terminal(program: str, environment: dict[str, str]) -> float:
    """Seconds that a program takes on a pty of its own (`script` makes one)."""
    coded = f"exec(bytes.fromhex('{program.encode().hex()}'))"  # nothing that a shell acts on
    command = ["script", "-qec", f'{sys.executable} -c "{coded}"', "/dev/null"]
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.PIPE)
    return time.perf_counter() - started


async def keys(folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each kind of key, and of opening a conversation of 5,000 turns."""
    taken: dict[str, list[float]] = {}
    with Valence(Settings(), Locations(folder / "home")) as valence:
        place = places.Place(conversation=long_conversation(valence), introduced=True)
        taken["open"] = [await opening(valence, place) for _ in range(3)]
        app = Terminal(Session(valence, place=place))
        with loaded(folder):
            async with app.run_test(size=(120, 36)) as pilot:
                await painted(app, pilot)
                taken |= await timed(app, pilot)
        app.finish()
    return taken


async def opening(valence: Valence, place: places.Place) -> float:
    """From the start of the app until the last turns of the conversation are shown."""
    app = Terminal(Session(valence, place=place))
    started = time.perf_counter()
    async with app.run_test(size=(120, 36)) as pilot:
        await painted(app, pilot)
        taken = time.perf_counter() - started
    app.finish()
    return taken * 1000


async def painted(app: Terminal, pilot: Pilot[None]) -> None:
    while not app.query(TurnView):
        await asyncio.sleep(0.005)
    await pilot.pause(0)


async def timed(app: Terminal, pilot: Pilot[None]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {"typing": [], "scrolling": [], "switching": []}
    app.query_one(Prompt).focus()
    for number in range(KEYS):
        taken["typing"].append(await one(pilot, "abcde fgh"[number % 9]))
    await pilot.press("escape")
    for number in range(KEYS):
        taken["scrolling"].append(await one(pilot, "k" if number % 40 < 20 else "j"))
    for number in range(KEYS):
        taken["switching"].append(await one(pilot, f"f{2 + number % 4}"))
    return taken


async def one(pilot: Pilot[None], key: str) -> float:
    started = time.perf_counter()
    await pilot.press(key)
    taken = (time.perf_counter() - started) * 1000
    await asyncio.sleep(0.02)
    return taken


@contextmanager
def loaded(folder: Path) -> Iterator[None]:
    """Meanwhile a process trains, politely as the app has it, and another downloads."""
    training = ["nice", "-n", "10", sys.executable, "-c", TRAINING, str(ROOT), str(folder)]
    downloading = [sys.executable, "-c", DOWNLOADING, str(folder / "download")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        for command in (training, downloading)
    ]
    time.sleep(20)  # until it trains
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, 9)
            process.wait()


def long_conversation(valence: Valence) -> str:
    conversation = valence.memory.conversations.start("Long")
    answer = {
        "answer": "Anna works for Siemens in Munich. [1]", "facts": [], "route": "builtin",
        "citations": [{"number": 1, "source": None, "kind": None, "title": "", "place": "",
                       "recorded_at": "2026-11-21"}],
        "reason": "", "confidence": None, "remembered": [], "latency_ms": 1.0, "cost_usd": 0.0,
    }  # fmt: skip
    rows = [
        (f"turn{place:08}", conversation.id, place, f"Question {place}?", json.dumps(answer))
        for place in range(TURNS)
    ]
    with valence.stores.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO turns (id, conversation_id, position, question, answer, state, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'answered', '2026-01-01')",
            rows,
        )
    return conversation.id


def report(paint: dict[str, list[float]], taken: dict[str, list[float]]) -> str:
    bare, ours = (statistics.median(paint[name]) for name in ("bare", "valence"))
    lines = [
        "# The terminal app: how quick",
        "",
        "    .venv/bin/python scripts/bench_terminal.py --docs",
        "",
        f"{os.cpu_count()} x86-64 cores under Linux, other work on them at the time (load "
        f"{os.getloadavg()[0]:.0f}); see the script for what is timed.",
        "",
        f"**First paint** (median of {STARTS} starts, in turns): bare Textual app {bare:.2f} s, "
        f"Valence {ours:.2f} s: {ours - bare:+.2f} s, {ours / bare:.2f} times.",
        "",
        f"**Opening a conversation of {TURNS:,} turns**, from the start of the app until its last "
        f"turns are shown: {statistics.median(taken.pop('open')):.0f} ms (median of 3).",
        "",
        "While a run trains and a download is written:",
        "",
        "| key | n | p50 ms | p95 ms | p99 ms |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, values in taken.items():
        cuts = statistics.quantiles(values, n=100)
        lines.append(
            f"| {name} | {len(values)} | {cuts[49]:.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
