"""The whole loop on a tiny base: calls fall back, it learns, it serves, and it can go back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from base_corpus import held_out_corpus

from models.adapters import sha256
from tests.commands import FINISHED, Home, serving, tree, wait_until
from tests.loopback import LoopbackFrontier

Ask = Callable[[str], dict[str, Any]]

GOLD = {
    sample.text: [list(triple) for triple in sample.triples]
    for sample in islice(held_out_corpus(1, most_facts=1), 700)
}
TEXTS = list(GOLD)
TRIGGER = 350
"""Train examples, about 70% of the calls, so that calibration and test have theirs by then."""
MAX_ERROR = 0.3
"""A promise that the few labels of a test can carry."""


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackFrontier]:
    with LoopbackFrontier(lambda text, _: {"triples": GOLD[text]}) as it:
        yield it


@pytest.fixture(scope="module")
def home(server: LoopbackFrontier, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.make(
        tmp_path_factory.mktemp("loop") / "home",
        FRONTIER__PROVIDER="openai",
        FRONTIER__MODEL="gpt-4o-mini",
        FRONTIER__BASE_URL=server.base_url,
        TRAINING__TRIGGER_EXAMPLES=TRIGGER,
        TRAINING__EPOCHS=3,
        TRAINING__LEARNING_RATE=0.002,
        GATE__MAX_ERROR=MAX_ERROR,
        GATE__AUDIT_RATE=0,
    )


def test_the_loop_learns_serves_and_goes_back(home: Home, server: LoopbackFrontier) -> None:
    unseen = iter(TEXTS)
    with serving(home) as ask:
        fallen_back = until_a_run_begins(home, ask, unseen)
        assert {a["route"] for a in fallen_back} == {"frontier"}
        assert all(map(is_right, fallen_back))
        check_the_run(home)
        before = len(server.requests)
        served = [ask(next(unseen)) for _ in range(40)]
        check_the_answers(home, served, len(server.requests) - before)
        check_going_back(home, ask, unseen)
    check_a_second_run(home)


def until_a_run_begins(home: Home, ask: Ask, unseen: Iterator[str]) -> list[dict[str, Any]]:
    answers = []
    while home.newest_run is None:
        answers.append(ask(next(unseen)))
    assert len(answers) >= TRIGGER
    return answers


def check_the_run(home: Home) -> None:
    """It was started by itself, learned, and published a whole unit."""
    wait_until(lambda: home.state in FINISHED, "the background run ends")
    run = home.newest_run
    assert run is not None
    assert (run["trigger"], run["state"]) == ("automatic", "active"), run["reason"]
    assert len(home.rows("SELECT id FROM runs")) == 1
    assert run["adapter_id"] == home.active
    check_figures(json.loads(run["result"])["metrics"])
    check_unit(home, run)


def check_figures(metrics: dict[str, Any]) -> None:
    base, candidate = metrics["base"], metrics["candidate"]
    print(f"exact {base['exact']:.2f} → {candidate['exact']:.2f}", end=", ")
    print(f"F1 {base['f1']:.2f} → {candidate['f1']:.2f} on {base['items']} held-out texts")
    assert base["items"] == candidate["items"] >= 10
    assert candidate["exact"] >= base["exact"] + 0.3
    assert candidate["f1"] >= base["f1"] + 0.3
    assert candidate["exact"] > metrics["builtin"]["exact"]


def check_unit(home: Home, run: dict[str, Any]) -> None:
    folder = home.path / "adapters" / run["adapter_id"]
    assert tree(folder) == {"adapters.safetensors", "adapter_config.json", "familiar.json"}
    [adapter] = home.rows("SELECT * FROM adapters")
    assert (adapter["state"], adapter["run_id"]) == ("active", run["id"])
    assert adapter["weights_sha256"] == sha256(folder)
    calibration = json.loads(adapter["calibration"])
    assert calibration["gate"]["evidence"]["labels"] > 0
    sealed = json.dumps([adapter["weights_sha256"], calibration], sort_keys=True)
    assert adapter["unit_sha256"] == hashlib.sha256(sealed.encode()).hexdigest()
    lineage = home.rows("SELECT split FROM adapter_examples JOIN examples ON id = example_id")
    assert len(lineage) == run["examples"] >= TRIGGER
    assert {row["split"] for row in lineage} == {"train"}


def check_the_answers(home: Home, served: list[dict[str, Any]], asked: int) -> None:
    """The process that was serving all the while has the adapter now, with its gate."""
    variants = home.rows("SELECT DISTINCT variant, adapter_id FROM attempts WHERE route = 'local'")
    assert [row["adapter_id"] for row in variants] == [home.active]
    assert home.active is not None
    assert home.active in variants[0]["variant"]
    local = [answer for answer in served if answer["route"] == "local"]
    assert asked == len(served) - len(local)
    show = home.run("adapters", "show", home.active, "--json").last
    print(show["gate"], f"Served {len(local)} of {len(served)}, {sum(map(is_right, local))} right.")
    if show["gate_state"] == "closed":
        assert local == []
        return
    assert local
    for answer in local:
        assert answer["reason"] == "confident"
        assert answer["confidence"] >= answer["threshold"] == show["threshold"]
        assert answer["cost_usd"] == 0


def is_right(answer: dict[str, Any]) -> bool:
    return set(map(tuple, answer["triples"])) == set(map(tuple, GOLD[answer["input"]]))


def check_going_back(home: Home, ask: Ask, unseen: Iterator[str]) -> None:
    """`adapters rollback` holds from the next call on; `adapters promote` brings it back."""
    adapter = home.active
    assert adapter is not None
    back = home.run("adapters", "rollback", "decompose", "--json")
    assert (back.code, back.last["adapter"]) == (0, None)
    assert (answer := ask(next(unseen)))["route"] == "frontier"
    assert answer["reason"] == "no adapter"
    assert home.run("adapters", "promote", adapter).code == 0
    assert ask(next(unseen))["reason"] != "no adapter"
    assert home.active == adapter


def check_a_second_run(home: Home) -> None:
    """A candidate that has hardly learnt anything more goes into quarantine."""
    first = home.active
    idle = {"VALENCE_TRAINING__LEARNING_RATE": "1e-7", "VALENCE_TRAINING__EPOCHS": "1"}
    result = replace(home, environment=home.environment | idle).train()
    assert result["state"] == "rejected"
    assert result["reason"].startswith("not better than previous")
    assert result["metrics"]["previous"]["f1"] > result["metrics"]["base"]["f1"]
    assert home.active == first
    states = {row["id"]: row["state"] for row in home.rows("SELECT id, state FROM adapters")}
    assert states == {first: "active", result["adapter"]: "rejected"}
    assert (home.path / "adapters" / result["adapter"] / "adapters.safetensors").exists()
    assert home.run("adapters", "promote", result["adapter"]).code == 1
