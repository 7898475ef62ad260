"""OpenTelemetry's exports of agents as trajectories, in every form that the conventions had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.valence.conftest import Run


def tagged(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, list):
        return {"arrayValue": {"values": [tagged(each) for each in value]}}
    if isinstance(value, dict):
        pairs = [{"key": key, "value": tagged(each)} for key, each in value.items()]
        return {"kvlistValue": {"values": pairs}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def attributes(**values: Any) -> list[dict[str, Any]]:
    return [
        {"key": name.replace("__", "."), "value": tagged(value)} for name, value in values.items()
    ]


def span(operation: str | None, start: int, failed: bool = False, **values: Any) -> dict[str, Any]:
    named = {"gen_ai__operation__name": operation} if operation else {}
    return {
        "traceId": "t1",
        "spanId": str(start),
        "startTimeUnixNano": str(1_800_000_000_000_000_000 + start * 1_000_000),
        "endTimeUnixNano": str(1_800_000_000_000_000_000 + (start + 5) * 1_000_000),
        "status": {"code": 2 if failed else 0},
        "attributes": attributes(**named, **values),
    }


def otlp(*spans: dict[str, Any]) -> str:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}) + "\n"


ASKED = {"role": "user", "parts": [{"type": "text", "content": "Refund my lamp, order A7"}]}
CALLED = {
    "role": "assistant",
    "parts": [
        {"type": "reasoning", "content": "Look first."},
        {"type": "tool_call", "id": "c1", "name": "get_order", "arguments": {"id": "A7"}},
    ],
}
RETURNED = {
    "role": "tool",
    "parts": [{"type": "tool_call_response", "id": "c1", "response": {"price": "20"}}],
}
ANSWERED = {"role": "assistant", "parts": [{"type": "text", "content": "It cost 20."}]}


def test_spans_of_one_trace_are_one_trajectory(run: Run) -> None:
    """Messages as JSON text in one span and structured in the other, over two exports."""
    first = span("chat", 0, gen_ai__input__messages=json.dumps([ASKED]))
    tool = span("execute_tool", 6, failed=True, gen_ai__tool__name="get_order")
    last = span(
        "chat",
        12,
        gen_ai__input__messages=[ASKED, CALLED, RETURNED],
        gen_ai__output__messages=json.dumps([ANSWERED]),
    )
    root = span("invoke_agent", 0, gen_ai__agent__name="shop")
    root["events"] = [
        {
            "name": "gen_ai.evaluation.result",
            "attributes": attributes(gen_ai__evaluation__score__label="pass"),
        }
    ]
    web = {"traceId": "t1", "spanId": "9", "name": "GET /", "attributes": []}
    stdin = otlp(last, web) + otlp(root, first, tool)
    done = run("trajectories", "import", "-", "--format", "otel", "--json", stdin=stdin)
    assert done.record == {"new": 1, "changed": 0, "known": 0}
    [listed] = run("trajectories", "list", "--json").records
    shown = run("trajectories", "show", listed["id"], "--json").record
    assert (shown["agent"], shown["source"]) == ("shop", "otel")
    assert (shown["approach"], shown["latency_ms"]) == ("plan, look up, then answer", 17.0)
    assert [step["kind"] for step in shown["steps"]] == ["person", "reasoning", "tool", "message"]
    assert shown["votes"] == {"valid": 1, "tools": -1, "last_tool": -1}
    assert shown["created_at"].startswith("2027-01-15")
    again = run("trajectories", "import", "-", "--format", "otel", "--json", stdin=stdin)
    assert again.record["known"] == 1


def test_tools_alone_tell_the_steps_where_messages_do_not(run: Run) -> None:
    root = span(
        "invoke_agent",
        0,
        gen_ai__input__messages=[ASKED],
        gen_ai__output__messages=[ANSWERED],
    )
    tool = span(
        "execute_tool",
        2,
        gen_ai__tool__name="refund_order",
        gen_ai__tool__call__arguments='{"id": "A7"}',
        gen_ai__tool__call__result="Error: too late",
    )
    run("trajectories", "import", "-", "--format", "otel", stdin=otlp(root, tool))
    [listed] = run("trajectories", "list", "--json").records
    shown = run("trajectories", "show", listed["id"], "--json").record
    assert [step["kind"] for step in shown["steps"]] == ["person", "tool", "message"]
    assert (shown["approach"], shown["steps"][1]["failed"]) == ("act", True)


# -- what was said, by the versions of the conventions -------------------------------------------

CALL = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": "{}"}}
CHAT: list[dict[str, Any]] = [
    {"role": "user", "content": "Refund my lamp, order A7"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "id": "c1", "content": "Error: gone"},
]
SAID = {"role": "assistant", "content": "It is gone."}
SYSTEM = {"gen_ai__system": "openai"}


def event(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "attributes": attributes(**values)}


def turns() -> list[tuple[str, dict[str, Any]]]:
    """The chat as events: their names, and what they tell."""
    asked = [(f"gen_ai.{each['role']}.message", each) for each in CHAT]
    return [*asked, ("gen_ai.choice", {"index": "0", "finish_reason": "stop", "message": SAID})]


def logs(named: str) -> str:
    records = [
        {"traceId": "t1", "spanId": "0", "body": tagged(told)}
        | ({"eventName": name} if named == "eventName" else {})
        | ({"attributes": attributes(event__name=name)} if named == "attribute" else {})
        for name, told in turns()
    ]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}) + "\n"


def parts() -> dict[str, Any]:
    """The chat as messages of parts, a tool's result by the name that examples use."""
    part = {"type": "tool_call", "id": "c1", "name": "get_order", "arguments": {}}
    result = {"type": "tool_call_response", "id": "c1", "result": "Error: gone"}
    given = [
        {"role": "user", "parts": [{"type": "text", "content": CHAT[0]["content"]}]},
        {"role": "assistant", "parts": [part]},
        {"role": "tool", "parts": [result]},
    ]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": SAID["content"]}]}]
    return {
        "gen_ai__input__messages": json.dumps(given),
        "gen_ai__output__messages": json.dumps(said),
    }


def chat_span(*events: dict[str, Any], **values: Any) -> str:
    return otlp(span("chat", 0, **values) | {"events": list(events)})


PROMPT = {"gen_ai__prompt": json.dumps(CHAT)}
COMPLETION = {"gen_ai__completion": json.dumps([SAID])}
FORMS = {
    "1.37": chat_span(**parts()),
    "1.37, an event": chat_span(event("gen_ai.client.inference.operation.details", **parts())),
    "1.36, log records": logs("eventName") + chat_span(**SYSTEM),
    "1.28, log records": chat_span(**SYSTEM) + logs("attribute"),
    "1.28, events of the span": chat_span(*(event(name, **told) for name, told in turns())),
    "1.28, as text": chat_span(
        *(event(name, gen_ai__event__content=json.dumps(told)) for name, told in turns())
    ),
    "1.27": chat_span(
        event("gen_ai.content.prompt", **PROMPT), event("gen_ai.content.completion", **COMPLETION)
    ),
    "1.26, no operation": otlp(span(None, 0, **SYSTEM, **PROMPT, **COMPLETION)),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_was_said_is_read_from_every_version(run: Run, form: str) -> None:
    run("trajectories", "import", "-", "--format", "otel", stdin=FORMS[form])
    [listed] = run("trajectories", "list", "--json").records
    shown = run("trajectories", "show", listed["id"], "--json").record
    assert [step["kind"] for step in shown["steps"]] == ["person", "tool", "message"]
    person, tool, answer = shown["steps"]
    assert (person["text"], answer["text"]) == (CHAT[0]["content"], SAID["content"])
    assert (tool["tool"], tool["result"], tool["failed"]) == ("get_order", "Error: gone", True)


def test_a_prompt_that_is_a_text_is_what_the_person_said(run: Run) -> None:
    """As completions of a text had it; a later call without captured messages changes nothing."""
    asked = span("text_completion", 0, gen_ai__prompt="Name a lamp", gen_ai__completion="Tiffany")
    stdin = otlp(asked, span("text_completion", 9))
    run("trajectories", "import", "-", "--format", "otel", stdin=stdin)
    [listed] = run("trajectories", "list", "--json").records
    assert (listed["problem"], listed["approach"]) == ("Name a lamp", "answer")


USED = {"gen_ai__provider__name": "openai", "gen_ai__response__model": "gpt-4o-2024-08-06"}
TOKENS = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 100}
ONCE = {"gen_ai__system": "openai", "gen_ai__request__model": "gpt-4o"}
TOKENS_ONCE = {"gen_ai__usage__prompt_tokens": 1000, "gen_ai__usage__completion_tokens": 100}


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (USED | TOKENS, True),
        (ONCE | TOKENS_ONCE, True),
        (USED | TOKENS | {"gen_ai__response__model": "nobody's"}, False),
        (USED, False),
    ],
)
def test_the_tokens_of_the_model_calls_tell_the_cost(
    run: Run, told: dict[str, Any], known: bool
) -> None:
    agent = span("invoke_agent", 0, **told)
    stdin = otlp(agent, span("chat", 1, **told, **parts()), span("chat", 9, **told))
    run("trajectories", "import", "-", "--format", "otel", stdin=stdin)
    [listed] = run("trajectories", "list", "--json").records
    shown = run("trajectories", "show", listed["id"], "--json").record
    assert shown["cost_usd"] == (pytest.approx(2 * 0.0035) if known else None)


def test_a_trace_in_which_nobody_asks_is_passed_over(run: Run) -> None:
    """Of documents that were embedded, say: it does not keep the others out."""
    alone = span("embeddings", 0) | {"traceId": "index"}
    stdin = otlp(alone) + FORMS["1.37"]
    done = run("trajectories", "import", "-", "--format", "otel", "--json", stdin=stdin)
    assert done.record == {"new": 1, "changed": 0, "known": 0}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{}", "resourceSpans"),
        ('{"resourceSpans": [{"scopeSpans": [{"spans": [5]}]}]}', "resourceSpans.scopeSpans"),
        (otlp(span("chat", 0)).strip(), "gen_ai.input.messages"),
        (otlp(span("chat", 0, gen_ai__input__messages="{")).strip(), "gen_ai.input.messages"),
        (otlp(span("chat", 0, gen_ai__input__messages='["x"]')).strip(), "gen_ai.input.messages"),
        (chat_span(event("gen_ai.choice", tool_calls=["x"])).strip(), "gen_ai.choice: tool_calls"),
        ('{"resourceLogs": [{"scopeLogs": [{"logRecords": [5]}]}]}', "resourceLogs.scopeLogs"),
    ],
)
def test_bad_spans_are_named_and_nothing_is_kept(run: Run, line: str, field: str) -> None:
    good = span("chat", 0, gen_ai__input__messages=[ASKED]) | {"traceId": "good"}
    stdin = otlp(good) + line
    done = run("trajectories", "import", "-", "--format", "otel", stdin=stdin)
    assert done.code == 1
    assert "line 2" in done.err
    assert field in done.err
    assert run("trajectories", "list", "--json").records == []
