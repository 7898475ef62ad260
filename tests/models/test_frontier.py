"""Both frontier clients against a real HTTP server on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from models.frontier import (
    Frontier,
    FrontierAttempt,
    FrontierMisconfigured,
    FrontierRequest,
    make_frontier,
)
from models.prices import Price, Prices
from tests.loopback import (
    Fault,
    LoopbackFrontier,
    garbage,
    rate_limited,
    server_error,
    unauthorized,
)

KEY = "sk-test-0123456789abcdef"
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-opus-4-8"}
SCHEMA = {
    "type": "object",
    "properties": {
        "triples": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
        }
    },
    "required": ["triples"],
}
GOLD = {"triples": [["Ada", "birthPlace", "London"]]}
TEXT = 'Ada was "born"\nin London — 100 °C. '

pytestmark = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


def frontier(
    provider: str, server: LoopbackFrontier, timeout_s: float = 5, **options: Any
) -> Frontier:
    return make_frontier(
        provider=provider,
        model=MODELS[provider],
        base_url=server.base_url,
        timeout_s=timeout_s,
        **{"key": KEY, **options},
    )


def ask(client: Frontier, user: str = TEXT) -> list[FrontierAttempt]:
    request = FrontierRequest(
        system="Decompose.", user=user, schema=SCHEMA, schema_name="triples", max_tokens=256
    )
    attempts: list[FrontierAttempt] = []
    try:
        client.ask(request, attempts.append)
    finally:
        client.close()
    return attempts


def with_faults(provider: str, *faults: Fault) -> list[FrontierAttempt]:
    with LoopbackFrontier(lambda user, body: GOLD, list(faults)) as server:
        return ask(frontier(provider, server, timeout_s=0.3))


def kinds(attempts: list[FrontierAttempt]) -> list[str | None]:
    return [attempt.error_kind for attempt in attempts]


def test_an_answer_is_parsed_counted_and_priced(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: GOLD) as server:
        [attempt] = ask(frontier(provider, server))
    assert attempt.data == GOLD
    assert (attempt.error, attempt.error_kind) == (None, None)
    assert attempt.input_tokens > 0
    assert attempt.output_tokens > 0
    assert attempt.cost_usd > 0
    assert attempt.cost_known
    assert attempt.latency_ms > 0
    assert json.loads(attempt.response or "")["model"] == MODELS[provider]


def test_the_text_stands_verbatim_and_what_was_sent_is_recorded(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: {"text": user}) as server:
        [attempt] = ask(frontier(provider, server))
    [received] = server.requests
    assert received.user == TEXT
    assert attempt.request == received.body
    assert attempt.data == {"text": TEXT}


def test_structured_output_is_asked_for_in_the_protocols_own_way(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: GOLD) as server:
        ask(frontier(provider, server))
    body = server.requests[0].body
    if provider == "openai":
        form = body["response_format"]["json_schema"]
        assert form["strict"] is True
        assert form["schema"]["additionalProperties"] is False
        assert form["schema"]["properties"] == SCHEMA["properties"]
    else:
        form = body["output_config"]["format"]
        assert form["type"] == "json_schema"
        assert form["schema"]["additionalProperties"] is False
        assert "maxItems" not in form["schema"]["properties"]["triples"]["items"]


def test_rate_limits_are_waited_out(provider: str) -> None:
    attempts = with_faults(provider, rate_limited(), rate_limited())
    assert kinds(attempts) == ["rate_limit", "rate_limit", None]


def test_retry_after_is_honoured(provider: str) -> None:
    with (
        stamina.set_testing(False),
        LoopbackFrontier(lambda user, body: GOLD, [rate_limited("1")]) as server,
    ):
        started = time.monotonic()
        attempts = ask(frontier(provider, server))
        assert time.monotonic() - started >= 1
    assert kinds(attempts) == ["rate_limit", None]


@pytest.mark.parametrize(
    "fault", [rate_limited("3600"), rate_limited("Fri, 01 Jan 2100 00:00:00 GMT")]
)
def test_an_hour_is_not_waited(provider: str, fault: Fault) -> None:
    assert kinds(with_faults(provider, fault)) == ["rate_limit"]


def test_a_spent_quota_is_not_tried_again(provider: str) -> None:
    fault = Fault(status=429, text='{"error": {"code": "insufficient_quota"}}')
    assert kinds(with_faults(provider, fault)) == ["rate_limit"]


def test_server_errors_are_tried_again_and_then_given_up(provider: str) -> None:
    attempts = with_faults(
        provider, *[server_error(status) for status in (500, 503, 529, 502, 500)]
    )
    assert kinds(attempts) == ["server"] * 4
    assert "HTTP 500" in (attempts[0].error or "")
    assert "it broke" in (attempts[0].response or "")


def test_a_hanging_server_is_a_timeout(provider: str) -> None:
    assert kinds(with_faults(provider, Fault(hang=True))) == ["timeout", None]


def test_a_trickling_server_is_a_timeout(provider: str) -> None:
    assert kinds(with_faults(provider, Fault(trickle=True))) == ["timeout", None]


def test_a_dropped_connection_is_tried_again(provider: str) -> None:
    assert kinds(with_faults(provider, Fault(drop=True), Fault(drop=True))) == [
        "connection",
        "connection",
        None,
    ]


def test_nobody_listening(provider: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        client = make_frontier(provider=provider, model="m", base_url=url, timeout_s=1)
        attempts = ask(client)
    assert kinds(attempts) == ["connection"] * 3
    assert "refused" in (attempts[0].error or "")
    assert attempts[0].response is None


@pytest.mark.parametrize("body", ["<html>", "", "[]", "{}", '{"choices": []}', '{"content": 3}'])
def test_a_body_of_another_shape_is_unparsable_and_kept(provider: str, body: str) -> None:
    attempts = with_faults(provider, garbage(body))
    assert kinds(attempts) == ["unparsable", None]
    assert attempts[0].response == body
    assert attempts[0].data is None


@pytest.mark.parametrize(
    "content",
    [
        "```json\n{}\n```",
        "Sure! {}",
        "{} hope this helps",
        "[1]",
        "",
        '{"x": NaN}',
        r'{"x": "\ud800"}',
        "[" * 100_000,
    ],
)
def test_content_that_is_not_one_json_object_is_unparsable_after_one_retry(
    provider: str, content: str
) -> None:
    with LoopbackFrontier(lambda user, body: content) as server:
        attempts = ask(frontier(provider, server))
    assert kinds(attempts) == ["unparsable"] * 2
    assert attempts[1].input_tokens > 0


def test_refusals_and_truncation_are_not_tried_again(provider: str) -> None:
    assert kinds(with_faults(provider, Fault(refusal=True))) == ["refusal"]
    [attempt] = with_faults(provider, Fault(truncated=True))
    assert attempt.error_kind == "truncated"
    assert attempt.data is None
    assert attempt.cost_usd > 0


def test_auth_and_bad_requests_are_not_tried_again(provider: str) -> None:
    assert kinds(with_faults(provider, unauthorized())) == ["auth"]
    assert kinds(with_faults(provider, Fault(status=404, text="no such model"))) == ["bad_request"]


def test_a_redirect_is_not_followed(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: GOLD) as elsewhere:
        fault = Fault(status=307, headers={"location": elsewhere.base_url + "/chat/completions"})
        attempts = with_faults(provider, fault)
    assert kinds(attempts) == ["bad_request"]
    assert elsewhere.requests == []


def test_no_proxy_stands_between_us_and_this_machine(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert kinds(with_faults(provider)) == [None]


def test_a_key_that_the_server_echoes_is_not_kept(provider: str) -> None:
    fault = Fault(status=401, text=json.dumps({"error": {"message": f"wrong key {KEY}"}}))
    with LoopbackFrontier(lambda user, body: {"text": KEY}, [fault]) as server:
        client = frontier(provider, server)
        attempts = ask(client) + ask(client)
    assert KEY in str(server.requests[0].headers)
    assert kinds(attempts) == ["auth", None]
    assert KEY not in repr(attempts[0])
    assert KEY not in str(attempts[1].response)


def test_text_that_is_not_unicode_is_not_sent(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: GOLD) as server:
        attempts = ask(frontier(provider, server), user="bad \ud800 text")
    assert kinds(attempts) == ["bad_request"]
    assert server.requests == []


def test_one_client_serves_many_threads(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: {"text": user}) as server:
        client = frontier(provider, server)
        texts = [f"text {i}" for i in range(8)]
        said: dict[str, Any] = {}

        def one(text: str) -> None:
            request = FrontierRequest(
                system="s", user=text, schema=SCHEMA, schema_name="x", max_tokens=9
            )
            client.ask(request, lambda attempt: said.update({text: attempt.data}))

        threads = [threading.Thread(target=one, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert said == {text: {"text": text} for text in texts}


def test_no_key_is_needed_on_this_machine_only(provider: str) -> None:
    with LoopbackFrontier(lambda user, body: GOLD) as server:
        assert kinds(ask(frontier(provider, server, key=None))) == [None]
    with pytest.raises(FrontierMisconfigured, match="no key"):
        make_frontier(provider=provider, model="m", base_url="https://example.org")
    with pytest.raises(FrontierMisconfigured, match="no key"):
        make_frontier(provider=provider, model="m")


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "nobody"},
        {"model": ""},
        {"base_url": "ftp://localhost"},
        {"key": "sk-ü"},
        {"key": "two words"},
    ],
)
def test_what_cannot_work_is_said_at_once(provider: str, wrong: dict[str, Any]) -> None:
    right = {"provider": provider, "model": "m", "base_url": "http://localhost", "key": KEY}
    with pytest.raises(FrontierMisconfigured):
        make_frontier(**{**right, **wrong})


def test_a_price_of_the_users_own_wins(provider: str) -> None:
    prices = Prices({MODELS[provider]: Price(1e6, 0)})
    with LoopbackFrontier(lambda user, body: GOLD) as server:
        [attempt] = ask(frontier(provider, server, prices=prices))
    assert attempt.cost_usd == attempt.input_tokens


def test_making_a_frontier_loads_no_sdk(provider: str) -> None:
    program = f"""
import sys
from models import builtin, frontier, keys, prices
from valence import redaction
frontier.make_frontier(provider={provider!r}, model="m", key="k")
prices.Prices()
heavy = {{"anthropic", "openai", "keyring", "genai_prices", "httpx2", "stamina", "numpy", "mlx"}}
print(sorted(heavy & sys.modules.keys()))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
