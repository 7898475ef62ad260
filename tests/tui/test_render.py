"""The render boundary: nothing that a terminal acts on, nothing that markup acts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.content import Content

from store.calls import Call
from tui import render
from valence.status import BoundaryStatus

PAYLOADS = {
    "OSC 52": "\x1b]52;c;ZXZpbA==\x07",
    "OSC 0": "\x1b]0;owned\x1b\\",
    "CSI": "\x1b[2J\x1b[31mred",
    "C1": "\x9b2J \x9d52;c;ZXZpbA==\x9c \x90q\x9c",
    "C0": "a\x00b\x08c\x0bd\x0ce\x7f",
    "bidi": "\u202eevil\u202c \u2066x\u2069 \u200f\u061c",
    "lines": "a\rb\u2028c\u2029d\x85e",
    "invisible": "a\u00ad\u200b\ufeff\U000e0041b",
    "surrogate": "half \ud800 pair",
    "closing tag": "[/",
    "broken tag": "[b + x",
    "tag": "[b]bold[/b] [@click=app.quit]x[/]",
    "style": "[$primary on red]",
}
CALL = Call(boundary="decompose", input="Ada", output=None, route="builtin", reason="unverified")
STATUS = BoundaryStatus(
    boundary="decompose",
    calls=1234,
    fallback_rate=0.25,
    recent_fallback_rate=0.1,
    routes={},
    cost_usd=0.0,
    cost_all_frontier_usd=None,
    accuracy={},
    gate={"sentence": "Closed: it was never fitted."},
    adapter=None,
    examples={},
    until_training=1000,
    last_run=None,
    over_time=[],
    entropy_threshold=None,
    keywords=[],
    domains={},
)
DOORS: dict[str, Callable[[str], Content]] = {
    "told": render.told,
    "failure": render.failure,
    "welcome": render.welcome,
    "fact": lambda text: render.answer(CALL, ((text, text, text),)),
    "reason": lambda text: render.answer(replace(CALL, reason=text, route=text), ()),
    "mask": lambda text: render.answer(replace(CALL, masked={text: 1}), ()),
    "status": lambda text: render.status(
        replace(STATUS, boundary=text, gate={"sentence": text}),
    ),
}


def is_harmless(text: str) -> bool:
    return all(c.isprintable() or c in f"\n{render.JOINERS}" for c in text)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_no_door_lets_a_payload_through(door: Callable[[str], Content], payload: str) -> None:
    shown = door(f"x{payload}y")
    assert is_harmless(shown.plain)
    assert not any("@" in str(span.style) or "red" in str(span.style) for span in shown.spans)


@pytest.mark.parametrize("name", ["closing tag", "broken tag", "tag", "style"])
def test_markup_is_text(name: str) -> None:
    for door in DOORS.values():
        assert PAYLOADS[name] in door(f"x {PAYLOADS[name]} y").plain


def test_what_was_taken_out_leaves_a_mark_and_words_stay() -> None:
    assert render.safe("a\x1b]0;b\x07c") == "a\ufffd]0;b\ufffdc"
    assert render.safe("\u202eevil\u202c") == "evil"
    assert render.safe("one\r\ntwo\rthree\tfour\u00a0five") == "one\ntwo\nthree four five"
    for text in ("Zoë, 東京 – €5 🙂", "می\u200cخواهم", "👩\u200d🔬", "नमस्ते"):
        assert render.safe(text) == text


def test_a_line_is_one_line() -> None:
    assert render.line(" two\n lines\u2028here ") == "two lines here"
    assert "\n" not in render.status(replace(STATUS, boundary="a\nb")).plain


def test_a_megabyte_is_clipped_and_says_so() -> None:
    shown = render.told("a" * 1_000_000).plain
    assert len(shown) < 3000
    assert "998,000 more" in shown
    facts = render.answer(CALL, tuple((str(i), "is", "x") for i in range(1000))).plain
    assert facts.count("\n") == render.MOST_FACTS + 1
    assert "and 960 more" in facts


def test_an_answer_says_how_it_came_about() -> None:
    call = replace(
        CALL,
        route="local",
        reason="confident",
        confidence=0.9712,
        threshold=0.914,
        latency_ms=212.4,
        cost_usd=0.0123,
        masked={"card": 1},
    )
    facts, line = render.answer(call, (("Ada", "bornIn", "London"),)).plain.split("\n")
    assert facts == "Ada – bornIn – London"
    assert line == (
        "local · confident · confidence 0.971 against 0.914 · 212 ms · $0.0123 · masked: 1 card"
    )
    assert render.answer(CALL, ()).plain == (
        "no fact found in it\nbuiltin · unverified · under 1 ms · $0"
    )


def test_a_status_is_calls_fallback_and_gate() -> None:
    assert render.status(STATUS).plain == (
        "decompose  1,234 calls · 25% fallback · gate closed: it was never fitted."
    )
    none = replace(STATUS, calls=0, fallback_rate=None)
    assert "no calls yet · gate closed" in render.status(none).plain
