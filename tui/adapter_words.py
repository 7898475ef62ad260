"""What is said of one adapter: where it comes from, how it was judged, item by item.

Everything passes through `tui.render`. Knows no widget and no store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textual.content import Content

from store.adapters import Adapter
from store.evaluations import Item
from tui import figures, render
from tui.plainly import plain
from valence.comparison import Answered, ItemByItem

RIGHT, WRONG = "✓", "✗"
VARIANTS = ("builtin", "base", "previous", "candidate")
COLUMNS = (10, 22, 7, 7, 8)


def title(adapter: Adapter) -> Content:
    """Which adapter it is, and its state with the reason."""
    return Content.assemble(
        (f"{render.line(adapter.boundary)}: {adapter.state}", "bold"),
        (f"  {figures.short(adapter.id)} · {figures.moment(adapter.created_at)}", render.QUIET),
        f"\n{render.line(figures.shortened(adapter.reason))}",
    )


def origin(adapter: Adapter, ancestors: Sequence[Adapter], examples: int, gate: str) -> Content:
    """Its lineage down to the base, what it was trained on, what its gate says."""
    line = " ← ".join(
        [
            *(f"{figures.short(one.id)} ({one.state})" for one in (adapter, *ancestors)),
            render.line(adapter.base_model),
        ]
    )
    told = {"Lineage": line, "Examples": f"{examples:,}", "Gate": gate}
    if adapter.tainted_at:
        told["Marked"] = adapter.taint_reason or ""
    rows = [
        Content.assemble((f"{name:<10}", render.QUIET), render.line(text))
        for name, text in told.items()
    ]
    return Content("\n").join(rows)


def metrics(found: Mapping[str, Any]) -> Content:
    """A row for each variant that was judged on the held-out items."""
    heads = ("held out", "right (95% interval)", "score", "parsed", "p50")
    rows = [_metrics(name, found[name]) for name in VARIANTS if found.get(name)]
    if not rows:
        return Content("")
    return Content("\n").join([render.row(heads, COLUMNS, render.QUIET), *rows])


def _metrics(name: str, found: Mapping[str, Any]) -> Content:
    interval = found["exact_interval"]
    exact = f"{found['exact']:.1%} ({interval['low']:.0%}–{interval['high']:.0%})"
    parsed, p50 = figures.share(found["parse_rate"]), figures.ms(found["latency_p50_ms"])
    style = "bold" if name == "candidate" else ""
    return render.row((name, exact, f"{found['score']:.3f}", parsed, p50), COLUMNS, style)


def heading(found: ItemByItem, differing: bool) -> Content:
    """What the list below holds."""
    shown = sum(item.differs for item in found.items) if differing else len(found.items)
    which = "on which they differ" if differing else "that all have answered"
    right = ", ".join(
        f"{name} {share:.1%}" for name, share in zip(found.names, found.exact, strict=True)
    )
    return Content.assemble(
        (f"{shown:,} of {figures.several(len(found.items), 'held-out item')} {which}", "bold"),
        (f"  right: {right}", render.QUIET),
    )


def item(found: Answered, names: Sequence[str]) -> Content:
    """One held-out item: what went in, what is right, what each variant said."""
    answers = [_answer(name, one) for name, one in zip(names, found.answers, strict=True)]
    lines = [
        Content.styled(render.line(found.input), "bold"),
        _told("  should be", plain(found.reference)),
        *answers,
        Content(""),
    ]
    return Content("\n").join(lines)


def _answer(name: str, one: Item) -> Content:
    mark = RIGHT if one.correct else WRONG
    style = "$text-success" if one.correct else "$text-error"
    told = "; ".join(_lines(plain(one.output))) or "could not be read"
    return Content.assemble((f"{mark} {name:<10}", style), render.line(told))


def _told(name: str, text: str) -> Content:
    return Content.assemble((f"{name:<12}", render.QUIET), render.line("; ".join(_lines(text))))


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip())
