"""What the page Ledger says: calls on a line each, one call's whole story.

Everything passes through `tui.render`. Knows no widget and no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textual.content import Content

from store.calls import Attempt, Call, Feedback
from store.examples import Example
from tui import figures, render
from tui.plainly import plain
from valence.story import Story

COLUMNS = (11, 9, 8, 4, 1)
MOST_INPUT = 300
"""Characters of an input on its line; the list cuts it where its room ends."""

MARKS = {"corrected": "✎", "wrong": "−", "good": "+"}
"""What a person said of a call: a better answer, rated bad, rated good."""

SUBJECT = {"answer": "answered", "shadow": "unseen beside it", "audit": "unseen, as a check"}
LABEL = 12


def headings() -> Content:
    """What stands over the calls."""
    names = ("when", "boundary", "route", "sure", "", "what went in")
    return render.row(names, (*COLUMNS, MOST_INPUT), render.QUIET)


def call_line(call: Call, said: str, today: str) -> Content:
    """One call on one line: when, by whom, how surely, what was said of it, what went in."""
    sure = "" if call.confidence is None else f"{call.confidence:.2f}"
    head = (figures.when(call.created_at, today), call.boundary, call.route, sure)
    cells = (*head, MARKS.get(said, ""), call.input[:MOST_INPUT])
    return render.row(cells, (*COLUMNS, MOST_INPUT))


def count(shown: int, more: bool) -> Content:
    """How many calls are in the list; all of them are never counted."""
    if not shown:
        return render.text("looking further …" if more else "none found", render.QUIET)
    told = f"{shown:,}+ calls" if more else figures.several(shown, "call")
    return render.text(told, render.QUIET)


# -- one call --------------------------------------------------------------------------------------


def story(told: Story) -> Content:
    """The whole of one call: what went in and came out, what was tried, what became of it."""
    return Content("\n").join(
        [
            _title(told.call),
            *_section("In", _block(told.call.input)),
            *_section("Out", _block(plain(told.call.output) or "nothing")),
            *_section("Decision", _decision(told.call)),
            *_said(told.feedback),
            *_section("Learnt", _learnt(told)),
            *(line for attempt in told.call.attempts for line in _attempt(attempt)),
        ]
    )


def _title(call: Call) -> Content:
    return Content.assemble(
        (f"{render.line(call.boundary)} by {render.line(call.route)}", "bold"),
        (f"  {figures.moment(call.created_at)}  {call.id}", render.QUIET),
    )


def _section(title: str, lines: Iterable[Content]) -> list[Content]:
    return [Content(""), Content.styled(render.line(title), "$text-primary"), *lines]


def _block(text: str) -> list[Content]:
    return [render.text(text)]


def _row(name: str, told: str) -> Content:
    return Content.assemble((f"{name:<{LABEL}}", render.QUIET), render.line(told))


def _decision(call: Call) -> Iterator[Content]:
    yield _row("Reason", call.reason)
    if call.confidence is not None:
        yield _row("Confidence", _against(call.confidence, call.threshold))
    yield _row("Took", f"{figures.ms(call.latency_ms)}, {_cost(call.cost_usd)}")
    if call.domain:
        yield _row("Domain", call.domain)
    if call.masked:
        masked = ", ".join(f"{count} {kind}" for kind, count in call.masked.items())
        yield _row("Masked", masked)


def _against(confidence: float, threshold: float | None) -> str:
    if threshold is None:
        return f"{confidence:.3f}; no threshold was set"
    verdict = "enough" if confidence >= threshold else "too little"
    return f"{confidence:.3f} against {threshold:.3f}: {verdict}"


def _cost(usd: float) -> str:
    return f"${usd:.4f}" if usd else "free"


def _said(feedback: Iterable[Feedback]) -> list[Content]:
    lines = [line for one in feedback for line in _feedback(one)]
    return _section("You said", lines) if lines else []


def _feedback(one: Feedback) -> Iterator[Content]:
    at = figures.moment(one.created_at)
    if one.kind == "rating":
        yield _row("good" if (one.rating or 0) > 0 else "bad", f"{at} {one.note}")
    else:
        yield _row("corrected", at)
        yield from _block(plain(one.output))


def _learnt(told: Story) -> Iterator[Content]:
    verdict = told.verdict
    if not told.call.learn:
        yield _row("Verdict", "kept out of learning")
    elif verdict is None:
        yield _row("Verdict", "not looked at yet")
    else:
        yield _row("Verdict", f"left out: {verdict.reason}" if verdict.reason else "an example")
    yield from map(_example, told.examples)
    for adapter in told.adapters:
        yield _row("Adapter", f"{figures.short(adapter.id)} was trained on it ({adapter.state})")


def _example(one: Example) -> Content:
    replaced = f", replaced by {figures.short(one.replaced_by)}" if one.replaced_by else ""
    name = f"{figures.short(one.id)} for {one.split}"
    return _row("Example", f"{name}, from a {one.origin}{replaced}")


# -- one attempt -----------------------------------------------------------------------------------


def _attempt(one: Attempt) -> list[Content]:
    title = f"{one.position + 1}. {one.route} {SUBJECT.get(one.role, one.role)}: {one.decision}"
    return _section(title, _attempt_lines(one))


def _attempt_lines(one: Attempt) -> Iterator[Content]:
    for name, told in _facts(one).items():
        if told:
            yield _row(name, told)
    if one.features:
        yield _row("Features", _features(one.features))
    for name, text in (("Prompt", one.request), ("Raw answer", one.response)):
        if text:
            yield Content.styled(name, render.QUIET)
            yield from _block(text)


def _facts(one: Attempt) -> dict[str, str]:
    sure = "" if one.confidence is None else _against(one.confidence, one.threshold)
    tokens = f"{one.input_tokens or 0:,} in, {one.output_tokens or 0:,} out"
    model = f"{one.model or ''} with {figures.short(one.adapter_id)}"
    return {
        "Model": model if one.adapter_id else one.model or "",
        "Reason": one.reason,
        "Confidence": sure,
        "Error": one.error or "",
        "Tokens": tokens if one.input_tokens or one.output_tokens else "",
        "Took": f"{figures.ms(one.latency_ms)}, {_cost(one.cost_usd)}" if one.latency_ms else "",
        "Unsure of": ", ".join(f"{word} ({nats:.2f} nats)" for word, nats in one.uncertain),
    }


def _features(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in found.items())
