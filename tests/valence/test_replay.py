"""A rehearsal: the file answers in the frontier's place, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from store.adapters import Adapter
from store.errors import BadLine
from tests.valence.conftest import ScriptedLocal
from valence.app import Valence
from valence.boundaries import get
from valence.errors import TrainingError, TransferError
from valence.replay import Scene, Window, read_scenes, replay

Open = Callable[..., Valence]


def line(number: int, text: str = "Person {} was born in London.") -> str:
    triples = [[f"Person {number}", "birthPlace", "London"]]
    return json.dumps({"text": text.format(number), "triples": triples})


def scenes(count: int, **options: Any) -> list[Scene]:
    return read_scenes(get("decompose"), [line(number, **options) for number in range(count)])


def play(app: Valence, what: list[Scene], boundary: str = "decompose") -> list[Window]:
    return list(replay(app, get(boundary), what, lambda event: None))


def test_windows_of_a_hundred_calls_and_the_rest(open_app: Open) -> None:
    app = open_app()
    windows = play(app, scenes(201))
    assert [window.calls for window in windows] == [100, 200, 201]
    assert all((w.fallback_rate, w.all_right, w.served) == (1, 1, 0) for w in windows)
    assert len(app.stores.ledger.list(limit=500)) == 201
    assert sum(app.stores.examples.counts("decompose").values()) == 201


def test_neither_offline_nor_a_spent_budget_is_in_its_way(open_app: Open) -> None:
    app = open_app(
        privacy={"offline": True}, frontier={"provider": "openai", "monthly_budget_usd": 0}
    )
    (window,) = play(app, scenes(3))
    assert (window.all_right, window.cost_usd) == (1, 0)


def test_both_directions(open_app: Open) -> None:
    app = open_app()
    (window,) = play(app, read_scenes(get("recompose"), [line(1), "", line(2)]), "recompose")
    assert (window.calls, window.all_right) == (2, 1)


def test_what_is_served_locally_is_counted_and_judged(
    open_app: Open, give_adapter: Callable[..., Adapter]
) -> None:
    local = ScriptedLocal((("Person 0", "birthPlace", "London"),))
    app = open_app(local, gate={"audit_rate": 0.0})
    give_adapter(app)
    (window,) = play(app, scenes(4))
    assert (window.served, window.served_right, window.fallback_rate) == (4, 1, 0)


def test_the_watch_is_part_of_it(open_app: Open, give_adapter: Callable[..., Adapter]) -> None:
    """What is served in the rehearsal is audited, and suspends the gate where it is wrong."""
    app = open_app(ScriptedLocal((("Nobody", "birthPlace", "London"),)), gate={"audit_rate": 1.0})
    give_adapter(app)
    (window,) = play(app, scenes(60))
    assert 0 < window.served < 60
    (event,) = app.stores.events.list(10, "gate suspended")
    assert event.detail["wrong"] == window.served


def test_a_text_with_a_secret_has_its_answer_too(open_app: Open) -> None:
    cards = scenes(10, text="Person {} pays with 4111 1111 1111 1111 in London.")
    (window,) = play(open_app(), cards)
    assert window.all_right == 1


def test_a_run_that_fails_does_not_end_the_rehearsal(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(app: Valence, name: str, report: object) -> None:
        (run,) = app.stores.runs.unfinished()
        app.stores.runs.move(run.id, "failed", "by the test")
        raise TrainingError("by the test")

    monkeypatch.setattr("valence.replay.train_boundary", fail)
    app = open_app(ScriptedLocal(()), training={"trigger_examples": 40})
    told: list[dict[str, Any]] = []
    windows = list(replay(app, get("decompose"), scenes(200), told.append))
    assert windows[-1].calls == 200
    assert told == [{"event": "run_failed", "reason": "by the test"}]
    (run,) = app.stores.runs.list()
    assert run.trigger == "automatic"


@pytest.mark.parametrize(
    "bad", ["not JSON", "[]", "{}", '{"text": "x"}', '{"text": "", "triples": []}', '"text"']
)
@pytest.mark.parametrize("boundary", ["decompose", "recompose"])
def test_a_line_that_is_no_scene_is_named(boundary: str, bad: str) -> None:
    with pytest.raises((TransferError, BadLine), match="line 2"):
        read_scenes(get(boundary), [line(1), bad])
