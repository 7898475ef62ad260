#!/usr/bin/env python3
"""How quick the terminal app is: first paint beside a bare Textual app, keys under load, a long
conversation.

    scripts/bench_terminal.py [--docs]

Figures of one run are compared with each other in that run. Where other work keeps the machine
busy, wall times say little: beside each stand the milliseconds of CPU that the app itself took.
Keys are pressed with Textual's Pilot while a process trains a LoRA adapter on the tests' tiny model
and another writes a download to disk: by the clock until the last paint that a key caused, of CPU
until the app is idle again. A bare Textual app of about as many widgets is the floor beneath it.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import tui  # noqa: E402, F401, I001 - first, for it says to Textual how often to draw
from rich.console import RenderableType  # noqa: E402
from textual.app import App  # noqa: E402
from textual.pilot import Pilot  # noqa: E402
from textual.screen import Screen  # noqa: E402
from textual.widgets import TextArea  # noqa: E402

from scripts.bare_terminal import Bare  # noqa: E402
from scripts.first_paint import STARTS, Taken, first_paint  # noqa: E402
from tests.tui import learnt  # noqa: E402
from tui import places  # noqa: E402
from tui.app import Terminal  # noqa: E402
from tui.pages import TABS  # noqa: E402
from tui.screens.page import Page  # noqa: E402
from tui.session import Session  # noqa: E402
from tui.widgets.prompt import Prompt  # noqa: E402
from tui.widgets.turn import TurnView  # noqa: E402
from valence.app import Valence  # noqa: E402
from valence.config import Settings  # noqa: E402
from valence.locations import Locations  # noqa: E402

REPORT = ROOT / "docs" / "bench_terminal.md"
KEYS = 200
TURNS = 5000
KINDS = ("typing", "scrolling", "switching")


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


Clock = Callable[[], float]
"""When the screen was painted last, in ms."""


async def keys(folder: Path) -> dict[str, list[Taken]]:
    """What each kind of key takes, and opening a conversation of 5,000 turns."""
    taken: dict[str, list[Taken]] = {}
    with Valence(Settings(), Locations(folder / "home")) as valence:
        fill(valence)
        place = places.Place(conversation=long_conversation(valence), introduced=True)
        taken["open"] = [await opening(valence, place) for _ in range(3)]
        with loaded(folder):
            taken |= await bare()
            app = Terminal(Session(valence, place=place))
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


async def rested(app: Terminal, pilot: Pilot[None]) -> None:
    """No key is pressed until every page has been made."""
    while len(app.query(Page)) < len(TABS):
        await pilot.pause(0.1)


async def bare() -> dict[str, list[Taken]]:
    app = Bare()
    async with app.run_test(size=(120, 36)) as pilot:
        clock = watched(app)
        area = app.query_one(TextArea).focus()
        area.cursor_blink = False
        typing = [await one(pilot, clock, "abcde fgh"[number % 9]) for number in range(KEYS)]
        moves = ("shift+tab" if number % 40 < 20 else "tab" for number in range(KEYS))
        scrolling = [await one(pilot, clock, key) for key in moves]
        switching = [await one(pilot, clock, f"f{2 + number % 4}") for number in range(KEYS)]
    return {"typing, bare": typing, "scrolling, bare": scrolling, "switching, bare": switching[4:]}


async def timed(app: Terminal, pilot: Pilot[None]) -> dict[str, list[Taken]]:
    clock = watched(app)
    app.query_one(Prompt).focus().cursor_blink = False
    typing = [await one(pilot, clock, "abcde fgh"[number % 9]) for number in range(KEYS)]
    await pilot.press("escape")
    nothing = [await one(pilot, clock, "f9") for _ in range(KEYS)]
    moves = ("k" if number % 40 < 20 else "j" for number in range(KEYS))
    scrolling = [await one(pilot, clock, key) for key in moves]
    await rested(app, pilot)
    first = [await one(pilot, clock, f"f{number}") for number in range(2, 6)]
    await pilot.pause(3)  # until the pages have settled
    switching = [await one(pilot, clock, f"f{2 + number % 4}") for number in range(KEYS)]
    return {
        "typing": typing, "scrolling": scrolling, "switching": switching, "first": first,
        "nothing": nothing,
    }  # fmt: skip


def watched(app: App[None]) -> Clock:
    """Notes when the app paints; in a test it paints into nothing."""
    display, last = app._display, [0.0]

    def note(screen: Screen[object], painting: RenderableType | None) -> None:
        display(screen, painting)
        if painting is not None:  # None where what changed is not in sight
            last[0] = time.perf_counter() * 1000

    app._display = note  # type: ignore[method-assign]
    return lambda: last[0]


async def one(pilot: Pilot[None], clock: Clock, key: str) -> Taken:
    began = now()
    await pilot.press(key)
    taken = Taken(max(0.0, clock() - began.wall_ms), since(began).cpu_ms)
    await asyncio.sleep(0.02)
    return taken


def fill(valence: Valence) -> None:
    """Something on every page: calls, adapters, examples, facts."""
    learnt.fill(valence)
    for number in range(20):
        valence.assistant.ask(f"Anna{number} works for Siemens{number % 5} in Munich.")


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
    opened, first, nothing = (taken.pop(name) for name in ("open", "first", "nothing"))
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
        *(row(name, taken[name]) for kind in KINDS for name in (kind, f"{kind}, bare")),
        "",
        "A key that does nothing, which is what Pilot itself takes to wait for all widgets: "
        f"{median(nothing).cpu_ms:.0f} of CPU, and it is in the figures above. "
        f"A page that is opened for the first time, made while no key was pressed: "
        f"{median(first).wall_ms:.0f} / {median(first).cpu_ms:.0f} (median of 4).",
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
