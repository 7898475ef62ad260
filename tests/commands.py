"""Real commands of Valence in a home of their own, and pairs that even a tiny base learns fast."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TINY = ROOT / "tests" / "models" / "tiny-base"
FINISHED = ("active", "retired", "rejected", "failed", "cancelled")
PATIENCE_S = 120.0

NAMES = ["Anna", "Boris", "Clara", "David", "Emma", "Felix", "Greta", "Hugo"]
NAMES += ["Irene", "Jonas", "Klara", "Lukas", "Marta", "Nora", "Oskar", "Paula"]
SAID = {"dreads": "fear", "once outran": "fasterThan", "owes a goat to": "creditor"}

Gold = dict[str, list[list[str]]]


def pairs(count: int, seed: int = 1) -> Gold:
    """Sentences with relations that the builtin reader and the tiny base do not know."""
    every = [
        (f"{one} {said} {other}.", [[one, relation, other]])
        for one in NAMES
        for other in NAMES
        for said, relation in SAID.items()
        if one != other
    ]
    random.Random(seed).shuffle(every)
    assert count <= len(every)
    return dict(every[:count])


@dataclass(frozen=True)
class Done:
    """A command that ended: its JSON lines, its exit code, what it told on stderr."""

    code: int
    records: list[dict[str, Any]]
    told: str

    @property
    def last(self) -> dict[str, Any]:
        return self.records[-1]


@dataclass(frozen=True)
class Home:
    """A home folder with its settings; commands run in process groups of their own."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def make(cls, path: Path, model: Path | None = None, **settings: Any) -> Home:
        """Settings by their environment names without VALENCE_, e.g. TRAINING__EPOCHS=3."""
        kept = {name: value for name, value in os.environ.items() if "VALENCE" not in name}
        chosen = {
            "LOCAL__MODEL": model or TINY,
            "TRAINING__EPOCHS": 4,
            "TRAINING__BATCH_SIZE": 8,
            "TRAINING__LEARNING_RATE": 0.001,
            **settings,
        }
        named = {f"VALENCE_{name}": str(value) for name, value in chosen.items()}
        own = {"VALENCE_HOME": str(path), "HF_HUB_CACHE": str(path / "hub")}
        key = {"OPENAI_API_KEY": "", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        return cls(path, kept | named | own | key)

    def run(self, *arguments: str, given: str = "") -> Done:
        """Runs a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "valence", *arguments],
            input=given,
            capture_output=True,
            env=self.environment,
            cwd=ROOT,
            text=True,
            check=False,
        )
        records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Done(done.returncode, records, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command as the leader of a process group."""
        return subprocess.Popen(
            [sys.executable, "-m", "valence", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )

    def learn_from(self, gold: Gold) -> None:
        """Brings pairs as examples."""
        lines = [json.dumps({"text": text, "triples": triples}) for text, triples in gold.items()]
        imported = self.run("ledger", "import", "decompose", "-", "--json", given="\n".join(lines))
        assert imported.last["new"] == len(gold), imported

    def train(self) -> dict[str, Any]:
        """`train-boundary decompose --json`, which must come to an end of its own."""
        done = self.run("train-boundary", "decompose", "--json")
        assert done.code == 0, done.told
        return done.last

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Reads the database beside the processes that write it; nothing where there is none."""
        file = self.path / "valence.db"
        if not file.exists():
            return []
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        database.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in database.execute(sql, values)]
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # the first process is still making them
                return []
            raise
        finally:
            database.close()

    @property
    def newest_run(self) -> dict[str, Any] | None:
        return next(iter(self.rows("SELECT * FROM runs ORDER BY id DESC LIMIT 1")), None)

    @property
    def state(self) -> str | None:
        return self.newest_run["state"] if self.newest_run else None

    @property
    def active(self) -> str | None:
        """The id of the adapter that serves decompose."""
        found = self.rows("SELECT adapter_id FROM active WHERE boundary = 'decompose'")
        return found[0]["adapter_id"] if found else None


@contextmanager
def serving(home: Home) -> Iterator[Callable[[str], dict[str, Any]]]:
    """One `valence decompose --file -`; yields a function that asks it one text."""
    process = home.start("decompose", "--file", "-", "--json")

    def ask(text: str) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(text + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    try:
        yield ask
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


def wait_until(true: Callable[[], object], what: str, pause_s: float = 0.05) -> None:
    """Returns once it is true; fails after two minutes."""
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(pause_s)


def kill_group(process: subprocess.Popen[str]) -> str:
    """kill -9 of the process and all its children; returns what it had printed."""
    with suppress(ProcessLookupError):  # it was over already
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    with process:
        return process.stdout.read()


def tree(folder: Path) -> set[str]:
    """The files under a folder, by their paths in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
