"""The whole loop on real text: WebNLG through the real command, a loopback frontier, training.

A server on this machine that speaks the OpenAI protocol answers as the frontier, from the
gold. Texts go one by one through `valence decompose --file -`; calls fall back, examples
gather, the trigger fires, an adapter is trained, judged and promoted, its gate opens, and the
serving process picks it up. Where weeks of use would pass while a run trains, the stream waits.

A stream that broke off, or was to be shorter, goes on where OUT ends. Writes OUT/report.json and
OUT/curve.png; `--docs` puts the table and the picture into docs/.
Held-out texts are of WebNLG's development part, which the stream never sees.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import loop_report  # noqa: E402
import webnlg  # noqa: E402
from tqdm import tqdm  # noqa: E402

from tests.loopback import LoopbackFrontier  # noqa: E402

WINDOW = 100
HELD_OUT = 300
FINISHED = ("active", "retired", "rejected", "failed", "cancelled")


@dataclass
class Loop:
    """One benchmark: where it runs, on what, and what it has seen so far."""

    home: Path
    environment: dict[str, str]
    gold: dict[str, list[list[str]]]
    held_out: dict[str, list[webnlg.Pair]]
    calls: list[dict[str, Any]] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    seconds_training: float = 0.0


def main() -> None:
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    stream = webnlg.read(arguments.data, "train", webnlg.UNSEEN, arguments.seed)[: arguments.texts]
    gold = {pair.text: [list(triple) for triple in pair.triples] for pair in stream}
    started = time.monotonic()
    with LoopbackFrontier(lambda text, _: {"triples": gold[text]}) as server:
        loop = Loop(
            home=arguments.out / "home",
            environment=environment(arguments, server.base_url),
            gold=gold,
            held_out={
                "new": webnlg.read(arguments.data, "dev", webnlg.UNSEEN)[:HELD_OUT],
                "earlier": webnlg.read(arguments.data, "dev", webnlg.SEEN)[:HELD_OUT],
            },
        )
        begin(loop, arguments)
        play(loop, stream[len(loop.calls) :], arguments.out)
    report = summary(loop, arguments) | {"minutes": (time.monotonic() - started) / 60}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1), "utf-8")
    loop_report.draw(report, arguments.out / "curve.png")
    if arguments.docs:
        loop_report.write(report, ROOT / "docs", arguments.out / "curve.png")
    print(loop_report.table(report))


def begin(loop: Loop, arguments: argparse.Namespace) -> None:
    """Judges the base, or reads what an earlier run has measured."""
    rounds, calls = arguments.out / "rounds.json", arguments.out / "calls.jsonl"
    if rounds.exists():
        loop.rounds = json.loads(rounds.read_text("utf-8"))
        loop.calls = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
        return
    import_base_examples(loop, arguments)
    keep_round(loop, {"round": 0, "calls": 0} | judge(loop))


def keep_round(loop: Loop, measured: dict[str, Any]) -> None:
    loop.rounds.append(measured)
    (loop.home.parent / "rounds.json").write_text(json.dumps(loop.rounds), "utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of WebNLG 3.0 English")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--out", type=Path, required=True, help="folder for home and report")
    parser.add_argument("--texts", type=int, default=None, help="how many texts (default: all)")
    parser.add_argument("--trigger", type=int, default=1800, help="training.trigger_examples")
    parser.add_argument("--rehearse", type=int, default=2000, help="base examples to replay from")
    parser.add_argument("--replay", type=float, default=1.0, help="training.replay")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=2, help="training.epochs")
    parser.add_argument("--partial", action="store_true", help="gate.partial: serve sure facts")
    parser.add_argument("--seed", type=int, default=0, help="order of the stream")
    parser.add_argument("--docs", action="store_true", help="write table and picture into docs/")
    return parser.parse_args()


def environment(arguments: argparse.Namespace, base_url: str) -> dict[str, str]:
    """The settings of a person who uses this base and that frontier."""
    return os.environ | {
        "VALENCE_HOME": str(arguments.out / "home"),
        "VALENCE_LOCAL__MODEL": str(arguments.base.resolve()),
        "VALENCE_FRONTIER__PROVIDER": "openai",
        "VALENCE_FRONTIER__MODEL": "gpt-4o-mini",
        "VALENCE_FRONTIER__BASE_URL": base_url,
        "VALENCE_TRAINING__TRIGGER_EXAMPLES": str(arguments.trigger),
        "VALENCE_TRAINING__REPLAY": str(arguments.replay),
        "VALENCE_TRAINING__LEARNING_RATE": str(arguments.learning_rate),
        "VALENCE_TRAINING__EPOCHS": str(arguments.epochs),
        "VALENCE_GATE__PARTIAL": str(arguments.partial).lower(),
        "VALENCE_GATE__SHADOW_RATE": "0.02",
    }


def import_base_examples(loop: Loop, arguments: argparse.Namespace) -> None:
    """What the base was taught goes into the ledger as such, to be rehearsed."""
    pairs = webnlg.read(arguments.data, "train", webnlg.SEEN)[: arguments.rehearse]
    path = arguments.out / "base-examples.jsonl"
    path.write_text("".join(pair.as_line() + "\n" for pair in pairs), "utf-8")
    command = ["ledger", "import", "decompose", str(path), "--origin", "base"]
    subprocess.run(
        [sys.executable, "-m", "valence", *command], env=loop.environment, cwd=ROOT, check=True
    )


def play(loop: Loop, stream: list[webnlg.Pair], out: Path) -> None:
    """Streams the texts; after each call that started a run, waits for the run and judges."""
    with serving(loop) as process, (out / "calls.jsonl").open("a", encoding="utf-8") as log:
        assert process.stdin is not None
        assert process.stdout is not None
        for pair in tqdm(stream, desc="calls", mininterval=5):
            process.stdin.write(pair.text + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise SystemExit("valence decompose ended before its time; see above")
            loop.calls.append(scored(loop, json.loads(line)))
            log.write(json.dumps(loop.calls[-1]) + "\n")
            wait_for_training(loop, len(loop.calls))


@contextmanager
def serving(loop: Loop) -> Iterator[subprocess.Popen[str]]:
    """One `valence decompose` that serves the whole stream."""
    process = subprocess.Popen(
        [sys.executable, "-m", "valence", "decompose", "--file", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=loop.environment,
        cwd=ROOT,
        text=True,
    )
    with process:
        yield process


def scored(loop: Loop, answer: dict[str, Any]) -> dict[str, Any]:
    """What the report needs of one answer; right means equal to the gold as a set, of an answer
    in part that each of its facts is in the gold."""
    said, gold = (
        {tuple(triple) for triple in triples}
        for triples in (answer["triples"], loop.gold[answer["input"]])
    )
    right = said <= gold if answer["reason"] == "partial" else said == gold
    kept = ("route", "reason", "confidence", "threshold", "latency_ms", "cost_usd")
    return {name: answer[name] for name in kept} | {"right": right}


def wait_for_training(loop: Loop, number: int) -> None:
    """Returns when no run is under way; a run that ended is judged on the held-out texts."""
    run = newest_run(loop)
    if run is None or run["id"] in {one.get("run") for one in loop.rounds}:
        return
    started = time.monotonic()
    while run["state"] not in FINISHED:
        time.sleep(1.0)
        run = newest_run(loop)
        assert run is not None
    loop.seconds_training += time.monotonic() - started
    keep_round(
        loop,
        {
            "round": len(loop.rounds),
            "calls": number,
            "run": run["id"],
            "state": run["state"],
            "reason": run["reason"],
            "examples": run["examples"],
            "minutes": (time.monotonic() - started) / 60,
            "gate": json.loads(run["result"] or "{}").get("gate"),
            "gate_of_facts": gate_of_facts(loop),
        }
        | judge(loop),
    )
    print(json.dumps(loop.rounds[-1]), file=sys.stderr)


def newest_run(loop: Loop) -> dict[str, Any] | None:
    return row_of(loop, "SELECT * FROM runs ORDER BY id DESC LIMIT 1")


def gate_of_facts(loop: Loop) -> str | None:
    """What the gate that `gate.partial` takes says of the adapter that serves."""
    row = row_of(loop, "SELECT calibration FROM adapters WHERE state = 'active' LIMIT 1")
    partial = json.loads(row["calibration"]).get("partial") if row else None
    return partial["gate"]["sentence"] if partial else None


def row_of(loop: Loop, query: str) -> dict[str, Any] | None:
    database = sqlite3.connect(f"file:{loop.home / 'valence.db'}?mode=ro", uri=True, timeout=30)
    database.row_factory = sqlite3.Row
    with database:
        row = database.execute(query).fetchone()
    database.close()
    return dict(row) if row else None


def judge(loop: Loop) -> dict[str, Any]:
    """Exact match and F1 of what serves now on both held-out sets, in a process of its own."""
    request = {name: [pair.as_line() for pair in pairs] for name, pairs in loop.held_out.items()}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "judge_active.py")],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        env=loop.environment,
        cwd=ROOT,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def summary(loop: Loop, arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures of the report."""
    return {
        "base": arguments.base.name,
        "texts": len(loop.calls),
        "trigger": arguments.trigger,
        "learning_rate": arguments.learning_rate,
        "epochs": arguments.epochs,
        "rehearse": arguments.rehearse,
        "replay": arguments.replay,
        "seed": arguments.seed,
        "partial": arguments.partial,
        "minutes_training": loop.seconds_training / 60,
        "rounds": loop.rounds,
        "windows": [asdict(w) for w in loop_report.windows(loop.calls, WINDOW)],
        "served": loop_report.served(loop.calls),
        "phases": loop_report.phases(loop.calls, loop.rounds),
    }


if __name__ == "__main__":
    main()
