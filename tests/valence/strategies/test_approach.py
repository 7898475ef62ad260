"""What steps are for, and the approach that they make, whoever's tools they are."""

from __future__ import annotations

from typing import Any

import pytest

from store.trajectories import Step
from valence.strategies.approach import PHASES, approach_of, name_of, phases_in, phases_of
from valence.strategies.steps import step_types, tool_type, wants_something


def tool(name: str, **arguments: Any) -> Step:
    return Step(kind="tool", tool=name, arguments=arguments)


def says(text: str) -> Step:
    return Step(kind="message", text=text)


def person(text: str) -> Step:
    return Step(kind="person", text=text)


@pytest.mark.parametrize(
    ("name", "arguments", "type_"),
    [
        ("get_weather", {}, "look up"),
        ("searchFlights", {}, "look up"),
        ("mcp__github__list_issues", {}, "look up"),
        ("calculate", {}, "look up"),
        ("gmail.send_message", {}, "act"),
        ("CreateTicket", {}, "act"),
        ("frobnicate", {}, "act"),
        ("think", {"thought": "well"}, "plan"),
        ("run_tests", {}, "check"),
        ("ask_user", {}, "ask"),
        ("escalate_to_supervisor", {}, "hand over"),
        ("bash", {"command": "ls -la"}, "look up"),
        ("bash", {"command": "git log -3"}, "look up"),
        ("bash", {"command": "rm notes.txt"}, "act"),
        ("bash", {"command": "cd app && pytest -q"}, "check"),
        ("run", {"sql": "SELECT * FROM orders"}, "look up"),
        ("run", {"sql": "DELETE FROM orders"}, "act"),
        ("http", {"method": "GET", "url": "/x"}, "look up"),
        ("http", {"method": "PUT", "url": "/x"}, "act"),
    ],
)
def test_a_tool_is_told_by_its_verb_or_by_what_it_is_told(
    name: str, arguments: dict[str, Any], type_: str
) -> None:
    assert tool_type(name, arguments) == type_


def test_a_request_is_told_from_an_answer_and_from_courtesy() -> None:
    assert wants_something("Which lamp do you mean?")
    assert wants_something("I can do that. Please provide your order number.")
    assert not wants_something("It is done. Is there anything else I can help you with?")
    assert not wants_something("What it says: nothing. " + "It is so. " * 100)


def test_a_look_at_what_was_changed_is_a_check() -> None:
    change = tool("update_order", order="A7", colour="red")
    assert step_types([change, tool("get_order", order="A7")]) == ["act", "check"]
    assert step_types([change, tool("get_order", order="B9")]) == ["act", "look up"]
    failed = Step(kind="tool", tool="update_order", arguments={"order": "A7"}, failed=True)
    assert step_types([failed, tool("get_order", order="A7")]) == ["act", "look up"]


def test_a_remark_that_goes_with_a_tool_is_no_answer() -> None:
    assert step_types([says("Let me look."), tool("get_order")]) == ["look up"]
    planned = says("First I look the order up, then I refund it.")
    assert step_types([planned, tool("get_order")]) == ["plan", "look up"]


def test_approaches_are_above_the_wording() -> None:
    one = [
        person("Refund my lamp"),
        says("What is the order number?"),
        person("A7"),
        tool("get_order", id="A7"),
        says("It cost 20. Shall I refund it?"),
        person("yes"),
        tool("refund_order", id="A7"),
        says("Done."),
    ]
    other = [
        person("Cancel the meeting"),
        says("Please tell me which one."),
        person("Monday's"),
        tool("search_calendar", day="monday"),
        says("Found it. Do you confirm that I cancel it?"),
        person("yes"),
        tool("delete_event", event="e1"),
        says("It is gone."),
    ]
    assert approach_of(one) == approach_of(other) == "ask back, look up, confirm, then act"
    assert approach_of([tool("search"), says("It is 5.")]) == "look up, then answer"
    assert approach_of([Step(kind="reasoning", text="Hm."), tool("send")]) == "plan, then act"
    assert approach_of([tool("send"), tool("send")]) == "act repeatedly"
    assert approach_of([tool("send", id="1"), tool("get", id="1")]) == "act, then check"
    assert approach_of([tool("transfer_to_human")]) == "hand over"
    assert approach_of([says("Which one?")]) == "ask back"
    assert approach_of([person("Hello")]) is None
    assert approach_of([]) is None


def test_every_name_says_its_phases() -> None:
    for types in (["plan", "ask", "look up", "ask", "act", "check"], ["answer"], ["ask"]):
        phases = phases_of(types)  # type: ignore[arg-type]
        assert phases_in(name_of(phases)) == phases
        assert set(phases) <= PHASES
