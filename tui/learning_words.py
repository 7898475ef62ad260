"""What the page Learning says: boundaries, runs and adapters as lines of Content.

Everything passes through `tui.render`. Knows no widget and no store.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from textual.content import Content

from store.adapters import Adapter
from store.runs import Run
from tui import figures, render
from tui.widgets.plot import Line
from valence.journey import Journey
from valence.progress import Progress, Series

NAME, SHARE, WRONG, SAVED = 11, 5, 18, 9
WIDE = 100
POINTS = 200
"""Points of a loss line, whatever the number of steps."""

STATES = {"open": "●", "suspended": "◐", "closed": "○"}


def widths(width: int) -> list[int]:
    """Of the overview's columns: name, bar, share, wrong, saved, next training."""
    until = 19 if width >= WIDE else 8
    bar = width - (NAME + SHARE + WRONG + SAVED + until + 2 * 5)
    return [NAME, max(4, bar), SHARE, WRONG, SAVED, until]


def headings(width: int) -> Content:
    """What stands over the overview."""
    names = ("boundary", "local now", "", "wrong of it", "saved", "to train")
    return render.row(names, widths(width), render.QUIET)


def overview(one: Journey, width: int) -> Content:
    """One boundary on one line: how much of it is local, how much of that is wrong, the money."""
    columns = widths(width)
    until = f"{one.until_training:,}"
    if width >= WIDE:
        until = f"{figures.several(one.until_training, 'more example')}"
    cells = [
        one.boundary,
        figures.bar(one.coverage, columns[1]),
        figures.share(one.coverage),
        _wrong(one),
        figures.usd(one.saved_usd),
        until,
    ]
    return _stepping_back(render.row(cells, columns))


def _stepping_back(line: Content) -> Content:
    """The line with the empty part of its bar quiet: what is done is what is seen first."""
    first, end = line.plain.find(figures.EMPTY), line.plain.rfind(figures.EMPTY) + 1
    return line.stylize(render.QUIET, first, end) if end else line


def _wrong(one: Journey) -> str:
    if one.realised is None:
        return "not checked yet"
    found = one.realised
    return f"{figures.share(found.value)} ({_range(found.low, found.high)})"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f}–{100 * high:.1f}%"


def facts(one: Journey) -> Content:
    """What stands behind one boundary's line, in sentences."""
    sentence = render.line(one.sentence)
    return Content("\n").join(
        [
            Content.assemble((f"{STATES.get(one.gate, '○')} Gate {one.gate}", "bold")),
            Content.styled(_without_state(sentence, one.gate), render.QUIET),
            Content(""),
            *(_fact(name, told) for name, told in _facts(one)),
        ]
    )


def _without_state(sentence: str, state: str) -> str:
    """The gate's sentence after the state that is said already."""
    begins = f"{state.capitalize()}: "
    rest = sentence.removeprefix(begins)
    return rest[:1].upper() + rest[1:]


def _facts(one: Journey) -> Iterator[tuple[str, str]]:
    yield "Promise", f"at most {figures.share(one.promise)} of it wrong"
    if one.realised is not None:
        yield "Realised", f"{_wrong(one)} of {one.checked:,} checked"
    if one.corrected:
        yield "Corrected", f"{figures.several(one.corrected, 'answer')} by you"
    yield "Paid", f"{figures.usd(one.paid_usd)} for {figures.several(one.calls, 'call')}"
    yield "Examples", f"{one.examples:,}; {one.until_training:,} more start a training"


def _fact(name: str, told: str) -> Content:
    return Content.assemble((f"{name:<10}", render.QUIET), render.line(told))


# -- runs and adapters -----------------------------------------------------------------------------


def heading(title: str) -> Content:
    return Content.styled(title, f"bold {render.QUIET}")


def run_line(run: Run, found: Progress | None, width: int, today: str) -> Content:
    """One run: where it is while it goes on (`found`), how it ended afterwards."""
    state, told = (_state(found), _told(found)) if found else (run.state, run.reason)
    cells = (figures.when(run.created_at, today), state, figures.shortened(told))
    return _stepping_back(render.row(cells, _columns(width), "bold" if found else ""))


def _columns(width: int) -> tuple[int, int, int]:
    return 11, 11, max(10, width - 11 - 11 - 4)


def _state(found: Progress) -> str:
    if found.interrupted:
        return "interrupted"
    if found.stopping:
        return "stopping"
    return "paused" if found.paused else found.run.state


def _told(found: Progress) -> str:
    if found.run.state == "training":
        return progress(found, 16)
    return found.run.reason or _EXPLAINED.get(found.run.state, "")


_EXPLAINED = {
    "pending": "its process is starting",
    "curating": "calls are turned into examples",
    "evaluating": "base, previous and candidate answer the held-out examples",
}


def progress(found: Progress, width: int) -> str:
    """Bar, share, loss and time left on one line."""
    parts = [f"{figures.bar(found.share, width)} {figures.share(found.share)}"]
    if found.losses:
        parts.append(f"loss {found.losses[-1][1]:.2f}")
    if found.left_s is not None and not found.paused:
        parts.append(f"{figures.duration(found.left_s)} left")
    return " · ".join(parts)


def adapter_line(adapter: Adapter, examples: int, width: int, today: str) -> Content:
    """One adapter: since when, its state, its name and that of the one before it, and why."""
    name = f"{figures.short(adapter.id)} after {figures.short(adapter.parent_id)}"
    if adapter.parent_id is None:
        name = f"{figures.short(adapter.id)} on the base"
    marked = "marked: trained on what was forgotten. " if adapter.tainted_at else ""
    why = f"{marked}{figures.shortened(adapter.reason)}"
    told = f"{name} · {figures.several(examples, 'example')} · {why}"
    cells = (figures.when(adapter.created_at, today), adapter.state, told)
    style = "bold" if adapter.state == "active" else ""
    return render.row(cells, _columns(width), style)


def loss_lines(found: Progress) -> list[Line]:
    """Training and validation loss over the steps, both on the same axis."""
    if not found.losses:
        return []
    last = found.steps or found.losses[-1][0]
    series = {"training loss": found.losses, "validation loss": found.valid_losses}
    return [Line(name, resample(points, last)) for name, points in series.items() if points]


def resample(series: Series, last: int) -> list[float | None]:
    """A series at equally spaced steps from 0 to `last`, straight between its points; None before
    the first and behind the last of them."""
    steps = [last * place / (POINTS - 1) for place in range(POINTS)]
    return [_at(series, step) for step in steps]


def _at(series: Series, step: float) -> float | None:
    place = bisect_left(series, (step, -math.inf))
    if place == len(series) or (place == 0 and series[0][0] > step):
        return None
    right, high = series[place]
    left, low = series[max(0, place - 1)]
    return high if left == right else low + (high - low) * (step - left) / (right - left)


def run_story(states: Sequence[tuple[str, str, str]]) -> Content:
    """A run's states with their times and reasons, the newest below."""
    lines = [
        Content.assemble(
            (f"{figures.moment(at):<18}", render.QUIET),
            (f"{state:<12}", "bold"),
            render.line(figures.shortened(reason)),
        )
        for state, at, reason in states
    ]
    return Content("\n").join(lines)


def run_title(run: Run) -> Content:
    """Which run it is."""
    begun = "by hand" if run.trigger == "manual" else "by itself"
    examples = f" · {figures.several(run.examples, 'example')}" if run.examples else ""
    return Content.assemble(
        (f"{render.line(run.boundary)}: {run.state}", "bold"),
        (f"  {figures.short(run.id)} · started {begun}{examples}", render.QUIET),
    )
