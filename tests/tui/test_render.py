"""The render boundary: nothing that a terminal acts on, nothing that markup acts on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.content import Content
from textual.style import Style

from tui import render
from valence.conversation.provenance import Provenance

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
DOORS: dict[str, Callable[[str], Content]] = {
    "text": render.text,
    "row": lambda text: render.row([text, text], [4000, 4000]),
    "empty": lambda text: render.empty(text, text),
    "choices": lambda text: render.choices([(text, text)]),
    "choice": lambda text: render.choice(text, text),
    "told": render.told,
    "said": render.said,
    "failure": render.failure,
    "fact": lambda text: render.facts([(text, text, text)])[0],
    "reason": lambda text: render.provenance(Provenance(route=text, reason=text)),
    "mask": lambda text: render.provenance(Provenance(masked={text: 1})),
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
    assert "\n" not in render.row(["a\nb", "c\u2028d"], [10, 10]).plain


def test_a_megabyte_is_clipped_and_says_so() -> None:
    shown = render.told("a" * 1_000_000).plain
    assert len(shown) < 3000
    assert "998,000 more" in shown
    facts = render.facts([(str(i), "is", "x") for i in range(1000)])
    assert len(facts) == render.MOST_FACTS + 1
    assert "and 960 more" in facts[-1].plain


def test_an_answer_says_how_it_came_about() -> None:
    story = Provenance(
        route="local",
        reason="confident",
        confidence=0.9712,
        threshold=0.914,
        latency_ms=212.4,
        tokens_per_s=87.6,
        cost_usd=0.0123,
        masked={"card": 1},
        rating=1,
    )
    assert render.provenance(story).plain.strip() == (
        "local · confident · confidence 0.971 against 0.914 · 212 ms · 88 tok/s · $0.0123 · "
        "masked: 1 card · rated good"
    )
    assert render.provenance(Provenance()).plain.strip() == "memory · under 1 ms · $0"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_source_opens_itself_and_its_name_nothing_else(payload: str) -> None:
    shown = render.provenance(Provenance(), [(7, f"x{payload}y")])
    assert is_harmless(shown.plain)
    clicks = [span.style.meta for span in shown.spans if isinstance(span.style, Style)]
    assert [meta for meta in clicks if meta] == [{"@click": "source(7)"}]
