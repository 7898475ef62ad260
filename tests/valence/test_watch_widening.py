"""What an open gate turns away lowers its threshold, when it proves good enough by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.folder import ModelFolder
from models.fusion import Linear
from models.scorer import AS_IT_IS, Scorer
from store.adapters import Adapter
from store.clock import now
from store.demonstrations import gated_examples, mark, tries
from tests.loopback import LoopbackFrontier
from tests.valence.conftest import THRESHOLD, TINY, WEIGHTS_SHA, ScriptedLocal
from tests.valence.test_familiarity import example
from tests.valence.watched import (
    RIGHT,
    WRONG,
    active,
    events,
    gate_of,
    look,
    serve,
    shadow,
    turn_away,
)
from valence.app import Valence
from valence.boundaries import get
from valence.gate import fit_gate
from valence.router import Answer
from valence.status import status_of
from valence.unit import unit_hash
from valence.watch import EVERY, watch

Open = Callable[..., Valence]
Give = Callable[..., Adapter]

OPEN = fit_gate(
    [THRESHOLD] * 100 + [0.1] * 60,
    [True] * 100 + [False] * 60,
    [THRESHOLD] * 60 + [0.1] * 40,
    0.05,
    0.95,
    look=0,
)


@pytest.fixture
def app(open_app: Open, give_adapter: Give) -> Valence:
    """A home whose gate a run has left open."""
    app = open_app(a_model(), local={"model": str(TINY)})
    give_adapter(app, gate=OPEN)
    traffic(app)
    return app


def a_model() -> ScriptedLocal:
    """One that stands on a model that is here."""
    local = ScriptedLocal(())
    local.revision = ModelFolder.open(TINY).revision
    return local


def traffic(app: Valence) -> None:
    """Shadows of before, as a gate is opened by: a third of them gives the thresholds."""
    for confidence in (0.9, THRESHOLD, 0.7, 0.6, 0.3, 0.2):
        shadow(app, 30, confidence=confidence)


def use(app: Valence, turned_away: int, **changes: Any) -> None:
    """So many calls turned away, a look when the attempts are many enough to take one."""
    turn_away(app, turned_away, **changes)
    made = tries(app.stores.database, active(app).id)
    look(app, serve(app, EVERY - made % EVERY)[-1])


def status(app: Valence) -> dict[str, Any]:
    return status_of(app.stores, app.settings, app.locations, "decompose").gate


def test_right_answers_below_the_threshold_lower_it_and_say_so(app: Valence) -> None:
    use(app, 408)
    gate = gate_of(app)
    assert (gate.state, gate.threshold) == ("open", 0.6)
    assert gate.accepts(0.6)
    assert "Open from confidence 0.600 on, widened with use from 0.800" in gate.sentence
    assert 0.5 < gate.certified_coverage < 0.8
    assert f"about {gate.certified_coverage:.0%} of calls are served locally" in gate.sentence
    [seen] = gate.evidence["widening"]
    assert (seen["look"], seen["below"], seen["steps"][-1]["wrong"]) == (1, THRESHOLD, 0)
    assert f"0 wrong among {seen['labels']} checked in between" in gate.sentence
    assert seen["labels"] == 408
    assert gate.evidence["steps"] == OPEN.evidence["steps"]
    [shown] = status(app)["evidence"]["widening"]
    assert (shown["accepted"], shown["wrong"]) == (seen["labels"], 0)
    assert "steps" not in shown
    [event] = events(app, "gate widened")
    assert event == {
        "adapter": active(app).id,
        "look": 1,
        "labels": seen["labels"],
        "before": THRESHOLD,
        "threshold": 0.6,
    }


def test_wrong_answers_leave_it_as_it_is_until_labels_have_doubled(app: Valence) -> None:
    looks = []
    for turned_away in (320, 320, 320, 320):
        use(app, turned_away, local=WRONG)
        assert gate_of(app).threshold == THRESHOLD
        looks.append(gate_of(app).evidence["look"])
    assert looks == [0, 1, 1, 2]
    assert gate_of(app).sentence == OPEN.sentence
    assert events(app, "gate widened") == []


def test_only_as_far_as_the_answers_are_right(app: Valence) -> None:
    use(app, 160, local=WRONG, confidence=0.3)
    use(app, 408, confidence=0.6)
    gate = gate_of(app)
    assert gate.threshold == 0.6
    assert not gate.accepts(0.3)


def test_after_that_only_what_the_lower_threshold_turns_away_counts(app: Valence) -> None:
    use(app, 160, confidence=0.3)
    use(app, 408, confidence=0.6)
    assert gate_of(app).threshold == 0.3
    use(app, 472, confidence=0.2)
    gate = gate_of(app)
    assert (gate.threshold, gate.evidence["look"]) == (0.2, 2)
    assert "widened with use from 0.300" in gate.sentence
    assert [seen["below"] for seen in gate.evidence["widening"]] == [THRESHOLD, 0.3]


@pytest.mark.parametrize(
    "changes",
    [
        {"shown": None},
        {"decision": "failed", "reason": "veto: ungrounded"},
        {"role": "shadow", "decision": "unseen", "reason": ""},
        {"threshold": 0.7},
        {"adapter_id": "another"},
    ],
)
def test_what_is_no_fair_label_widens_nothing(app: Valence, changes: dict[str, Any]) -> None:
    reopen(app)
    use(app, 440, **changes)
    assert gate_of(app).threshold == THRESHOLD
    assert "widening" not in gate_of(app).evidence


@pytest.mark.parametrize(("before", "threshold"), [(True, THRESHOLD), (False, 0.6)])
def test_only_what_came_after_the_gate_opened_widens_it_whatever_the_clock_says(
    app: Valence, before: bool, threshold: float
) -> None:
    at = "2999-01-01T00:00:00.000000Z" if before else "2000-01-01T00:00:00.000000Z"
    if not before:
        reopen(app)
    turn_away(app, 440, at=at)
    if before:
        reopen(app)
    use(app, 1)
    assert gate_of(app).threshold == threshold


def reopen(app: Valence) -> None:
    """As a gate is that was opened by shadows just now."""
    adapter, calibration = active(app), dict(active(app).calibration or {})
    opened = {"opened_at": now(), "opened_after": mark(app.stores.database)}
    calibration["gate"]["evidence"] |= opened
    app.stores.adapters.calibrate(
        adapter.id, calibration, unit_hash(adapter.weights_sha256, calibration)
    )


def test_corrections_do_not_help(app: Valence) -> None:
    """The frontier said otherwise; that a person agrees with the adapter is no fair label."""
    with app.stores.database.transaction():
        for call in turn_away(app, 408, shown=WRONG):
            app.stores.ledger.correct(call.id, RIGHT)
    use(app, 1, shown=WRONG)
    assert gate_of(app).evidence["look"] == 1
    assert gate_of(app).threshold == THRESHOLD


def test_a_gate_of_parts_is_never_widened(open_app: Open, give_adapter: Give) -> None:
    app = open_app(ScriptedLocal(()), gate={"partial": True})
    sure = Scorer(("sure",), Linear((0.0,), (1.0,), (1.0,), 0.0), AS_IT_IS, WEIGHTS_SHA).to_json()
    in_parts = {"scorer": sure, "partial": {"scorer": sure, "gate": OPEN.to_json()}}
    adapter = give_adapter(app, gate=OPEN, calibration=in_parts)
    traffic(app)
    use(app, 408)
    assert active(app).calibration == adapter.calibration
    plain = open_app(ScriptedLocal(()))
    use(plain, 32)
    assert gate_of(plain).threshold == 0.6


def test_whoever_looks_second_changes_nothing(app: Valence) -> None:
    """Two processes see the same labels with the same unit in hand."""
    call = turn_away(app, 460)[-1]  # with the shadows twenty times 32
    unit = app.unit("decompose")
    for _ in range(2):
        watch(app, Answer(call, get("decompose"), call.input, (), unit))
    assert len(events(app, "gate widened")) == 1


def test_another_process_serves_by_it_and_goes_on(app: Valence, open_app: Open) -> None:
    use(app, 408, local=WRONG)
    other = open_app(a_model())
    assert gate_of(other).evidence["look"] == 1
    use(other, 96)
    assert gate_of(other).evidence["look"] == 1
    use(other, 640, confidence=0.7)
    assert gate_of(app).threshold == 0.7


def test_bad_audits_suspend_a_widened_gate(app: Valence) -> None:
    use(app, 408)
    look(app, serve(app, 30, shown=WRONG, confidence=0.6)[-1])
    gate = gate_of(app)
    assert gate.state == "suspended"
    assert not gate.accepts(0.9)


def test_the_router_serves_what_it_sent_on_before(open_app: Open, give_adapter: Give) -> None:
    with LoopbackFrontier(lambda user, body: json.loads(RIGHT)) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        local = ScriptedLocal((("Ada", "birthPlace", "London"),), confidence=0.6)
        app = open_app(local, frontier=frontier, gate={"max_error": 0.3})
        promised = fit_gate([0.8] * 100, [True] * 100, [0.8] * 60, 0.3, 0.95, look=0)
        give_adapter(app, gate=promised)
        traffic(app)
        routes = []
        for _ in range(100):
            answer = app.router.call(get("decompose"), "Ada was born in London.")
            app.router.settle(answer)
            watch(app, answer)
            routes.append(answer.call.route)
    assert (routes[0], routes[-1]) == ("frontier", "local")
    assert len(events(app, "gate widened")) == 1


def test_what_an_adapter_was_asked_first_is_no_fair_sample(app: Valence) -> None:
    calls = {"away": turn_away(app)[0], "seen": shadow(app, 1)[0], "none": None}
    examples = {
        name: replace(
            example(name), split="calibration", call_id=call.id if call else None, input=name
        )
        for name, call in calls.items()
    }
    for one in examples.values():
        app.stores.examples.add(one)
    assert gated_examples(app.stores.database, "decompose") == {examples["away"].id}
    assert gated_examples(app.stores.database, "recompose") == frozenset()
