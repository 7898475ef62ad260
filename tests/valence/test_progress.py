"""How far a run is, from what it has written down; steered by marks in its folder."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from models.errors import ModelNotFound
from store.leases import Leases
from store.runs import Run
from tests.valence.conftest import TINY
from valence import steering
from valence.app import Valence
from valence.errors import AlreadyRunning, NotEnoughExamples, TrainingError
from valence.exclusive import LEASE
from valence.learning import start_by_hand
from valence.progress import progress_of


@pytest.fixture
def app(open_app: Callable[..., Valence]) -> Valence:
    return open_app()


@pytest.fixture
def run(app: Valence) -> Run:
    """One that is training, and has taken step 2 a second time after a kill."""
    runs = app.stores.runs
    run = runs.start("decompose", "manual", {})
    runs.move(run.id, "curating")
    run = runs.move(run.id, "training")
    (app.locations.runs / run.id).mkdir()
    runs.metric(run.id, 0, {"steps": 8.0, "valid_loss": 3.0})
    for step, loss in ((1, 2.5), (2, 9.0), (2, 2.0), (3, math.nan), (4, 1.5)):
        runs.metric(
            run.id, step, {"loss": loss, "tokens_per_s": 100.0, "left_s": 10.0 * (8 - step)}
        )
    return run


def test_a_run_tells_how_far_it_is(app: Valence, run: Run) -> None:
    found = progress_of(app, run)
    assert (found.step, found.steps, found.share) == (4, 8, 0.5)
    assert found.losses == ((1, 2.5), (2, 2.0), (4, 1.5))
    assert found.valid_losses == ((0, 3.0),)
    assert (found.tokens_per_s, found.left_s) == (100.0, 40.0)


def test_a_run_that_nobody_works_on_is_interrupted(app: Valence, run: Run) -> None:
    assert progress_of(app, run).interrupted
    other = Leases(app.stores.database)
    assert other.acquire(LEASE, 60)
    assert not progress_of(app, run).interrupted
    other.release(LEASE)
    done = app.stores.runs.move(run.id, "failed", "by the test")
    assert not progress_of(app, done).interrupted
    assert progress_of(app, done).left_s is None


def test_a_run_is_held_let_go_and_ended(app: Valence, run: Run) -> None:
    assert [one.id for one in steering.pause(app)] == [run.id]
    assert progress_of(app, run).paused
    steering.resume(app)
    steering.resume(app)
    assert not progress_of(app, run).paused
    steering.stop(app)
    assert progress_of(app, run).stopping


def test_a_run_before_its_first_step(app: Valence) -> None:
    found = progress_of(app, app.stores.runs.start("recompose", "automatic", {}))
    assert (found.step, found.steps, found.share, found.losses) == (0, None, None, ())
    assert not found.interrupted  # its process may just be coming up
    with pytest.raises(TrainingError, match="no run is training"):
        steering.pause(app)


def test_a_run_that_cannot_succeed_is_not_begun_by_hand(open_app: Callable[..., Valence]) -> None:
    without = open_app()
    with pytest.raises(ModelNotFound):
        start_by_hand(without, "decompose")
    app = open_app(local={"model": str(TINY)})
    with pytest.raises(NotEnoughExamples, match="decompose has 0 train examples"):
        start_by_hand(app, "decompose")
    other = Leases(app.stores.database)
    assert other.acquire(LEASE, 60)
    with pytest.raises(AlreadyRunning):
        start_by_hand(app, "decompose")
    assert app.stores.runs.list() == []
