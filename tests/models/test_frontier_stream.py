"""Answers of both frontier clients that are heard while they come, from a real HTTP server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import stamina

from models.frontier import Frontier, FrontierAttempt, FrontierRequest, Hear, make_frontier
from models.prices import Price, Prices
from tests.loopback import Fault, LoopbackFrontier, garbage, rate_limited, server_error

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-opus-4-8"}
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
SAID = {"text": 'Ada was "born"\nin London — 100 °C — and in no other town of that name.'}
WHOLE = json.dumps(SAID, ensure_ascii=False)
MIDDLE = 10
"""Events, of about twenty that the answer comes in."""

pytestmark = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class EnoughHeard(Exception):
    """Whoever listened has heard enough."""


def frontier(provider: str, server: LoopbackFrontier, timeout_s: float = 5) -> Frontier:
    return make_frontier(
        provider=provider,
        model=MODELS[provider],
        base_url=server.base_url,
        timeout_s=timeout_s,
        key="sk-test-0123456789abcdef",
        prices=Prices({model: Price(1.0, 10.0) for model in MODELS.values()}),
    )


def ask(client: Frontier, hear: Hear | None, *kept: Callable[[FrontierAttempt], Any]) -> None:
    request = FrontierRequest(
        system="Say it.", user="Where?", schema=SCHEMA, schema_name="text", max_tokens=256
    )
    client.ask(request, lambda attempt: [keep(attempt) for keep in kept], hear)


def heard(
    provider: str, *faults: Fault, timeout_s: float = 5, answer: Any = SAID
) -> tuple[list[FrontierAttempt], list[str]]:
    """The attempts at one question, and all that was heard meanwhile."""
    attempts: list[FrontierAttempt] = []
    texts: list[str] = []
    with LoopbackFrontier(lambda user, body: answer, [*faults]) as server:
        ask(frontier(provider, server, timeout_s), texts.append, attempts.append)
    return attempts, texts


def kinds(attempts: list[FrontierAttempt]) -> list[str | None]:
    return [attempt.error_kind for attempt in attempts]


def test_what_is_heard_grows_and_comes_before_the_answer_ends(provider: str) -> None:
    texts: list[str] = []
    listened = threading.Event()

    def wait(sent: int) -> None:
        """Before its last words the server waits until the first ones were heard."""
        if sent == MIDDLE:
            assert listened.wait(20)

    def hear(text: str) -> None:
        texts.append(text)
        if "Ada" in text:
            listened.set()

    with LoopbackFrontier(lambda user, body: SAID, pace=wait) as server:
        attempts: list[FrontierAttempt] = []
        ask(frontier(provider, server), hear, attempts.append)
    assert listened.is_set()
    assert texts[0] == ""
    assert all(later.startswith(text) for text, later in pairwise(texts))
    assert WHOLE.startswith(texts[-1])
    assert attempts[0].data == SAID


def test_an_attempt_is_the_same_whether_it_was_heard_or_not(provider: str) -> None:
    attempts: list[FrontierAttempt] = []
    with LoopbackFrontier(lambda user, body: SAID) as server:
        client = frontier(provider, server)
        ask(client, None, attempts.append)
        ask(client, lambda text: None, attempts.append)
        client.close()
    whole, streamed = attempts
    assert json.loads(streamed.response or "") == json.loads(whole.response or "")
    assert streamed.request == server.requests[1].body
    asked = {name: streamed.request[name] for name in whole.request}
    assert asked == whole.request
    assert streamed.request["stream"] is True
    same = {"latency_ms": 0.0, "request": {}, "response": ""}
    assert replace(streamed, **same) == replace(whole, **same)  # type: ignore[arg-type]
    assert whole.cost_usd > 0


@pytest.mark.parametrize("fault", [Fault(breaks=True), Fault(complains=True), Fault(ends=True)])
def test_a_stream_that_breaks_off_is_tried_again_and_was_paid_for(
    provider: str, fault: Fault
) -> None:
    attempts, texts = heard(provider, fault)
    broken, answered = attempts
    assert broken.error_kind == ("server" if fault.complains else "connection")
    assert ("overloaded" in (broken.error or "")) is fault.complains
    assert "Ada" in (broken.response or "")
    assert broken.output_tokens > 3
    assert broken.cost_usd > 0
    assert not broken.cost_known
    assert answered.data == SAID
    # Never a mix: what is heard is always a beginning of one answer.
    assert all(WHOLE.startswith(text) for text in texts)


def test_other_failures_are_tried_again_as_ever(provider: str) -> None:
    faults = [rate_limited(), server_error(), Fault(drop=True), garbage()]
    attempts, _ = heard(provider, *faults)
    assert kinds(attempts) == ["rate_limit", "server", "connection", "unparsable", None]
    assert all(attempt.cost_usd == 0 for attempt in attempts[:-1])
    attempts, _ = heard(provider, *faults[:1] * 4)
    assert kinds(attempts) == ["rate_limit"] * 4
    attempts, _ = heard(provider, rate_limited("3600"))
    assert kinds(attempts) == ["rate_limit"]


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(trickle=True)])
def test_a_server_that_hangs_or_trickles_is_a_timeout(provider: str, fault: Fault) -> None:
    attempts, _ = heard(provider, fault, timeout_s=0.5)
    assert kinds(attempts) == ["timeout", None]
    assert attempts[0].response is None


def test_refusals_truncation_and_what_is_no_json_are_what_they_are(provider: str) -> None:
    attempts, _ = heard(provider, Fault(refusal=True))
    assert kinds(attempts) == ["refusal"]
    attempts, _ = heard(provider, Fault(truncated=True))
    assert kinds(attempts) == ["truncated"]
    assert attempts[0].cost_usd > 0
    attempts, _ = heard(provider, answer="Sure! {}")
    assert kinds(attempts) == ["unparsable"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "data: {not JSON\n\n",
        "data: []\n\n",
        "data: 3\n\n",
        'data: {"type": "content_block_delta", "choices": 3}\n\n',
        'data: {"choices": [{"delta": {"content": 3}}], "type": "content_block_start"}\n\n',
    ],
)
def test_events_of_another_shape_are_unparsable(provider: str, text: str) -> None:
    fault = Fault(text=text, headers={"content-type": "text/event-stream"})
    attempts, _ = heard(provider, fault)
    assert kinds(attempts) == ["unparsable", None]


def test_half_a_character_can_be_kept(provider: str) -> None:
    attempts, _ = heard(provider, answer='{"text": "\ud800"}')
    assert kinds(attempts) == ["unparsable"] * 2
    assert "\\ud800" in (attempts[0].response or "")


def test_a_server_that_answers_as_a_whole_is_understood(provider: str) -> None:
    attempts, texts = heard(provider, Fault(whole=True))
    assert attempts[0].data == SAID
    assert set(texts) == {""}


def test_a_server_that_refuses_to_stream_is_asked_again_without_and_from_then_on(
    provider: str,
) -> None:
    refusal = Fault(status=400, text='{"error": {"message": "unknown: stream"}}')
    attempts: list[FrontierAttempt] = []
    with LoopbackFrontier(lambda user, body: SAID, [refusal]) as server:
        client = frontier(provider, server)
        for _ in range(2):
            ask(client, lambda text: None, attempts.append)
    assert kinds(attempts) == ["bad_request", None, None]
    assert "unknown: stream" in (attempts[0].error or "")
    assert ["stream" in request.body for request in server.requests] == [True, False, False]


def test_a_request_that_is_bad_either_way_says_nothing_of_streams(provider: str) -> None:
    refusal = Fault(status=404, text="no such model")
    attempts: list[FrontierAttempt] = []
    with LoopbackFrontier(lambda user, body: SAID, [refusal, refusal]) as server:
        client = frontier(provider, server)
        for _ in range(2):
            ask(client, lambda text: None, attempts.append)
    assert kinds(attempts) == ["bad_request", "bad_request", None]
    assert ["stream" in request.body for request in server.requests] == [True, False, True]


def test_tokens_that_nobody_counted_are_counted_by_their_pieces(provider: str) -> None:
    attempts, _ = heard(provider, Fault(no_usage=True))
    assert attempts[0].data == SAID
    assert attempts[0].input_tokens == 0
    assert attempts[0].output_tokens > 3
    assert attempts[0].cost_usd > 0
    assert not attempts[0].cost_known


def test_who_listens_can_stop_it_and_the_connection_ends(provider: str) -> None:
    attempts: list[FrontierAttempt] = []

    def hear(text: str) -> None:
        if "Ada" in text:
            raise EnoughHeard

    def slowly(sent: int) -> None:
        time.sleep(0.01)

    answer = {"text": "Ada " * 500}
    with LoopbackFrontier(lambda user, body: answer, pace=slowly) as server:
        with pytest.raises(EnoughHeard):
            ask(frontier(provider, server), hear, attempts.append)
        assert server.left.wait(20)
    [stopped] = attempts
    assert stopped.error_kind == "stopped"
    assert "Ada" in (stopped.response or "")
    assert stopped.cost_usd > 0


@pytest.mark.parametrize("fault", [Fault(hang=True), rate_limited("20")])
def test_a_stop_does_not_wait_for_a_silent_server_or_for_a_pause(
    provider: str, fault: Fault
) -> None:
    attempts: list[FrontierAttempt] = []
    times: list[float] = []

    def hear(text: str) -> None:
        times.append(time.monotonic())
        if times[-1] - times[0] > 0.3:
            raise EnoughHeard

    with (
        stamina.set_testing(False),
        LoopbackFrontier(lambda user, body: SAID, [fault]) as server,
        pytest.raises(EnoughHeard),
    ):
        ask(frontier(provider, server, timeout_s=60), hear, attempts.append)
    assert kinds(attempts) == ["stopped" if fault.hang else "rate_limit"]


def test_many_threads_listen_at_once(provider: str) -> None:
    said: dict[str, Any] = {}
    with LoopbackFrontier(lambda user, body: {"text": user}) as server:
        client = frontier(provider, server)

        def one(text: str) -> None:
            request = FrontierRequest(
                system="s", user=text, schema=SCHEMA, schema_name="x", max_tokens=9
            )
            client.ask(request, lambda a: said.update({text: a.data}), lambda text: None)

        threads = [threading.Thread(target=one, args=(f"text {i}",)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said == {f"text {i}": {"text": f"text {i}"} for i in range(6)}
