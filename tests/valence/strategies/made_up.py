"""Trajectories of a made-up agent, whose approaches work or not by the kind of problem."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

THINGS = [
    "lamp",
    "chair",
    "table",
    "radio",
    "kettle",
    "bicycle",
    "carpet",
    "mirror",
    "clock",
    "drill",
]
COLOURS = ["red", "blue", "green", "black", "white", "brown"]
RATES = {
    ("refund", "careful"): 0.9,
    ("refund", "quick"): 0.2,
    ("explain", "careful"): 0.5,
    ("explain", "quick"): 0.9,
}
"""Chance of success by kind of problem and way of going about it."""


def lines(count: int, seed: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """Trajectories as lines of JSONL, half of each kind, each of a task of its own."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        kind, way = rng.choice(["refund", "explain"]), rng.choice(["careful", "quick"])
        thing = f"{rng.choice(COLOURS)} {rng.choice(THINGS)}"
        problem = {
            "refund": f"Please refund the broken {thing} that I ordered",
            "explain": f"Explain how a {thing} works inside",
        }[kind]
        found.append(
            {
                "id": f"{seed}-{number}",
                "task_id": f"{seed}-{number}",
                "problem": problem,
                "steps": steps(kind, way),
                "success": rng.random() < RATES[kind, way],
            }
            | changes
        )
    return found


def steps(kind: str, way: str) -> list[dict[str, Any]]:
    looked_up = [{"kind": "tool", "tool": "search", "arguments": {"q": "it"}, "result": "found"}]
    done = {
        "refund": [{"kind": "tool", "tool": "refund", "result": "ok"}],
        "explain": [{"kind": "message", "text": "It works so."}],
    }[kind]
    return (looked_up if way == "careful" else []) + done


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)
