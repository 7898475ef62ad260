"""The watch: what the ledger shows of a gate decides about it, whichever process looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.fusion import Linear
from models.scorer import AS_IT_IS, Scorer
from store.adapters import Adapter
from store.calls import Call
from store.evaluations import Evaluation, Item
from store.examples import RANKS, Example
from tests.loopback import LoopbackFrontier
from tests.valence.conftest import ScriptedLocal
from tests.valence.watched import (
    RIGHT,
    WRONG,
    active,
    events,
    gate_of,
    look,
    serve,
    shadow,
)
from valence.app import Valence
from valence.boundaries import get
from valence.certification import SCORED_ONE_IN, for_score
from valence.gate import Gate, fit_gate
from valence.learning import learn
from valence.router import Answer
from valence.unit import load_unit, unit_hash, variant_of
from valence.watch import audit_rate, watch

Open = Callable[..., Valence]
Give = Callable[..., Adapter]

OTHER = '{"triples": [["Ada", "birthPlace", "London"], ["Ada", "name", "Ada"]]}'
CLOSED = fit_gate([], [], [], 0.05, 0.95, look=0)


@pytest.fixture
def app(open_app: Open) -> Valence:
    return open_app(ScriptedLocal(()))


def look_after_each(app: Valence, calls: list[Call]) -> int | None:
    """How many calls were looked at until the gate was no longer open; None if it still is."""
    for number, call in enumerate(calls, 1):
        look(app, call)
        if gate_of(app).state != "open":
            return number
    return None


# -- an open gate ----------------------------------------------------------------------------------


def test_bad_audits_suspend_the_gate_and_say_so(app: Valence, give_adapter: Give) -> None:
    adapter = give_adapter(app)
    calls = serve(app, 20, shown=RIGHT) + serve(app, 10, shown=WRONG)
    look(app, calls[-1])
    gate = gate_of(app)
    assert gate.state == "suspended"
    assert not gate.accepts(1.0)
    # The alarm is raised by the first labels that prove it.
    drift = gate.evidence["drift"]
    assert drift["seen_in"] == "audits"
    assert 20 < drift["labels"] < 30
    said = (
        f"{drift['recent_wrong']} of the last {drift['recent_labels']} audited answers were wrong"
    )
    assert said in gate.sentence
    assert gate.evidence["suspended_at"][:16].replace("T", " ") in gate.sentence
    [event] = events(app, "gate suspended")
    assert event == {"adapter": adapter.id, **drift}


def test_a_suspended_gate_sends_calls_to_the_frontier(open_app: Open, give_adapter: Give) -> None:
    with LoopbackFrontier(lambda user, body: json.loads(RIGHT)) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        app = open_app(ScriptedLocal((("Ada", "birthPlace", "London"),)), frontier=frontier)
        give_adapter(app)
        text = "Ada was born in London."
        assert app.router.call(get("decompose"), text).call.route == "local"
        look(app, serve(app, 30, shown=WRONG)[-1])
        answer = app.router.call(get("decompose"), text)
        assert (answer.call.route, answer.call.reason) == ("frontier", "gate closed")
        learn(app, answer)
        roles = [a.role for a in app.stores.ledger.get(answer.call.id).attempts]
        assert roles == ["answer", "shadow"]


def test_audits_by_the_router_itself_suspend_it(open_app: Open, give_adapter: Give) -> None:
    with LoopbackFrontier(lambda user, body: json.loads(WRONG)) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        local = ScriptedLocal((("Ada", "birthPlace", "London"),))
        app = open_app(local, frontier=frontier, gate={"audit_rate": 1.0})
        give_adapter(app)
        routes = []
        for _ in range(10):
            answer = app.router.call(get("decompose"), "Ada was born in London.")
            learn(app, answer)
            routes.append(answer.call.route)
    assert routes[0] == "local"
    assert routes[-1] == "frontier"
    assert gate_of(app).state == "suspended"


def test_audits_as_good_as_promised_leave_it_open(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    wrong = np.random.default_rng(3).random(400) < 0.05
    calls = [
        call for is_wrong in wrong for call in serve(app, 1, shown=WRONG if is_wrong else RIGHT)
    ]
    assert look_after_each(app, calls[::40]) is None


def test_what_was_served_before_the_gate_opened_is_not_held_against_it(
    app: Valence, give_adapter: Give
) -> None:
    give_adapter(app)
    serve(app, 30, shown=WRONG)
    look(app, shadow_then_reopen(app))
    assert gate_of(app).state == "open"


def shadow_then_reopen(app: Valence) -> Call:
    """Puts an open gate in place as a look does, and serves one good audited call."""
    adapter, calibration = active(app), dict(active(app).calibration or {})
    calibration["gate"]["evidence"] = {"opened_at": shadow(app)[0].created_at}
    seal = unit_hash(adapter.weights_sha256, calibration)
    app.stores.adapters.calibrate(adapter.id, calibration, seal)
    return serve(app, 1, shown=RIGHT)[0]


def test_unproved_answers_are_not_the_gates(app: Valence, give_adapter: Give) -> None:
    """What was served because nothing else was there says nothing of the promise."""
    give_adapter(app)
    serve(app, 30, shown=WRONG, reason="unverified")
    look(app, serve(app, 1, shown=RIGHT)[0])
    assert gate_of(app).state == "open"


def test_a_partial_answer_is_right_where_each_part_is(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    calls = serve(app, 30, local=OTHER, shown=RIGHT, reason="partial", answer=RIGHT)
    look(app, calls[-1])
    assert gate_of(app).state == "open"
    calls = serve(app, 30, local=OTHER, shown=RIGHT, reason="partial", answer=OTHER)
    look(app, calls[-1])
    assert gate_of(app).state == "suspended"


def test_corrections_suspend_it(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    calls = serve(app, 14)
    for call in calls[-10:]:
        app.stores.ledger.correct(call.id, WRONG)
    look(app, serve(app)[0])
    gate = gate_of(app)
    assert gate.state == "suspended"
    assert gate.evidence["drift"]["seen_in"] == "corrections"
    assert "by a person's correction" in gate.sentence


@pytest.mark.parametrize(("apart", "with_what"), [(30, WRONG), (0, RIGHT)])
def test_a_few_corrections_among_many_calls_or_of_nothing_do_not(
    app: Valence, give_adapter: Give, apart: int, with_what: str
) -> None:
    give_adapter(app)
    for _ in range(10):
        serve(app, apart)
        app.stores.ledger.correct(serve(app)[0].id, with_what)
    look(app, serve(app)[0])
    assert gate_of(app).state == "open"


def test_the_rest_of_the_calibration_stays_and_partial_answers_stop_too(
    app: Valence, give_adapter: Give
) -> None:
    adapter = give_adapter(app)
    gate = gate_of(app).to_json()
    calibration = {"gate": gate, "partial": {"gate": gate, "more": 1}, "else": [2]}
    seal = unit_hash(adapter.weights_sha256, calibration)
    app.stores.adapters.calibrate(adapter.id, calibration, seal)
    look(app, serve(app, 30, shown=WRONG)[-1])
    kept = active(app).calibration or {}
    assert kept["else"] == [2]
    assert kept["partial"]["more"] == 1
    assert kept["partial"]["gate"]["state"] == kept["gate"]["state"] == "suspended"


def test_whoever_looks_second_changes_nothing(app: Valence, give_adapter: Give) -> None:
    """Two processes see the same alarm with the same unit in hand."""
    give_adapter(app)
    call, unit = serve(app, 30, shown=WRONG)[-1], app.unit("decompose")
    for _ in range(2):
        watch(app, Answer(call, get("decompose"), call.input, (), unit))
    assert len(events(app, "gate suspended")) == 1


# -- the early warning -----------------------------------------------------------------------------


def confide(app: Valence, low: float, high: float, count: int) -> list[Call]:
    drawn = np.random.default_rng(1).uniform(low, high, count)
    with app.stores.database.transaction():
        return [call for c in drawn for call in serve(app, confidence=float(c))]


def test_other_confidences_are_a_warning_that_has_more_audited(
    app: Valence, give_adapter: Give
) -> None:
    adapter = give_adapter(app)
    assert audit_rate(app, "decompose") == 0.02
    calls = confide(app, 0.85, 1.0, 320)
    look(app, calls[-1])
    assert events(app, "confidence drift") == []
    look(app, confide(app, 0.5, 0.8, 160)[-1])
    [warning] = events(app, "confidence drift")
    assert warning["adapter"] == adapter.id
    assert audit_rate(app, "decompose") == pytest.approx(0.1)
    assert audit_rate(app, "recompose") == 0.02
    assert gate_of(app).state == "open"  # it is only a warning
    serve(app, 99, shown=RIGHT)
    assert audit_rate(app, "decompose") == pytest.approx(0.1)
    serve(app, 1, shown=RIGHT)
    assert audit_rate(app, "decompose") == 0.02


def test_the_same_shift_warns_once(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    confide(app, 0.85, 1.0, 320)
    for _ in range(4):
        look(app, confide(app, 0.5, 0.8, 160)[-1])
    assert len(events(app, "confidence drift")) == 1


def test_a_warning_of_another_adapter_is_none(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    confide(app, 0.85, 1.0, 320)
    look(app, confide(app, 0.5, 0.8, 160)[-1])
    give_adapter(app)
    assert audit_rate(app, "decompose") == 0.02


def test_the_audit_rate_is_a_share(open_app: Open, give_adapter: Give) -> None:
    app = open_app(ScriptedLocal(()), gate={"audit_rate": 0.5})
    adapter = give_adapter(app)
    app.stores.events.record("confidence drift", "decompose", adapter=adapter.id)
    assert audit_rate(app, "decompose") == 1.0


# -- a closed gate ---------------------------------------------------------------------------------


def test_shadows_open_a_closed_gate(app: Valence, give_adapter: Give) -> None:
    adapter = give_adapter(app, gate=CLOSED)
    look(app, shadow(app, 192)[-1])
    gate = gate_of(app)
    assert gate.state == "open"
    assert gate.threshold == 0.9
    assert gate.accepts(0.9)
    assert gate.evidence["look"] == 0
    assert gate.evidence["shadows"] == 192
    # A third gave thresholds.
    assert gate.evidence["labels"] + gate.evidence["traffic"] == 192
    assert 40 < gate.evidence["traffic"] < 90
    [event] = events(app, "gate opened")
    assert event["adapter"] == adapter.id
    assert event["labels"] == gate.evidence["labels"]


def test_looks_are_taken_when_shadows_have_doubled(app: Valence, give_adapter: Give) -> None:
    give_adapter(app, gate=CLOSED)
    looks = {}
    for _ in range(14):
        call = shadow(app, 32, local=WRONG)[-1]
        look(app, call)
        evidence = gate_of(app).evidence
        looks[evidence.get("shadows", 0)] = evidence["look"]
    assert [*looks] == [0, 96, 192, 384]
    assert looks[96] == looks[0] == 0  # the fit to no answer at all has spent nothing
    assert looks[384] == looks[192] + 1
    assert gate_of(app).state == "closed"
    assert events(app, "gate opened") == []


def test_corrections_never_open_a_gate(app: Valence, give_adapter: Give) -> None:
    """The frontier said otherwise; that a person agrees with the adapter is no fair label."""
    give_adapter(app, gate=CLOSED)
    calls = shadow(app, 192, local=RIGHT, shown=WRONG)
    for call in calls:
        app.stores.ledger.correct(call.id, RIGHT)
    look(app, calls[-1])
    assert gate_of(app).evidence["shadows"] == 192
    assert gate_of(app).state == "closed"


@pytest.mark.parametrize(
    ("local", "reason"), [(None, "veto: unfinished"), (RIGHT, "veto: ungrounded")]
)
def test_what_could_not_be_served_opens_nothing(
    app: Valence, give_adapter: Give, local: str | None, reason: str
) -> None:
    give_adapter(app, gate=CLOSED)
    look(app, shadow(app, 192, local=local, reason=reason)[-1])
    gate = gate_of(app)
    assert gate.state == "closed"
    assert "less than half of the calls" in gate.sentence


def test_a_suspended_gate_opens_on_what_came_since_only(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    shadow(app, 160)
    look(app, serve(app, 32, shown=WRONG)[-1])
    suspended = gate_of(app)
    look(app, shadow(app, 96, local=WRONG, confidence=0.3)[-1])
    gate = gate_of(app)
    assert gate.state == "suspended"
    assert gate.sentence == suspended.sentence
    assert (gate.evidence["shadows"], gate.evidence["drift"]) == (96, suspended.evidence["drift"])
    assert gate.threshold is None
    look(app, shadow(app, 288)[-1])
    gate = gate_of(app)
    assert gate.state == "open"
    assert gate.evidence["shadows"] == 384
    assert gate.evidence["opened_at"] > gate.evidence["suspended_at"]


# -- another promise -------------------------------------------------------------------------------


NOW = {"scored_one_in": SCORED_ONE_IN}


def fitted_adapter(
    app: Valence, give_adapter: Give, right: float, told: dict[str, int] = NOW
) -> Gate:
    """An adapter that was evaluated: 600 held-out answers of one confidence, as a run leaves it."""
    one_in = told.get("scored_one_in", 3)
    adapter = give_adapter(app)
    chance, items = np.random.default_rng(4), []
    examples = [held_out(number, "calibration" if number % 3 else "test") for number in range(900)]
    with app.stores.database.transaction():
        for example in examples:
            app.stores.examples.add(example)
    for example in examples:
        # Those that fit the scorer must not count: they are all wrong here.
        correct = chance.random() < right and not for_score(example.id, one_in)
        features = {"score": 2.0}
        items.append(
            Item(example_id=example.id, output=RIGHT, score=1.0, correct=correct, features=features)
        )
    variant = variant_of(adapter.base_model, adapter.id, adapter.prompt_version)
    evaluation = Evaluation(boundary="decompose", variant=variant, split="calibration", metrics={})
    app.stores.evaluations.record(evaluation, items)
    linear = Linear((0.0,), (1.0,), (1.0,), 0.0)
    scorer = Scorer(("score",), linear, AS_IT_IS, adapter.weights_sha256)
    gate = fit_gate([0.9] * 400, [True] * 400, [0.9] * 50, 0.05, 0.95, look=0)
    calibration = {"scorer": scorer.to_json(), "gate": gate.to_json(), **told}
    app.stores.adapters.calibrate(
        adapter.id, calibration, unit_hash(adapter.weights_sha256, calibration)
    )
    return gate


def held_out(number: int, split: Any) -> Example:
    return Example(
        id=f"example {number}",
        boundary="decompose",
        input=f"Ada was born in London, number {number}.",
        output=RIGHT,
        origin="upload",
        rank=RANKS["upload"],
        split=split,
        group_key=str(number),
        fold_key=str(number),
    )


@pytest.mark.parametrize(
    ("asked", "right", "state"),
    [
        ({"max_error": 0.04}, 0.99, "open"),
        ({"max_error": 0.01}, 0.98, "closed"),
        ({"confidence_level": 0.99}, 0.99, "open"),
    ],
)
def test_a_stronger_promise_is_served_only_once_it_is_certified(
    open_app: Open, give_adapter: Give, asked: dict[str, float], right: float, state: str
) -> None:
    fitted_adapter(open_app(ScriptedLocal(())), give_adapter, right)
    app = open_app(ScriptedLocal(()), gate=asked)
    assert gate_of(app).state == "closed"
    assert "the settings ask for" in gate_of(app).sentence
    look(app, serve(app)[0])
    gate = gate_of(app)
    assert gate.state == state
    assert gate.evidence["look"] == 1
    assert 510 < gate.evidence["labels"] < 560  # eight ninths of the calibration examples
    assert gate.evidence["traffic"] == 300
    for name, value in asked.items():
        assert getattr(gate, name) == value
    # Once is enough.
    look(app, serve(app)[0])
    assert gate_of(app) == gate


def test_what_fitted_the_scorer_of_an_earlier_version_opens_no_gate_either(
    open_app: Open, give_adapter: Give
) -> None:
    fitted_adapter(open_app(ScriptedLocal(())), give_adapter, 0.99, told={})
    app = open_app(ScriptedLocal(()), gate={"max_error": 0.04})
    look(app, serve(app)[0])
    assert gate_of(app).state == "open"
    assert 370 < gate_of(app).evidence["labels"] < 430  # two thirds of the calibration examples


def test_a_weaker_promise_may_open_what_was_closed(open_app: Open, give_adapter: Give) -> None:
    app = open_app(ScriptedLocal(()))
    fitted_adapter(app, give_adapter, 0.95)
    adapter, calibration = active(app), dict(active(app).calibration or {})
    calibration["gate"] = fit_gate([0.9] * 9, [True] * 9, [0.9], 0.05, 0.95, look=0).to_json()
    seal = unit_hash(adapter.weights_sha256, calibration)
    app.stores.adapters.calibrate(adapter.id, calibration, seal)
    looser = open_app(ScriptedLocal(()), gate={"max_error": 0.1})
    assert gate_of(looser).state == "closed"
    look(looser, shadow(looser)[0])
    assert gate_of(looser).state == "open"
    assert gate_of(looser).max_error == 0.1
    assert gate_of(app).state == "closed"  # whoever still asks for 5% is not served at 10%


def test_an_open_gate_stays_as_it_is_under_a_weaker_promise(
    open_app: Open, give_adapter: Give
) -> None:
    app = open_app(ScriptedLocal(()), gate={"max_error": 0.1})
    gate = fitted_adapter(app, give_adapter, 0.95)
    look(app, serve(app)[0])
    assert gate_of(app) == gate


def test_a_scorer_of_another_adapter_opens_nothing(app: Valence, give_adapter: Give) -> None:
    fitted_adapter(app, give_adapter, 0.99)
    adapter, calibration = active(app), dict(active(app).calibration or {})
    calibration["scorer"] |= {"weights_sha256": "other"}
    seal = unit_hash(adapter.weights_sha256, calibration)
    app.stores.adapters.calibrate(adapter.id, calibration, seal)
    look(app, shadow(app, 192)[-1])
    assert gate_of(app).state == "closed"
    assert load_unit(active(app), app.locations.adapters).gate.state == "closed"


def test_without_an_adapter_there_is_nothing_to_watch(app: Valence) -> None:
    call = Call(boundary="decompose", input="x", output=None, route="frontier")
    watch(app, Answer(call, get("decompose"), "x", (), None))
    assert app.stores.events.list(10) == []


def test_rows_that_cannot_be_read_any_more_count_as_wrong(app: Valence, give_adapter: Give) -> None:
    give_adapter(app)
    look(app, serve(app, 30, local='{"old": 1}', shown=RIGHT)[-1])
    assert gate_of(app).state == "suspended"
