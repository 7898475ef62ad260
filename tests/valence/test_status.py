"""The status: figures of a boundary and its domains, and the gate as the router would find it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from models.folder import ModelFolder
from store import entropy, keywords
from store.adapters import Adapter
from store.calls import Attempt, Call
from store.entropy import WHOLE, EntropyThreshold
from store.keywords import Keyword
from tests.valence.conftest import TINY, WEIGHTS
from valence.app import Valence
from valence.gate import Gate
from valence.status import BoundaryStatus, status_of

Give = Callable[..., Adapter]

GOLD = json.dumps({"triples": [["Ada", "born in", "London"]]})
OTHER = json.dumps({"triples": [["Ada", "born in", "Paris"]]})


def status(app: Valence, name: str = "decompose") -> BoundaryStatus:
    return status_of(app.stores, app.settings, app.locations, name)


def a_time(number: int) -> str:
    return f"2026-01-01T00:00:00.{number:06}Z"


def by_frontier(number: int, cost: float = 0.02, **changes: Any) -> Call:
    values: dict[str, Any] = {"output": GOLD, "cost_usd": cost, "latency_ms": 100.0}
    values |= {"created_at": a_time(number)}
    return Call(boundary="decompose", input="Ada", route="frontier", **values | changes)


def by_local(number: int, adapter: Adapter, right: bool, audited: bool, **changes: Any) -> Call:
    mine = Attempt(
        role="answer", route="local", decision="accepted", output=GOLD if right else OTHER,
        adapter_id=adapter.id, confidence=0.95 if right else 0.85,
    )  # fmt: skip
    theirs = Attempt(role="audit", route="frontier", decision="unseen", output=GOLD)
    attempts = (mine, theirs) if audited else (mine,)
    values = {"output": mine.output, "reason": "confident", "created_at": a_time(number)}
    values |= {"attempts": attempts, "latency_ms": 10.0}
    return Call(boundary="decompose", input="Ada", route="local", **values | changes)


@pytest.fixture
def app(open_app: Callable[..., Valence]) -> Valence:
    return open_app(local={"model": str(TINY)})


@pytest.fixture
def used(app: Valence, give_adapter: Give) -> Valence:
    """120 calls: the frontier at first, then local ones, half of them audited, two in domains."""
    adapter = give_adapter(app)
    calls = [by_frontier(number) for number in range(60)]
    calls += [by_local(60 + n, adapter, right=n % 10 > 0, audited=n % 2 == 0) for n in range(58)]
    calls += [by_frontier(118, 0.04, domain="code")]
    calls += [by_local(119, adapter, right=False, audited=True, domain="code")]
    with app.stores.database.transaction():
        for call in calls:
            app.stores.ledger.record(call)
    return app


def test_what_the_frontier_alone_would_have_cost(used: Valence) -> None:
    found = status(used)
    mean = (60 * 0.02 + 0.04) / 61
    assert found.cost_usd == pytest.approx(1.24)
    assert found.cost_all_frontier_usd == pytest.approx(120 * mean)
    assert status(used, "recompose").cost_all_frontier_usd is None


def test_accuracy_of_served_answers_is_of_audits_with_its_interval(used: Valence) -> None:
    found = status(used).accuracy
    assert (found["served_checked"], found["checked"]) == (30, 30)
    assert found["served_right"] == pytest.approx(23 / 30)
    assert found["served_right_low"] < 23 / 30 < found["served_right_high"]
    assert (found["corrected"], found["auroc"]) == (0, 1.0)
    last = found["risk_coverage"][-1]
    assert (last[0], last[1]) == (1.0, pytest.approx(7 / 30))


def test_corrections_are_counted_apart(used: Valence) -> None:
    before = status(used).accuracy
    unaudited = [call for call in used.stores.ledger.list(route="local") if not call.domain]
    used.stores.ledger.correct(unaudited[0].id, OTHER)
    assert status(used).accuracy == before | {"corrected": 1}


def test_buckets_have_the_quality_of_the_labels_in_them(used: Valence) -> None:
    first, second = status(used).over_time
    assert (first["calls"], second["calls"]) == (100, 20)
    assert (first["checked"], second["checked"]) == (20, 10)
    assert first["right"] == pytest.approx(16 / 20)
    assert second["right"] == pytest.approx(7 / 10)
    assert first["right_low"] < first["right"] < first["right_high"]
    assert first["cost_all_frontier_usd"] > first["cost_usd"]
    assert 0 < first["brier"] < second["brier"]
    assert first["ece"] is not None


def test_the_course_outlives_an_adapter_and_the_accuracy_is_the_present_ones(
    used: Valence, give_adapter: Give
) -> None:
    newer = give_adapter(used)
    used.stores.ledger.record(by_local(120, newer, right=True, audited=True))
    found = status(used)
    assert (found.accuracy["checked"], found.accuracy["right"]) == (1, 1.0)
    assert found.over_time[0]["checked"] == 20


def test_a_domain_has_the_same_figures(used: Valence) -> None:
    found = status(used).domains
    assert set(found) == {"code"}
    code = found["code"]
    assert (code["calls"], code["fallback_rate"]) == (2, 0.5)
    assert (code["cost_usd"], code["cost_all_frontier_usd"]) == (0.04, 0.08)
    assert (code["accuracy"]["served_checked"], code["accuracy"]["served_right"]) == (1, 0.0)
    assert [bucket["checked"] for bucket in code["over_time"]] == [1]
    assert set(code) < set(asdict(status(used)))


def test_a_gate_says_why_its_adapter_rests(
    open_app: Callable[..., Valence], give_adapter: Give
) -> None:
    app = open_app(local={"model": str(TINY)})
    assert "nothing has been learnt yet; once it has, 65 checked answers" in sentence(app)
    give_adapter(app, base_revision="another")
    assert "Closed: it was learnt on scripted and rests" in sentence(app)
    give_adapter(app, base_revision=ModelFolder.open(TINY).revision, prompt_version="0")
    assert "Closed: it was learnt for an earlier prompt" in sentence(app)
    give_adapter(app, base_revision=ModelFolder.open(TINY).revision)
    assert sentence(app) == "Open."
    off = open_app(local={"model": str(TINY), "enabled": False})
    assert "Closed: the local model is switched off" in sentence(off)
    assert (off.unit("decompose"), app.unit("decompose") is None) == (None, False)


def sentence(app: Valence) -> str:
    return str(status(app).gate["sentence"])


def test_gaps_are_told_for_the_whole_and_for_a_domain(used: Valence) -> None:
    fitted = EntropyThreshold(
        boundary="decompose", domain=WHOLE, nats=0.7, labels=90, pooled=False, auroc=0.9
    )
    call = used.stores.ledger.get(used.stores.ledger.list(route="local")[0].id)
    word = Keyword(
        boundary="decompose", domain="code", word="monad", entropy=2.0,
        attempt_id=call.attempts[0].id, call_id=call.id,
    )  # fmt: skip
    entropy.keep(used.stores.database, [fitted])
    keywords.keep(used.stores.database, [word])
    found = status(used)
    assert (found.entropy_threshold or {})["nats"] == 0.7
    code = found.domains["code"]
    assert (code["entropy_threshold"]["nats"], code["entropy_threshold"]["pooled"]) == (0.7, True)
    assert found.keywords == code["keywords"] == [{"word": "monad", "count": 1, "entropy": 2.0}]


def test_a_boundary_without_calls_has_no_figures(app: Valence) -> None:
    found = status(app)
    assert (found.calls, found.fallback_rate, found.domains, found.over_time) == (0, None, {}, [])
    assert (found.accuracy["checked"], found.accuracy["right"]) == (0, None)
    assert (found.entropy_threshold, found.keywords) == (None, [])
    assert found.gate["state"] == "closed"
    assert found.gate["labels_missing"] == 65
    json.dumps(asdict(found))


# -- the gate --------------------------------------------------------------------------------------


def test_an_open_gate_tells_its_evidence(app: Valence, give_adapter: Give) -> None:
    step = {"coverage": 0.5, "threshold": 0.8, "accepted": 100, "wrong": 1, "p_value": 0.03}
    steps = [step | {"passed": True}, step | {"accepted": 200, "wrong": 30, "passed": False}]
    evidence = {"labels": 300, "traffic": 200, "look": 1, "steps": steps}
    give_adapter(app, gate=Gate("open", 0.8, 0.05, 0.95, 0.7, evidence, "Open."))
    gate = status(app).gate
    assert (gate["state"], gate["look"], gate["labels_missing"]) == ("open", 1, None)
    assert gate["evidence"] == {
        "labels": 300, "traffic": 200, "look": 1, "accepted": 100, "wrong": 1, "p_value": 0.03,
    }  # fmt: skip


def test_a_gate_for_a_weaker_promise_shows_closed(
    open_app: Callable[..., Valence], give_adapter: Give
) -> None:
    app = open_app(gate={"max_error": 0.01})
    give_adapter(app)
    gate = status(app).gate
    assert (gate["state"], gate["max_error"]) == ("closed", 0.01)


def test_a_gate_whose_model_is_not_here_shows_closed(
    open_app: Callable[..., Valence], give_adapter: Give, tmp_path: Path
) -> None:
    app = open_app(local={"model": str(tmp_path / "nowhere")})
    give_adapter(app)
    assert app.unit("decompose") is None
    gate = status(app).gate
    assert (gate["state"], gate["threshold"], gate["labels_missing"]) == ("closed", None, None)
    assert "not on this machine" in gate["sentence"]


def tamper_with_weights(app: Valence, adapter: Adapter) -> None:
    (app.locations.adapters / adapter.folder / "adapters.safetensors").write_bytes(WEIGHTS + b"!")


def lose_the_weights(app: Valence, adapter: Adapter) -> None:
    (app.locations.adapters / adapter.folder / "adapters.safetensors").unlink()


def tamper_with_the_gate(app: Valence, adapter: Adapter) -> None:
    gate = Gate("open", 0.1, 0.05, 0.95, 1.0, {}, "Open.").to_json()
    seal = hashlib.sha256(b"of something else").hexdigest()
    app.stores.adapters.calibrate(adapter.id, {"gate": gate}, seal)


def break_the_gate(app: Valence, adapter: Adapter) -> None:
    app.stores.adapters.calibrate(adapter.id, {"gate": {"state": "open"}}, "seal")


@pytest.mark.parametrize(
    "change", [tamper_with_weights, lose_the_weights, tamper_with_the_gate, break_the_gate]
)
def test_a_unit_that_is_not_as_it_was_sealed_shows_closed(
    app: Valence, give_adapter: Give, change: Callable[[Valence, Adapter], None]
) -> None:
    adapter = give_adapter(app)
    assert status(app).gate["state"] == "open"
    change(app, adapter)
    gate = status(app).gate
    assert (gate["state"], gate["threshold"], gate["certified_coverage"]) == ("closed", None, 0.0)
    assert "not as it was sealed" in gate["sentence"]
