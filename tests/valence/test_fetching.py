"""A model that is fetched in the background, by the real client from a Hub on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hub import COMMIT, LARGE, MIB, SIZE, LoopbackHub, tiny_and_large
from valence import fetching
from valence.config import load_settings
from valence.locations import Locations, find_locations

MODEL = "org/tiny"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub(tiny_and_large(tmp_path / "tiny"), broken=LARGE) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
        yield served


@pytest.fixture
def locations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Locations:
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
    found = find_locations()
    found.prepare()
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_goes_on_over_a_broken_connection_and_is_pinned(
    hub: LoopbackHub, locations: Locations
) -> None:
    fetch = fetching.start(locations, MODEL, SIZE / 1e9)
    until(lambda: 0.4 < fetch.progress < 0.6)
    assert fetch.state == "running"
    hub.go_on.set()
    until(lambda: fetch.state != "running")
    assert fetch.state == "done", fetch.log.read_text()
    assert fetch.progress == 1.0
    assert hub.ranges == [f"bytes={10 * MIB}-"]
    assert (fetch.folder / LARGE).stat().st_size == SIZE
    local = load_settings(locations.config).local
    assert (local.model, local.revision) == (MODEL, COMMIT)


def test_one_that_was_killed_leaves_nothing_behind_for_the_next(
    hub: LoopbackHub, locations: Locations
) -> None:
    killed = fetching.start(locations, MODEL, SIZE / 1e9)
    until(lambda: killed.progress > 0.4)
    killed.process.kill()
    until(lambda: killed.state == "failed")
    assert load_settings(locations.config).local.model != MODEL
    hub.go_on.set()
    fetch = fetching.start(locations, MODEL, SIZE / 1e9)
    until(lambda: fetch.state != "running")
    assert fetch.state == "done", fetch.log.read_text()
    assert not [*fetch.folder.rglob("*.incomplete")]


def test_what_the_hub_does_not_have_is_one_sentence(
    locations: Locations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with LoopbackHub(tmp_path / "empty") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        fetch = fetching.start(locations, MODEL, SIZE / 1e9)
        until(lambda: fetch.state != "running")
    assert fetch.state == "failed"
    assert "\n" not in fetch.problem
    assert MODEL.replace("/", "--") in fetch.problem or MODEL in fetch.problem
