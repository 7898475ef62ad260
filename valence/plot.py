"""The picture of a status: a row of five panels for each boundary and each domain of it.

Draws figures that are already there; loads matplotlib only when it draws. Knows no store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.whole import whole
from valence.errors import ValenceError
from valence.evaluation import share
from valence.status import BoundaryStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
MOST_ROWS = 12
"""Rows of one picture; domains with fewer calls than others are left out first."""

# Okabe and Ito's colours, which most colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#888888"

Row = dict[str, Any]


def draw(statuses: Sequence[BoundaryStatus], path: Path) -> None:
    """Writes the picture; its form follows from the file's ending, one of `FORMATS`.

    Raises ValenceError where there is nothing to draw, matplotlib is missing or the file cannot
    be written.
    """
    found = rows(statuses)
    if not found:
        raise ValenceError("there is nothing to draw: no boundary has been called yet")
    picture = _picture(found)
    try:
        with whole(path) as beside:
            picture.savefig(beside, dpi=110, format=path.suffix[1:])
    except OSError as error:
        raise ValenceError(f"the picture was not written: {error.strerror}", where=str(path)) from (
            error
        )


def rows(statuses: Sequence[BoundaryStatus]) -> list[tuple[str, Row]]:
    """(title, figures) of what was called: each boundary with its most called domains under it."""
    called = [one for one in statuses if one.calls]
    left = MOST_ROWS // len(called) - 1 if called else 0
    return [row for one in called for row in (_whole(one), *_domains(one)[: max(0, left)])]


def _whole(one: BoundaryStatus) -> tuple[str, Row]:
    return f"{one.boundary}: {one.calls:,} calls. {one.gate['sentence']}", asdict(one)


def _domains(one: BoundaryStatus) -> list[tuple[str, Row]]:
    """The rows of its domains, most calls first, under the boundary's gate."""
    ordered = sorted(one.domains.items(), key=lambda item: -item[1]["calls"])
    return [
        (f"{one.boundary}, {name}: {figures['calls']:,} calls", figures | {"gate": one.gate})
        for name, figures in ordered
    ]


def _picture(titled: list[tuple[str, Row]]) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ValenceError(
            "matplotlib is not installed", do="`pip install matplotlib`, or leave out --plot"
        ) from error
    picture = Figure(figsize=(18, 3.7 * len(titled)), layout="constrained")
    bands = picture.subfigures(len(titled), 1, squeeze=False)[:, 0]
    for band, (title, row) in zip(bands, titled, strict=True):
        band.suptitle(title, x=0.01, ha="left", fontsize=10, weight="bold", parse_math=False)
        for axes, panel in zip(band.subplots(1, len(PANELS)), PANELS, strict=True):
            _frame(axes)
            panel(axes, row)
    return picture


def _frame(axes: Axes) -> None:
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _so_far(row: Row) -> list[int]:
    """Calls before each bucket and after the last one; older ones than the buckets count too."""
    sizes = [bucket["calls"] for bucket in row["over_time"]]
    return list(accumulate(sizes, initial=row["calls"] - sum(sizes)))


def _middles(row: Row) -> list[float]:
    edges = _so_far(row)
    return [(low + high) / 2 for low, high in pairwise(edges)]


def _along_calls(axes: Axes, row: Row) -> None:
    """The axis that the courses over time share."""
    edges = _so_far(row)
    axes.set(xlabel="calls", xlim=(edges[0], edges[-1]))
    axes.locator_params(axis="x", nbins=5)


def _fallback(axes: Axes, row: Row) -> None:
    """The share of calls that no local answer served, bucket by bucket."""
    rates = [100 * bucket["fallback_rate"] for bucket in row["over_time"]]
    axes.stairs(rates, _so_far(row), color=BLUE, linewidth=1.6, fill=False, baseline=None)
    axes.stairs(rates, _so_far(row), color=BLUE, alpha=0.12, fill=True)
    axes.set(title="fallback", ylabel="% of calls", ylim=(0, 103))
    _along_calls(axes, row)


def _cost(axes: Axes, row: Row) -> None:
    """Dollars so far, beside what the frontier alone would have cost."""
    at = _so_far(row)
    paid = list(accumulate((b["cost_usd"] for b in row["over_time"]), initial=0.0))
    axes.plot(at, paid, color=GREEN, linewidth=1.6, label="paid")
    if row["cost_all_frontier_usd"]:
        each = row["cost_all_frontier_usd"] / row["calls"]
        alone = [each * (calls - at[0]) for calls in at]
        axes.plot(at, alone, "--", color=GREY, linewidth=1.4, label="all-frontier")
        axes.fill_between(at, paid, alone, color=GREEN, alpha=0.12, linewidth=0)
    axes.set(title="cost", ylabel="US$")
    axes.set_ylim(bottom=0)
    _along_calls(axes, row)
    axes.legend(fontsize=8, loc="upper left", frameon=False)


def _accuracy(axes: Axes, row: Row) -> None:
    """Local answers that were right, of those checked, with exact 95% intervals."""
    axes.set(title="local answers right", ylabel="% of checked", ylim=(0, 103))
    _along_calls(axes, row)
    found = [
        (at, 100 * b["right"], 100 * b["right_low"], 100 * b["right_high"])
        for at, b in zip(_middles(row), row["over_time"], strict=True)
        if b["checked"]
    ]
    if not found:
        return _nothing(axes)
    at, right, low, high = zip(*found, strict=True)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.15, linewidth=0, label="95% interval")
    axes.plot(at, right, "o-", color=BLUE, linewidth=1.4, markersize=3.5, label="right")
    axes.legend(fontsize=8, loc="lower right", frameon=False)
    return None


def _risk(axes: Axes, row: Row) -> None:
    """The error that serving the surest share of answers would have, beside the promise."""
    axes.set(
        title="risk and coverage", xlabel="% of checked, surest first", ylabel="% of them wrong"
    )
    points, gate = row["accuracy"]["risk_coverage"], row["gate"]
    if not points:
        return _nothing(axes)
    axes.plot([100 * c for c, _ in points], [100 * e for _, e in points], color=RED, linewidth=1.6)
    axes.axhline(100 * gate["max_error"], color=GREY, linestyle="--", linewidth=1.2)
    axes.annotate(
        f"promise {gate['max_error']:.0%}", (99, 100 * gate["max_error"]), xytext=(0, 3),
        textcoords="offset points", fontsize=8, color=GREY, ha="right",
    )  # fmt: skip
    highest = max(error for _, error in points)
    axes.set(xlim=(0, 101), ylim=(0, 100 * max(1.15 * highest, 2 * gate["max_error"])))
    return None


def _reliability(axes: Axes, row: Row) -> None:
    """Whether answers of a confidence were right as often as it says; areas follow counts."""
    axes.set(title="reliability", xlabel="% confidence", ylabel="% right")
    axes.set(xlim=(-2, 102), ylim=(-2, 105))
    bins = row["accuracy"]["reliability"]
    if not bins:
        return _nothing(axes)
    axes.plot([0, 100], [0, 100], "--", color=GREY, linewidth=1.2)
    most = max(each["count"] for each in bins)
    for each in bins:
        found = share(round(each["right"] * each["count"]), each["count"])
        at = 100 * each["confidence"]
        axes.plot([at, at], [100 * found.low, 100 * found.high], color=ORANGE, linewidth=1.2)
        axes.scatter(at, 100 * found.value, s=18 + 90 * each["count"] / most, color=ORANGE)
    told = (
        f"calibration error {row['accuracy']['ece']:.1%}\nof {row['accuracy']['checked']} answers"
    )
    axes.text(
        0.97, 0.04, told, transform=axes.transAxes, ha="right", va="bottom", fontsize=8,
        color="#444444",
    )  # fmt: skip
    return None


def _nothing(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.text(
        0.5, 0.5, "nothing checked yet", transform=axes.transAxes, ha="center", va="center",
        fontsize=9, color=GREY,
    )  # fmt: skip


PANELS: tuple[Callable[[Any, Row], None], ...] = (_fallback, _cost, _accuracy, _risk, _reliability)
