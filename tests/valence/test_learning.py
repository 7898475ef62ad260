"""What follows a call: when a run is due, that only one is started, and what consent allows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.clock import later
from store.examples import RANKS, Example, Origin
from store.leases import Leases
from store.runs import Run
from tests.loopback import LoopbackFrontier
from tests.valence.conftest import TINY, ScriptedLocal
from valence import learning
from valence.app import Valence
from valence.boundaries import get
from valence.exclusive import LEASE
from valence.learning import due, learn, start_in_background

Open = Callable[..., Valence]
TRIGGER = 50


@pytest.fixture
def app(open_app: Open) -> Valence:
    """An application with enough to judge on, and one train example too few."""
    app = open_app(ScriptedLocal(()), training={"trigger_examples": TRIGGER})
    add(app, TRIGGER - 1, "train")
    add(app, 20, "calibration")
    add(app, 20, "test")
    return app


def add(app: Valence, count: int, split: str = "train", origin: Origin = "upload") -> None:
    for _ in range(count):
        number = sum(app.stores.examples.counts("decompose").values())
        app.stores.examples.add(
            Example(
                boundary="decompose",
                input=f"Person {number} was born in London.",
                output='{"triples": []}',
                origin=origin,
                rank=RANKS[origin],
                split=split,  # type: ignore[arg-type]
                group_key=str(number),
                fold_key=str(number),
            )
        )


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for Python in the command of a run: notes its arguments and waits for `go`."""
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n"
    )
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    yield script
    (tmp_path / "go").touch()
    for child in learning._children:
        child.wait()


def asked(command: Path) -> list[str]:
    noted = command.with_name("asked")
    deadline = time.monotonic() + 10
    while not noted.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return noted.read_text().splitlines()


def hold_lease(app: Valence, pid: int) -> None:
    """As the process `pid` would, which trains."""
    assert Leases(app.stores.database).acquire(LEASE, 60)
    with app.stores.database.transaction() as connection:
        connection.execute("UPDATE leases SET pid = ?", (pid,))


def only_run(app: Valence) -> Run:
    (run,) = app.stores.runs.list()
    return run


# -- when a run is due -----------------------------------------------------------------------------


def test_a_run_is_due_exactly_at_the_trigger(app: Valence) -> None:
    assert not due(app, "decompose")
    add(app, 1)
    assert due(app, "decompose")
    assert not due(app, "recompose")


def test_what_the_base_was_taught_starts_nothing(app: Valence) -> None:
    add(app, 10, origin="base")
    assert not due(app, "decompose")


def test_without_a_local_model_nothing_is_due(app: Valence, open_app: Open) -> None:
    add(app, 1)
    for absent in ({"enabled": False}, {"model": "org/never-fetched"}):
        other = open_app(training={"trigger_examples": TRIGGER}, local=absent)
        assert not due(other, "decompose")


def test_what_could_not_be_judged_is_not_due(open_app: Open) -> None:
    app = open_app(ScriptedLocal(()), training={"trigger_examples": TRIGGER})
    add(app, TRIGGER)
    assert not due(app, "decompose")


def test_the_count_starts_anew_once_a_run_trains(app: Valence) -> None:
    add(app, 1)
    run = app.stores.runs.start("decompose", "manual", {})
    app.stores.runs.move(run.id, "curating")
    app.stores.examples.teach(e.id for e in app.stores.examples.of("decompose", "train"))
    app.stores.runs.move(run.id, "training", examples=TRIGGER)
    app.stores.runs.move(run.id, "rejected", "no better")
    assert not due(app, "decompose")
    add(app, TRIGGER)
    assert due(app, "decompose")


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_a_run_that_never_came_to_train_is_not_tried_at_every_call(
    app: Valence, state: str
) -> None:
    add(app, 1)
    run = app.stores.runs.start("decompose", "automatic", {})
    app.stores.runs.move(run.id, "curating")
    app.stores.runs.move(run.id, state, "the base is untrained")  # type: ignore[arg-type]
    assert not due(app, "decompose")
    for seconds in (-3601, 3600):  # an hour ago, or in what a clock called the present
        set_times(app, later(seconds))
        assert due(app, "decompose")


def test_a_run_that_never_came_up_holds_nobody_though_the_clock_was_put_back(app: Valence) -> None:
    add(app, 1)
    app.stores.runs.start("decompose", "automatic", {})
    assert not due(app, "decompose")
    set_times(app, later(3600))
    assert due(app, "decompose")


def set_times(app: Valence, at: str) -> None:
    with app.stores.database.transaction() as connection:
        connection.execute("UPDATE runs SET created_at = ?1, updated_at = ?1", (at,))


# -- one at a time ---------------------------------------------------------------------------------


def test_a_background_run_is_a_row_a_command_and_a_log(app: Valence, command: Path) -> None:
    start_in_background(app, "decompose")
    run = only_run(app)
    assert (run.boundary, run.trigger, run.state) == ("decompose", "automatic", "pending")
    assert asked(command) == ["-m valence train-boundary decompose --json"]
    assert (app.locations.logs / "training-decompose.log").exists()


def test_two_that_start_a_run_at_once_enter_one(app: Valence, command: Path) -> None:
    for _ in range(5):
        together = threading.Barrier(4)

        def start(together: threading.Barrier = together) -> None:
            together.wait()
            start_in_background(app, "decompose")

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        app.stores.runs.move(only_run(app).id, "failed")
        with app.stores.database.transaction() as connection:
            connection.execute("DELETE FROM run_states")
            connection.execute("DELETE FROM runs")


def test_only_one_run_at_a_time_whatever_its_boundary(app: Valence, command: Path) -> None:
    add(app, 1)
    assert due(app, "decompose")
    start_in_background(app, "recompose")
    assert not due(app, "decompose")
    app.stores.runs.move(only_run(app).id, "curating")
    assert due(app, "decompose")
    hold_lease(app, os.getpid())
    assert not due(app, "decompose")


def test_a_child_that_ended_is_seen_as_dead_though_nobody_waited_for_it(
    app: Valence, command: Path
) -> None:
    add(app, 1)
    start_in_background(app, "decompose")
    child = learning._children[-1]
    app.stores.runs.move(only_run(app).id, "curating")
    hold_lease(app, child.pid)
    assert not due(app, "decompose")
    command.with_name("go").touch()
    deadline = time.monotonic() + 10
    while not due(app, "decompose"):
        assert time.monotonic() < deadline, "the ended child still counts as a running one"
        time.sleep(0.02)


def test_a_run_whose_process_died_is_gone_on_with_and_not_doubled(
    app: Valence, command: Path
) -> None:
    add(app, 1)
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    run = app.stores.runs.start("decompose", "automatic", {})
    app.stores.runs.move(run.id, "curating")
    hold_lease(app, gone.pid)
    assert due(app, "decompose")
    start_in_background(app, "decompose")
    assert only_run(app).id == run.id


def test_calls_start_one_run_between_them(app: Valence, open_app: Open, command: Path) -> None:
    add(app, 1)
    with LoopbackFrontier(lambda user, body: {"triples": [["Ada", "in", "London"]]}) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        training = {"trigger_examples": TRIGGER}
        serving = open_app(ScriptedLocal(()), frontier=frontier, training=training)
        for number in range(5):
            answer = serving.router.call(get("decompose"), f"Ada is in London, number {number}.")
            learn(serving, answer)
    assert only_run(app).trigger == "automatic"
    assert len(asked(command)) == 1


def test_the_real_command_takes_the_run_to_its_end(open_app: Open, home: Path) -> None:
    app = open_app(local={"model": str(TINY)})
    start_in_background(app, "decompose")
    learning._children[-1].wait(timeout=60)
    run = only_run(app)
    assert run.state == "failed"
    assert "needs 40" in run.reason
    assert "Error: decompose has 0 train" in (home / "logs" / "training-decompose.log").read_text()


# -- consent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learn_from", "from_calls", "from_corrections"),
    [("all", 1, 1), ("corrections", 0, 1), ("none", 0, 0)],
)
def test_only_what_was_agreed_to_becomes_an_example(
    open_app: Open, learn_from: str, from_calls: int, from_corrections: int
) -> None:
    triples = [["Ada Lovelace", "birthPlace", "London"]]
    with LoopbackFrontier(lambda user, body: {"triples": triples}) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        app = open_app(frontier=frontier, privacy={"learn": learn_from})
        boundary = get("decompose")
        answer = app.router.call(boundary, "Ada Lovelace was born in London.")
        learn(app, answer)
        assert sum(app.stores.examples.counts("decompose").values()) == from_calls
        app.stores.ledger.correct(answer.call.id, '{"triples": [["Ada Lovelace", "in", "London"]]}')
        app.curate(boundary)
        assert sum(app.stores.examples.counts("decompose").values()) == from_corrections
