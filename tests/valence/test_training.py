"""The life of a run through real commands: refusals, interruptions, pause, stop, forgetting."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from store.leases import Leases
from tests.commands import TINY, Home, kill_group, pairs, tree, wait_until
from tests.loopback import LoopbackFrontier
from valence import exclusive, training
from valence.app import Valence
from valence.boundaries import get
from valence.comparison import item_by_item
from valence.exclusive import LEASE, training_lease
from valence.learning import due
from valence.lessons import forgotten, learnt_from
from valence.training import train_boundary

COUNT = 150
ENDLESS = 400
"""Epochs of a run that is interrupted long before its end."""


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with examples, made once and copied by the tests."""
    home = Home.make(tmp_path_factory.mktemp("taught") / "home")
    home.learn_from(pairs(COUNT))
    return home.path


@pytest.fixture
def home(taught: Path, tmp_path: Path) -> Home:
    shutil.copytree(taught, tmp_path / "home")
    return Home.make(tmp_path / "home")


@pytest.fixture
def long(home: Home) -> Home:
    """The same home with runs that do not end by themselves."""
    return Home.make(home.path, TRAINING__EPOCHS=ENDLESS)


@pytest.fixture
def opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valence]:
    """The same home in this process."""
    for name, value in home.environment.items():
        if name.startswith("VALENCE_"):
            monkeypatch.setenv(name, value)
    with Valence.open() as app:
        yield app


def begun(home: Home, steps: int = 1) -> subprocess.Popen[str]:
    """A `train-boundary` that has done some steps."""
    process = home.start("train-boundary", "decompose", "--json")
    wait_until(lambda: reached(home) >= steps, f"{steps} steps are done")
    return process


def reached(home: Home) -> int:
    return int(home.rows("SELECT coalesce(max(step), 0) AS step FROM run_metrics")[0]["step"])


def history(home: Home) -> list[str]:
    return [row["state"] for row in home.rows("SELECT state FROM run_states ORDER BY id")]


def run_folder(home: Home) -> Path:
    assert home.newest_run is not None
    return home.path / "runs" / str(home.newest_run["id"])


# -- before a run ----------------------------------------------------------------------------------


def test_a_fresh_home_says_how_many_examples_are_missing(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home")
    done = home.run("train-boundary", "decompose", "--json")
    assert done.code == 1
    assert "decompose has 0 train examples and needs 40" in done.told
    assert len(done.told.strip().splitlines()) <= 3
    assert home.state == "failed"


def test_without_a_name_boundaries_that_lack_examples_are_passed_over(tmp_path: Path) -> None:
    done = Home.make(tmp_path / "home").run("train-boundary", "--json")
    assert (done.code, done.records) == (0, [])
    assert "recompose has 0 train examples" in done.told


def test_only_one_run_at_a_time(home: Home) -> None:
    database = Database(home.path / "valence.db")
    leases = Leases(database)
    assert leases.acquire(LEASE, 60.0)
    refused = home.run("train-boundary", "decompose", "--json")
    assert refused.code == 1
    assert "another run is training" in refused.told
    assert home.state is None
    leases.release(LEASE)
    database.close()


def test_the_lease_is_kept_while_nothing_happens_and_its_loss_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused run says nothing for hours and is still the only one."""
    monkeypatch.setattr(exclusive, "LEASE_S", 0.4)
    database = Database(tmp_path / "valence.db")
    ours, others = Leases(database), Leases(database)
    with training_lease(ours) as lost:
        assert not lost.wait(1.0)
        assert not others.acquire(LEASE, 60.0)
        ours.release(LEASE)
        assert others.acquire(LEASE, 60.0)
        assert lost.wait(10.0)
    assert not ours.acquire(LEASE, 60.0)  # theirs was left alone
    database.close()


def test_a_missing_base_is_named(home: Home) -> None:
    broken = Home.make(home.path, model=home.path / "nowhere")
    done = broken.run("train-boundary", "decompose", "--json")
    assert done.code == 1
    assert "no model folder at" in done.told
    assert home.state == "failed"


# -- an uneventful run -----------------------------------------------------------------------------


def test_a_run_leaves_a_served_unit_and_no_copies_of_texts(home: Home) -> None:
    done = home.run("train-boundary", "decompose", "--json")
    result = done.last
    assert (result["state"], result["adapter"]) == ("active", home.active)
    assert history(home) == [
        "pending", "curating", "training", "evaluating", "candidate", "active",
    ]  # fmt: skip
    assert tree(home.path / "runs") == {f"{result['run_id']}/trainer.log"}
    assert tree(home.path / "adapters") == {
        f"{home.active}/adapter_config.json", f"{home.active}/adapters.safetensors",
        f"{home.active}/familiar.json",
    }  # fmt: skip
    steps = home.rows("SELECT value FROM run_metrics WHERE name = 'steps'")
    left = home.rows("SELECT step, value FROM run_metrics WHERE name = 'left_s' ORDER BY step")
    assert len(steps) == 1
    assert steps[0]["value"] >= left[-1]["step"] > 0
    assert left[-1]["value"] < left[0]["value"]
    assert "loss" in done.told
    assert done.told.count("training:") < len(left) / 2  # a log is not told of each step


# -- interrupted ---------------------------------------------------------------------------------


def test_ctrl_c_keeps_the_place_and_the_next_command_goes_on(long: Home) -> None:
    process = begun(long)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert long.state == "training"
    stopped_at = reached(long)
    assert (run_folder(long) / "checkpoint").is_dir()

    going_on = begun(long, stopped_at + 1)
    steps = [row["step"] for row in long.rows("SELECT step FROM run_metrics WHERE name = 'loss'")]
    assert len(steps) == len(set(steps))  # none was done again
    assert len(long.rows("SELECT id FROM runs")) == 1
    kill_group(going_on)


def test_a_killed_training_goes_on_and_ends(home: Home) -> None:
    kill_group(begun(home, 52))  # behind the first checkpoint
    assert home.state == "training"
    result = home.train()
    assert result["state"] == "active"
    assert history(home).count("training") == 2
    losses = home.rows("SELECT step FROM run_metrics WHERE name = 'loss'")
    repeated = len(losses) - len({row["step"] for row in losses})
    assert repeated < 50


def test_a_killed_evaluation_goes_on_and_ends(
    home: Home, opened: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before the publication and in the midst of its transaction, where a half-done one
    would show; the exception is the kill: nothing of the program runs after it."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    for name in ("publish", "_finish"):
        with monkeypatch.context() as patch:
            patch.setattr(training, name, killed)
            with pytest.raises(Killed):
                train_boundary(opened, "decompose", lambda event: None)
        assert home.state == "evaluating"
        assert home.active is None
        assert home.rows("SELECT id FROM adapters") == []
    result = home.train()
    assert result["state"] == "active"
    assert home.active == result["adapter"]
    assert len(home.rows("SELECT id FROM runs")) == 1
    assert len(tree(home.path / "adapters")) == 3  # one adapter, whole
    kept = home.rows("SELECT variant, split FROM evaluations")
    assert len(kept) == len({tuple(row.values()) for row in kept}) == 4


def test_a_changed_base_ends_an_interrupted_run(home: Home, tmp_path: Path) -> None:
    kill_group(begun(Home.make(home.path, TRAINING__EPOCHS=ENDLESS)))
    other = shutil.copytree(TINY, tmp_path / "other-base")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"note": "another"}))
    done = Home.make(home.path, model=other).run("train-boundary", "decompose", "--json")
    assert done.code == 1
    assert "the local model was changed" in done.told
    assert home.state == "failed"
    assert not (run_folder(home) / "train.jsonl").exists()


def test_a_trainer_that_fails_fails_the_run_with_its_reason(home: Home) -> None:
    short = Home.make(home.path, TRAINING__MAX_SEQ_LENGTH=16)
    done = short.run("train-boundary", "decompose", "--json")
    assert done.code == 1
    assert "no example fits 16 tokens" in done.told
    run = home.newest_run
    assert run is not None
    assert run["state"] == "failed"
    assert "no example fits 16 tokens" in run["reason"]
    assert not (run_folder(home) / "train.jsonl").exists()


# -- steered ---------------------------------------------------------------------------------------


def test_a_run_pauses_and_stops_on_request(long: Home) -> None:
    process = begun(long)
    assert long.run("runs", "pause").code == 0
    wait_until(lambda: (run_folder(long) / "PAUSE").exists(), "the mark is there")
    settled = settled_at(long)
    assert reached(long) == settled
    assert long.run("runs", "resume").code == 0
    wait_until(lambda: reached(long) > settled, "it goes on")
    assert long.run("runs", "stop").code == 0
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(printed)["state"] == long.state == "cancelled"
    assert tree(run_folder(long)) == {"trainer.log"}
    assert long.run("runs", "stop").code == 1


def settled_at(home: Home) -> int:
    """The step at which nothing happens any more."""
    last = -1

    def still() -> bool:
        nonlocal last
        before, last = last, reached(home)
        return before == last

    wait_until(still, "the steps have ended", pause_s=0.5)
    return last


# -- forgetting ------------------------------------------------------------------------------------


@pytest.fixture
def from_calls(tmp_path: Path) -> Iterator[Home]:
    """A home whose examples are calls that a frontier answered."""
    gold = pairs(COUNT)
    with LoopbackFrontier(lambda text, _: {"triples": gold[text]}) as server:
        home = Home.make(
            tmp_path / "home",
            FRONTIER__PROVIDER="openai",
            FRONTIER__MODEL="gpt-4o-mini",
            FRONTIER__BASE_URL=server.base_url,
        )
        asked = home.run("decompose", "--file", "-", "--json", given="\n".join(gold))
        assert asked.code == 0, asked.told
        yield home


def train_call(home: Home) -> dict[str, str]:
    """A call that the run trains on, with its example."""
    found = home.rows(
        "SELECT call_id AS call, input AS text FROM examples WHERE split = 'train' ORDER BY id"
    )
    return random.Random(5).choice(found)


@pytest.mark.slow
def test_forgetting_reaches_an_interrupted_run_and_what_it_has_learnt(from_calls: Home) -> None:
    home = from_calls
    kill_group(begun(home, 52))
    call = train_call(home)
    assert call["text"] in (run_folder(home) / "train.jsonl").read_text()
    assert home.run("ledger", "forget", call["call"]).code == 0
    assert call["text"] not in (run_folder(home) / "train.jsonl").read_text()
    result = home.train()
    assert result["state"] == "active"
    reasons = home.rows("SELECT reason FROM run_states WHERE state = 'training' ORDER BY id")
    assert reasons[-1]["reason"] == "begins again without a forgotten call"
    assert home.rows("SELECT tainted_at FROM adapters") == [{"tainted_at": None}]


@pytest.mark.slow
def test_a_marked_adapter_is_replaced_by_one_that_is_made_without(from_calls: Home) -> None:
    home = from_calls
    first = home.train()["adapter"]
    assert home.run("ledger", "forget", train_call(home)["call"]).code == 0
    assert home.rows("SELECT tainted_at FROM adapters")[0]["tainted_at"]
    successor = home.train()
    assert successor["state"] == "active", successor["reason"]  # as good is good enough here
    found = home.rows("SELECT id, tainted_at FROM adapters")
    marks = {row["id"]: row["tainted_at"] for row in found}
    assert marks[first]
    assert marks[successor["adapter"]] is None
    run = home.newest_run
    assert run is not None
    assert json.loads(run["settings"])["resume_from_adapter"] is None


def test_what_was_forgotten_while_it_was_learnt_marks_the_adapter(
    home: Home, opened: Valence
) -> None:
    gone: list[str] = []

    def forget_one(event: dict[str, object]) -> None:
        if event["event"] == "judging" and not gone:
            run = opened.stores.runs.unfinished()[0]
            gone.append(learnt_from(opened.locations.runs / run.id)[0])
            with opened.stores.database.transaction() as connection:
                connection.execute("DELETE FROM examples WHERE id = ?", gone)

    result = train_boundary(opened, "decompose", forget_one)
    assert result.adapter is not None
    assert forgotten(opened, gone) == gone
    assert opened.stores.adapters.get(result.adapter).tainted_at is not None


@pytest.mark.slow
def test_a_successor_made_from_the_base_names_no_parent_but_was_compared(opened: Valence) -> None:
    adapters = opened.stores.adapters
    first = train_boundary(opened, "decompose", print).adapter
    assert first is not None
    assert adapters.active("decompose") == adapters.get(first)
    adapters.taint(first, "it was trained on a call that has been forgotten")
    second = train_boundary(opened, "decompose", print).adapter
    assert second is not None
    assert adapters.get(second).parent_id is None
    assert item_by_item(opened, second).names == ("base", "previous", "candidate")
    if adapters.active("decompose") == adapters.get(first):
        adapters.promote(second, "to go on from it")
    third = train_boundary(opened, "decompose", print).adapter
    assert third is not None
    assert adapters.get(third).parent_id == second


# -- when it starts by itself ----------------------------------------------------------------------


def test_no_run_is_due_that_could_not_succeed(
    home: Home, opened: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = opened.settings.training.model_copy(update={"trigger_examples": 5})
    settings = opened.settings.model_copy(update={"training": trigger})
    monkeypatch.setattr(opened, "settings", settings)
    runs = opened.stores.runs
    assert not due(opened, "recompose")  # nothing to learn from
    assert due(opened, "decompose")
    run = runs.start("decompose", "automatic", {})
    assert not due(opened, "decompose")  # just started
    runs.move(run.id, "curating")
    other = Leases(opened.stores.database)
    assert other.acquire(LEASE, 60)
    assert not due(opened, "decompose")  # at work
    other.release(LEASE)
    runs.move(run.id, "failed", "for a reason that will not go away")
    assert not due(opened, "decompose")  # not at each call again
    manual = runs.start("decompose", "manual", {})
    runs.move(manual.id, "failed", "by hand")
    assert due(opened, "decompose")
    assert get("decompose").training_defaults.min_train > 5
