"""One call through the router: real database, real HTTP, the local model by script or tiny."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.fusion import Linear, Platt
from models.generation import Completion
from models.prompting import LINES
from models.scorer import Scorer
from models.scores import TokenScores
from store.adapters import Adapter
from store.calls import Call
from tests.loopback import (
    LoopbackFrontier,
    garbage,
    rate_limited,
    server_error,
    unauthorized,
)
from tests.valence.conftest import THRESHOLD, TINY, WEIGHTS_SHA, ScriptedLocal
from valence.app import Valence
from valence.boundaries import get
from valence.gate import Gate
from valence.learning import learn
from valence.predictors import LocalPredictor
from valence.router import Answer
from valence.unit import Unit

TEXT = "Ada Lovelace was born in London."
GOLD = (("Ada Lovelace", "birthPlace", "London"),)
OTHER = (("Ada Lovelace", "bornIn", "London"),)
UNGROUNDED = (("Grace Hopper", "bornIn", "New York"),)

Open = Callable[..., Valence]
Give = Callable[..., Adapter]

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def server() -> Iterator[LoopbackFrontier]:
    with LoopbackFrontier(lambda user, body: {"triples": [list(triple) for triple in GOLD]}) as it:
        yield it


@pytest.fixture
def local() -> ScriptedLocal:
    return ScriptedLocal(OTHER)


def openai(server: LoopbackFrontier, **more: Any) -> dict[str, Any]:
    return {"provider": "openai", "model": "gpt-4o-mini", "base_url": server.base_url, **more}


def ask(app: Valence, text: str = TEXT) -> Answer:
    return app.router.call(get("decompose"), text)


def kept(app: Valence, answer: Answer) -> Call:
    return app.stores.ledger.get(answer.call.id)


def story(call: Call) -> list[tuple[str, str, str, str]]:
    return [(a.role, a.route, a.decision, a.reason) for a in call.attempts]


# -- who answers -----------------------------------------------------------------------------------


def test_without_an_adapter_the_frontier_answers(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal
) -> None:
    app = open_app(local, frontier=openai(server))
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "no adapter")
    assert json.loads(call.output or "") == {"triples": [list(triple) for triple in GOLD]}
    assert story(call) == [("answer", "frontier", "accepted", "no adapter")]
    assert local.asked == []
    assert server.requests[0].user == TEXT


def test_a_closed_gate_leaves_the_call_to_the_frontier(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app, gate=Gate.never_fitted())
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "gate closed")
    assert local.asked == []


TWO = (("Ada Lovelace", "bornIn", "London"), ("Ada Lovelace", "spouse", "London"))
PARTS_SCORER = Scorer(("sure",), Linear((0.0,), (1.0,), (1.0,), 0.0), Platt(1.0, 0.0), WEIGHTS_SHA)
IN_PARTS = {
    "scorer": PARTS_SCORER.to_json(),
    "partial": {
        "scorer": PARTS_SCORER.to_json(),
        "gate": Gate("open", 0.6, 0.05, 0.95, 0.7, {}, "Open.").to_json(),
    },
}


@pytest.mark.parametrize(
    ("partial", "parts", "served", "reason", "confidence"),
    [
        (True, (0.9, 0.2), TWO[:1], "partial", 0.9),
        (True, (0.9, 0.7), TWO, "partial", 0.7),
        (True, (0.1, 0.2), GOLD, "below threshold", None),
        (True, (), GOLD, "below threshold", None),
        (False, (0.9, 0.2), GOLD, "below threshold", None),
    ],
)
def test_only_the_sure_facts_are_served_and_only_where_asked_for(
    open_app: Open,
    server: LoopbackFrontier,
    give_adapter: Give,
    partial: bool,
    parts: tuple[float, ...],
    served: Any,
    reason: str,
    confidence: float | None,
) -> None:
    local = ScriptedLocal(TWO, confidence=0.3)
    local.parts = parts
    app = open_app(local, frontier=openai(server), gate={"partial": partial, "audit_rate": 1.0})
    give_adapter(app, calibration=IN_PARTS)
    answer = ask(app)
    call = kept(app, answer)
    assert (answer.output, call.reason, call.confidence) == (served, reason, confidence)
    assert json.loads(call.output or "") == {"triples": [list(triple) for triple in served]}
    app.router.settle(answer)
    audited = [a.role for a in kept(app, answer).attempts].count("audit")
    assert audited == (reason == "partial")


def test_a_confident_answer_is_served_locally(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    adapter = give_adapter(app)
    answer = ask(app)
    call = kept(app, answer)
    assert answer.output == OTHER
    assert (call.route, call.reason) == ("local", "confident")
    assert (call.confidence, call.threshold, call.cost_usd) == (0.9, THRESHOLD, 0)
    assert call.attempts[0].adapter_id == adapter.id
    assert server.requests == []


def test_the_threshold_itself_is_enough_and_less_is_not(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app)
    local.confidence = THRESHOLD
    assert ask(app).call.route == "local"
    local.confidence = THRESHOLD - 1e-9
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "below threshold")
    assert story(call) == [
        ("answer", "local", "rejected", "below threshold"),
        ("answer", "frontier", "accepted", "below threshold"),
    ]
    assert call.attempts[0].confidence == THRESHOLD - 1e-9


def test_a_veto_beats_any_confidence(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app)
    local.output, local.confidence = (), 1.0
    call = kept(app, ask(app))
    assert call.route == "frontier"
    assert call.attempts[0].decision == "rejected"
    assert call.reason == "veto: no triples from a text"


def test_a_promotion_and_a_rollback_are_seen_at_the_next_call(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    serving, other = open_app(local, frontier=openai(server)), open_app()
    assert ask(serving).call.route == "frontier"
    give_adapter(other)
    assert ask(serving).call.route == "local"
    other.stores.adapters.rollback("decompose", "by the test")
    assert ask(serving).call.route == "frontier"


@pytest.mark.parametrize("other", [{"base_revision": "r2"}, {"prompt_version": "0"}])
def test_an_adapter_of_another_base_or_prompt_rests(
    open_app: Open,
    server: LoopbackFrontier,
    local: ScriptedLocal,
    give_adapter: Give,
    other: dict[str, str],
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app, **other)
    assert ask(app).call.reason == "no adapter"


def test_an_adapter_is_served_only_with_the_calibration_it_was_sealed_with(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    adapter = give_adapter(app)
    looser = {"gate": Gate("open", 0.1, 0.05, 0.95, 1.0, {}, "Open.").to_json()}
    app.stores.adapters.calibrate(adapter.id, looser, adapter.unit_sha256 or "")
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "no adapter")
    assert [event.kind for event in app.stores.events.list(10)] == ["unit changed"]


def test_changed_weights_are_not_served(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    adapter = give_adapter(app)
    (app.locations.adapters / adapter.folder / "adapters.safetensors").write_bytes(b"others")
    assert ask(app).call.reason == "no adapter"


# -- shadow and audit ------------------------------------------------------------------------------


def test_a_shadow_is_a_row_and_changes_nothing(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app, gate=Gate.never_fitted())
    answer = ask(app)
    before = kept(app, answer)
    app.router.settle(answer)
    after = kept(app, answer)
    assert story(after)[1:] == [("shadow", "local", "unseen", "")]
    assert (after.route, after.output) == (before.route, before.output)


def test_an_audit_is_a_row_and_changes_nothing_but_the_cost(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    prices = {"input_usd_per_mtok": 1000.0, "output_usd_per_mtok": 1000.0}
    app = open_app(local, frontier=openai(server, **prices), gate={"audit_rate": 1.0})
    give_adapter(app)
    answer = ask(app)
    app.router.settle(answer)
    call = kept(app, answer)
    assert story(call)[1:] == [("audit", "frontier", "unseen", "")]
    assert (call.route, call.output) == ("local", answer.call.output)
    assert call.cost_usd > 0


def test_rates_of_zero_mean_never(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    rates = {"audit_rate": 0.0, "shadow_rate": 0.0}
    app = open_app(local, frontier=openai(server), gate=rates)
    give_adapter(app)
    for confidence in (0.9, 0.1):
        local.confidence = confidence
        answer = ask(app)
        app.router.settle(answer)
        assert len(kept(app, answer).attempts) == len(answer.call.attempts)


def test_a_local_answer_that_was_tried_already_is_no_shadow(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app)
    local.confidence = 0.1
    app.router.settle(ask(app))
    assert len(local.asked) == 1


# -- the frontier's troubles -----------------------------------------------------------------------


def test_every_retry_is_a_row(open_app: Open, server: LoopbackFrontier) -> None:
    server.faults.extend([rate_limited(), garbage()])
    app = open_app(frontier=openai(server))
    call = kept(app, ask(app))
    assert story(call) == [
        ("answer", "frontier", "failed", "rate_limit"),
        ("answer", "frontier", "failed", "unparsable"),
        ("answer", "frontier", "accepted", "no local model"),
    ]
    assert all(a.request and "Ada" in a.request for a in call.attempts)
    assert call.attempts[1].response


def test_a_frontier_that_is_down_gives_an_unverified_answer_and_no_example(
    open_app: Open, server: LoopbackFrontier
) -> None:
    server.faults.append(unauthorized())
    app = open_app(frontier=openai(server))
    answer = ask(app)
    learn(app, answer)
    call = kept(app, answer)
    assert (call.route, call.reason) == ("builtin", "unverified")
    assert [a.route for a in call.attempts] == ["frontier", "builtin"]
    app.curate(get("decompose"))
    assert sum(app.stores.examples.counts("decompose").values()) == 0
    assert app.stores.examples.drop_reasons("decompose") == {"unverified": 1}
    (event,) = app.stores.events.list(10)
    assert (event.kind, event.detail["route"]) == ("fallback", "frontier")


def test_an_answer_of_another_shape_is_never_an_example(
    open_app: Open, server: LoopbackFrontier
) -> None:
    server.answer = lambda user, body: {"triples": [["only", "two"]]}
    app = open_app(frontier=openai(server))
    answer = ask(app)
    learn(app, answer)
    call = kept(app, answer)
    assert call.reason == "unverified"
    assert call.attempts[-2].reason == "unparsable"
    assert sum(app.stores.examples.counts("decompose").values()) == 0


def test_a_frontier_that_cannot_be_asked_as_configured_is_a_failed_attempt(open_app: Open) -> None:
    app = open_app(frontier={"provider": "openai", "model": "gpt-4o-mini"})
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("builtin", "unverified")
    assert call.attempts[0].decision == "failed"
    assert "no key" in (call.attempts[0].error or "")


@pytest.mark.parametrize("fault", [server_error(), rate_limited()])
def test_the_breaker_opens_after_failures_and_outlives_the_process(
    open_app: Open, server: LoopbackFrontier, fault: Any
) -> None:
    server.faults.extend([fault] * 100)
    app = open_app(frontier=openai(server))
    for _ in range(5):
        ask(app)
    asked = len(server.requests)
    again = open_app(frontier=openai(server))
    call = kept(again, ask(again))
    assert (call.route, call.reason) == ("builtin", "unverified")
    assert len(server.requests) == asked
    assert again.stores.events.list(1)[0].detail["error"] == "breaker open"


def test_an_answer_between_failures_keeps_the_breaker_closed(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = open_app(frontier=openai(server))
    for _ in range(3):
        server.faults.extend([server_error()] * 16)
        for _ in range(4):
            ask(app)
        assert ask(app).call.route == "frontier"


def test_past_the_budget_the_frontier_is_not_asked(
    open_app: Open, server: LoopbackFrontier
) -> None:
    prices = {"input_usd_per_mtok": 1000.0, "output_usd_per_mtok": 1000.0}
    app = open_app(frontier=openai(server, monthly_budget_usd=0.01, **prices))
    assert ask(app).call.route == "frontier"
    call = ask(app).call
    assert (call.route, call.reason) == ("builtin", "unverified")
    assert len(server.requests) == 1
    assert app.stores.events.list(1)[0].detail["error"] == "budget spent"


def test_offline_makes_no_connection_at_all(
    open_app: Open,
    server: LoopbackFrontier,
    local: ScriptedLocal,
    give_adapter: Give,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    app = open_app(
        local, frontier=openai(server), privacy={"offline": True}, gate={"audit_rate": 1.0}
    )
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    unadapted = ask(app)
    give_adapter(app)
    confident = ask(app)
    local.confidence = 0.1
    unsure = ask(app)
    for answer in (unadapted, confident, unsure):
        learn(app, answer)
    assert [a.call.reason for a in (unadapted, confident, unsure)] == [
        "unverified",
        "confident",
        "unverified",
    ]
    assert server.requests == []


# -- best available --------------------------------------------------------------------------------


def test_an_adapters_rejected_answer_is_the_best_available(
    open_app: Open, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local)
    give_adapter(app)
    local.confidence = 0.1
    call = kept(app, ask(app))
    assert (call.route, call.reason, call.confidence) == ("local", "unverified", 0.1)
    assert len(local.asked) == 1
    app.curate(get("decompose"))
    assert sum(app.stores.examples.counts("decompose").values()) == 0


@pytest.mark.parametrize(("output", "route"), [(OTHER, "local"), (UNGROUNDED, "builtin")])
def test_a_base_without_adapter_is_served_only_where_the_text_says_it(
    open_app: Open, local: ScriptedLocal, output: Any, route: str
) -> None:
    app = open_app(local)
    local.output = output
    call = kept(app, ask(app))
    assert (call.route, call.reason) == (route, "unverified")


def test_a_local_model_that_breaks_is_an_event_and_the_frontier_answers(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal, give_adapter: Give
) -> None:
    app = open_app(local, frontier=openai(server))
    give_adapter(app)
    local.error = "out of memory"
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "local model failed")
    assert call.attempts[0].error == "out of memory"
    (event,) = app.stores.events.list(10)
    assert event.detail == {"route": "local", "error": "out of memory"}


# -- secrets and consent ---------------------------------------------------------------------------


def test_secrets_are_masked_before_ledger_and_frontier(
    open_app: Open, server: LoopbackFrontier, local: ScriptedLocal
) -> None:
    card = "4111 1111 1111 1111"
    app = open_app(local, frontier=openai(server))
    call = kept(app, ask(app, f"Ada pays with {card} in London."))
    assert call.masked == {"card": 1}
    assert card not in json.dumps(server.requests[0].body)
    assert card not in repr(call)
    assert "[masked:card]" in server.requests[0].user


def test_a_secret_with_a_quote_in_it_is_masked_in_triples_too(open_app: Open) -> None:
    app = open_app()
    boundary = get("recompose")
    triples = (("Ada", "says", 'password: hunter"2'), ("Ada", "livesIn", 'the "old" house'))
    call = kept(app, app.router.call(boundary, triples))
    assert call.masked == {"password": 1}
    assert "hunter" not in call.input
    assert boundary.input_from_text(call.input)[1] == triples[1]


@pytest.mark.parametrize(("learn_from", "learnt"), [("all", 1), ("corrections", 0), ("none", 0)])
def test_consent_travels_with_the_call(
    open_app: Open, server: LoopbackFrontier, learn_from: str, learnt: int
) -> None:
    app = open_app(frontier=openai(server), privacy={"learn": learn_from})
    answer = ask(app)
    learn(app, answer)
    assert sum(app.stores.examples.counts("decompose").values()) == learnt
    # agreeing later does not reach back
    later = open_app(frontier=openai(server))
    later.curate(get("decompose"))
    assert sum(later.stores.examples.counts("decompose").values()) == learnt


# -- a real model ----------------------------------------------------------------------------------


def test_a_real_model_answers_and_leaves_its_scores(open_app: Open, home: Path) -> None:
    app = open_app(local={"model": str(TINY)})
    call = kept(app, ask(app))
    assert call.reason == "unverified"
    attempt = call.attempts[0]
    assert attempt.route == "local"
    assert attempt.output_tokens
    assert attempt.features
    assert {"mean_logprob", "min_margin"} <= attempt.features.keys()


def test_an_adapter_that_does_not_fit_is_a_failed_attempt(
    open_app: Open, server: LoopbackFrontier, give_adapter: Give
) -> None:
    app = open_app(frontier=openai(server), local={"model": str(TINY)})
    assert app.local is not None
    give_adapter(app, base_revision=app.local.revision)
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("frontier", "local model failed")
    assert call.attempts[0].error
    assert [event.kind for event in app.stores.events.list(10)] == ["fallback"]


class FixedRuntime:
    """A runtime that always writes the same."""

    markers = LINES

    def __init__(self, text: str, finished: Any = "eos") -> None:
        self.completion = Completion(
            text=text,
            tokens=(1,),
            scores=TokenScores([-0.1], [1.0], [0.5], 1),
            finished=finished,
            input_tokens=1,
            cached_tokens=0,
            output_tokens=1,
            latency_ms=1.0,
            tokens_per_s=1.0,
        )

    def generate(self, _: object) -> Completion:
        return self.completion


@pytest.mark.parametrize(
    ("text", "finished", "told"),
    [
        ("Ada Lovelace | bornIn | London", "eos", "local model failed"),
        ("Ada Lovelace | bornIn | Lon", "length", "veto: not finished within its token limit"),
        ("Ada Lovelace was born", "eos", "veto: triple 1 does not have exactly three parts"),
    ],
)
def test_what_cannot_be_read_or_scored_is_never_sure(text: str, finished: str, told: str) -> None:
    runtime: Any = FixedRuntime(text, finished)
    local = LocalPredictor(lambda: runtime, "tiny", "r1")
    line = Linear((0.0,), (1.0,), (0.0,), 9.0)
    strange = Scorer(("unheard_of",), line, Platt(1.0, 0.0))
    adapter = Adapter(
        boundary="decompose",
        base_model="tiny",
        base_revision="r1",
        prompt_version="1",
        folder="",
        weights_sha256="",
    )
    unit = Unit(adapter, TINY, strange, Gate.never_fitted())
    made = local.attempt(get("decompose"), TEXT, unit)
    assert made.output is None
    assert made.attempt.confidence is None
    assert made.attempt.reason.startswith(told)


def test_a_model_that_cannot_be_loaded_is_a_failed_attempt(
    open_app: Open, tmp_path: Path, server: LoopbackFrontier
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (broken / name).write_bytes((TINY / name).read_bytes())
    (broken / "model.safetensors").write_bytes(b"\x00" * 100)
    app = open_app(local={"model": str(broken)})
    call = kept(app, ask(app))
    assert (call.route, call.reason) == ("builtin", "unverified")
    assert call.attempts[0].error
