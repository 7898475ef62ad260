#!/usr/bin/env python3
"""How quick the terminal app is: first paint beside a bare Textual app, keys under load, a long
conversation.

    scripts/bench_terminal.py [--docs]

Figures of one run are compared with each other in that run. Where other work keeps the machine
busy, wall times say little: beside each stand the milliseconds of CPU that the app itself took.
Keys are timed with Textual's Pilot, from the key until the app is idle again, while a process
trains a LoRA adapter on the tests' tiny model and another writes a download to disk.
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
from dataclasses import dataclass
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
KEYS = 200
TURNS = 5000


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


async def keys(folder: Path) -> dict[str, list[Taken]]:
    """What each kind of key takes, and opening a conversation of 5,000 turns."""
    taken: dict[str, list[Taken]] = {}
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


async def opening(valence: Valence, place: places.Place) -> Taken:
    """From the start of the app until the last turns of the conversation are shown."""
    app = Terminal(Session(valence, place=place))
    began = now()
    async with app.run_test(size=(120, 36)) as pilot:
        await painted(app, pilot)
        taken = since(began)
    app.finish()
    return taken


async def painted(app: Terminal, pilot: Pilot[None]) -> None:
    while not app.query(TurnView):
        await asyncio.sleep(0.005)
    await pilot.pause(0)


async def timed(app: Terminal, pilot: Pilot[None]) -> dict[str, list[Taken]]:
    taken: dict[str, list[Taken]] = {"typing": [], "scrolling": [], "switching": []}
    app.query_one(Prompt).focus()
    for number in range(KEYS):
        taken["typing"].append(await one(pilot, "abcde fgh"[number % 9]))
    await pilot.press("escape")
    for number in range(KEYS):
        taken["scrolling"].append(await one(pilot, "k" if number % 40 < 20 else "j"))
    for number in range(KEYS):
        taken["switching"].append(await one(pilot, f"f{2 + number % 4}"))
    return taken


async def one(pilot: Pilot[None], key: str) -> Taken:
    began = now()
    await pilot.press(key)
    taken = since(began)
    await asyncio.sleep(0.02)
    return taken


def now() -> Taken:
    return Taken(time.perf_counter() * 1000, time.process_time() * 1000)


def since(began: Taken) -> Taken:
    ended = now()
    return Taken(ended.wall_ms - began.wall_ms, ended.cpu_ms - began.cpu_ms)


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


def report(paint: dict[str, list[Taken]], taken: dict[str, list[Taken]]) -> str:
    opened = taken.pop("open")
    bare, ours = (median(paint[name]) for name in ("bare", "valence"))
    lines = [
        "# The terminal app: how quick",
        "",
        "    .venv/bin/python scripts/bench_terminal.py --docs",
        "",
        f"{os.cpu_count()} x86-64 cores under Linux with other work on them (load "
        f"{os.getloadavg()[0]:.0f}): by the clock / of CPU, in ms. The script says what is timed.",
        "",
        f"**First paint** (median of {STARTS} starts, in turns): a bare Textual app "
        f"{bare.wall_ms:.0f} / {bare.cpu_ms:.0f}, Valence {ours.wall_ms:.0f} / {ours.cpu_ms:.0f}: "
        f"{ours.wall_ms / bare.wall_ms:.2f} / {ours.cpu_ms / bare.cpu_ms:.2f} times, "
        f"{(ours.cpu_ms - bare.cpu_ms) / 1000:+.2f} s of CPU.",
        "",
        f"**Opening a conversation of {TURNS:,} turns**, from the start of the app until its last "
        f"turns are shown: {median(opened).wall_ms:.0f} / {median(opened).cpu_ms:.0f} "
        "(median of 3).",
        "",
        "While a run trains and a download is written:",
        "",
        "| key | n | p50 | p95 | p99 | p50 CPU | p95 CPU | p99 CPU |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(row(name, values) for name, values in taken.items()),
    ]
    return "\n".join(lines) + "\n"


def median(values: list[Taken]) -> Taken:
    return Taken(
        statistics.median(one.wall_ms for one in values),
        statistics.median(one.cpu_ms for one in values),
    )


def row(name: str, values: list[Taken]) -> str:
    wall = statistics.quantiles([one.wall_ms for one in values], n=100)
    cpu = statistics.quantiles([one.cpu_ms for one in values], n=100)
    cells = [f"{cuts[place]:.0f}" for cuts in (wall, cpu) for place in (49, 94, 98)]
    return f"| {name} | {len(values)} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
