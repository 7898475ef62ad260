"""kill -9 while things are remembered and answered: what was acknowledged is there, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Home, kill_group, wait_until
from tests.loopback import Fault, LoopbackFrontier

TEXT = "Ada Lovelace was born in London."


@pytest.fixture
def server() -> Iterator[LoopbackFrontier]:
    """A frontier that never answers."""
    with LoopbackFrontier(lambda user, body: {}, [Fault(hang=True)] * 9) as running:
        yield running


def test_a_file_that_was_cut_short_is_added_again_without_doubles(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home", LOCAL__ENABLED=False)
    file = tmp_path / "texts"
    texts = [f"Person{number} was born in Town{number}." for number in range(40)]
    file.write_text("\n".join(texts), "utf-8")
    process = home.start("memory", "add", "--file", str(file), "--json")
    assert process.stdout is not None
    printed = [json.loads(process.stdout.readline()) for _ in range(3)]
    printed += [json.loads(line) for line in kill_group(process).splitlines() if line[-1:] == "}"]
    kept = {row["id"] for row in home.rows("SELECT id FROM sources")}
    assert {record["source"] for record in printed} <= kept
    again = home.run("memory", "add", "--file", str(file), "--json")
    assert again.code == 0, again.told
    assert [record["source"] for record in again.records][: len(printed)] == [
        record["source"] for record in printed
    ]
    counts: dict[str, Any] = home.rows(
        "SELECT (SELECT count(*) FROM sources) AS sources, (SELECT count(*) FROM chunks) AS chunks,"
        " (SELECT count(*) FROM facts) AS facts"
    )[0]
    assert counts == {"sources": 40, "chunks": 40, "facts": 40}


def test_a_turn_that_was_killed_is_finished_by_the_next(
    tmp_path: Path, server: LoopbackFrontier
) -> None:
    path = tmp_path / "home"
    waiting = Home.make(
        path,
        LOCAL__ENABLED=False,
        FRONTIER__PROVIDER="openai",
        FRONTIER__MODEL="gpt-4o-mini",
        FRONTIER__BASE_URL=server.base_url,
    )
    process = waiting.start("ask", TEXT, "--json")
    wait_until(lambda: server.requests, "the frontier was asked")
    kill_group(process)
    (turn,) = waiting.rows("SELECT state FROM turns")
    assert turn["state"] == "open"

    home = Home.make(path, LOCAL__ENABLED=False)
    done = home.run("ask", "Where was Ada Lovelace born?", "--json")
    assert done.code == 0, done.told
    assert done.last["answer"] == f"{TEXT} [1]"
    assert {row["state"] for row in home.rows("SELECT state FROM turns")} == {"answered"}
    assert len(home.rows("SELECT id FROM facts")) == 1


def test_a_folder_that_was_cut_short_is_read_to_its_end_without_doubles(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(60):
        (notes / f"{number}.md").write_text(f"Person{number} was born in Town{number}.", "utf-8")
    home = Home.make(tmp_path / "home", LOCAL__ENABLED=False, MEMORY__NOTES_DIR=notes)
    process = home.start("memory", "sync", "--facts", "--json")
    count = "SELECT count(*) AS n FROM chunks WHERE call_id IS NOT NULL"
    wait_until(lambda: home.rows(count) and home.rows(count)[0]["n"] > 3, "some notes were read")
    kill_group(process)
    assert home.rows(count)[0]["n"] < 60
    home.run("memory", "sync", "--facts", "--json")  # the lease of the one that was killed is free
    counts = home.rows(
        "SELECT (SELECT count(*) FROM sources) AS sources, (SELECT count(*) FROM chunks) AS chunks,"
        " (SELECT count(*) FROM facts) AS facts"
    )[0]
    assert counts == {"sources": 60, "chunks": 60, "facts": 60}
