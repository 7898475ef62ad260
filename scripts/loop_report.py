"""The report of bench_loop.py: windows, shares with their intervals, the table, the picture."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valence.evaluation import share

Row = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """Successive calls. Rates 0 to 1; `wrong` is of the locally served ones."""

    calls: int
    fallback_rate: float
    served: int
    wrong: int
    all_right: float
    latency_ms: float
    cost_usd: float


def windows(calls: list[Row], size: int) -> Iterator[Window]:
    for start in range(0, len(calls), size):
        part = calls[start : start + size]
        local = [call for call in part if call["route"] == "local"]
        yield Window(
            calls=start + len(part),
            fallback_rate=1 - len(local) / len(part),
            served=len(local),
            wrong=sum(not call["right"] for call in local),
            all_right=sum(call["right"] for call in part) / len(part),
            latency_ms=sum(call["latency_ms"] for call in part) / len(part),
            cost_usd=sum(call["cost_usd"] for call in part),
        )


def served(calls: list[Row]) -> Row:
    """Of what was served locally: how much was wrong, with its exact 95% interval."""
    local = [call for call in calls if call["route"] == "local"]
    wrong = sum(not call["right"] for call in local)
    error = share(wrong, len(local))
    return {
        "served": len(local),
        "wrong": wrong,
        "error": error.value if local else None,
        "low": error.low,
        "high": error.high,
    }


def phases(calls: list[Row], rounds: list[Row]) -> list[Row]:
    """The stretch of calls after each round: fallback and served error."""
    starts = [one["calls"] for one in rounds]
    ends = [*starts[1:], len(calls)]
    return [
        {"round": i, "from": start, "to": end, "fallback_rate": _fallback(calls[start:end])}
        | served(calls[start:end])
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
        if end > start
    ]


def _fallback(calls: list[Row]) -> float:
    return sum(call["route"] != "local" for call in calls) / len(calls)


def table(report: Row) -> str:
    """The figures as Markdown."""
    lines = [
        "| after round | calls | state | examples | minutes | F1 new | exact new | F1 earlier "
        "| exact earlier | fallback after it | served wrong (95% interval) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    by_round = {phase["round"]: phase for phase in report["phases"]}
    for one in report["rounds"]:
        lines.append(_row(one, by_round.get(one["round"])))
    return "\n".join(lines)


def _row(one: Row, phase: Row | None) -> str:
    new, earlier = one["new"], one["earlier"]
    cells = [
        one["round"] or "base",
        one["calls"],
        one.get("state", "–"),
        one.get("examples", "–"),
        f"{one['minutes']:.1f}" if "minutes" in one else "–",
        f"{new['f1']:.3f}",
        f"{new['exact']:.3f}",
        f"{earlier['f1']:.3f}",
        f"{earlier['exact']:.3f}",
        f"{phase['fallback_rate']:.1%}" if phase else "–",
        _error(phase) if phase and phase["served"] else "–",
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _gates(rounds: list[Row], name: str) -> str:
    return "\n".join(f"- round {one['round']}: {one[name]}" for one in rounds)


def _by_hand(page: Path) -> str:
    """What a person has written under the figures; it outlasts them."""
    text = page.read_text("utf-8") if page.exists() else ""
    return text[text.index(BY_HAND) :] if BY_HAND in text else ""


def _error(found: Row) -> str:
    return (
        f"{found['wrong']} of {found['served']}: {found['error']:.1%} "
        f"({found['low']:.1%} to {found['high']:.1%})"
    )


def write(report: Row, docs: Path, picture: Path) -> None:
    """docs/bench_loop.md with its picture."""
    shutil.copyfile(picture, docs / "bench_loop.png")
    shutil.copyfile(picture.with_name("report.json"), docs / "bench_loop.json")
    last = report["windows"][-10:]
    late = sum(window["fallback_rate"] for window in last) / len(last)
    first = sum(window["fallback_rate"] for window in report["windows"][:10]) / 10
    page = docs / "bench_loop.md"
    page.write_text(
        TEMPLATE.format(
            table=table(report),
            served=_error(report["served"]) if report["served"]["served"] else "nothing served",
            first=f"{first:.1%}",
            late=f"{late:.1%}",
            gates=_gates(report["rounds"][1:], "gate"),
            gates_of_facts=_gates(report["rounds"][1:], "gate_of_facts"),
            partial=" --partial" if report["partial"] else "",
            **{
                name: report[name]
                for name in (
                    "base",
                    "texts",
                    "trigger",
                    "rehearse",
                    "replay",
                    "learning_rate",
                    "epochs",
                    "seed",
                )
            },
            minutes=f"{report['minutes']:.0f}",
            training=f"{report['minutes_training']:.0f}",
        )
        + _by_hand(page),
        "utf-8",
    )


def draw(report: Row, path: Path) -> None:
    """The learning curve: fallback, served error, quality a round."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = report["windows"]
    calls = [row["calls"] for row in rows]
    figure, (top, bottom) = pyplot.subplots(2, 1, figsize=(9, 7), sharex=True)
    top.step(calls, [100 * row["fallback_rate"] for row in rows], label="fallback rate")
    top.plot(calls, [100 * row["all_right"] for row in rows], ":", label="all answers right")
    top.plot(calls, _running_error(rows), label="served wrong so far")
    top.axhline(5, color="grey", linewidth=0.8, linestyle="--", label="promise: 5%")
    top.set(ylabel="% of calls", ylim=(0, 103))
    rounds = report["rounds"]
    at = [one["calls"] for one in rounds]
    for name, style in (("new", "o-"), ("earlier", "s--")):
        bottom.plot(at, [one[name]["f1"] for one in rounds], style, label=f"F1, {name} categories")
    bottom.set(xlabel="calls", ylabel="held-out F1", ylim=(0, 1))
    for axes in (top, bottom):
        axes.legend(loc="best", fontsize=8)
        for position in at[1:]:
            axes.axvline(position, color="grey", linewidth=0.5)
    figure.suptitle(f"{report['texts']} texts, base {report['base']}")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _running_error(rows: list[Row]) -> list[float | None]:
    wrong = served = 0
    found: list[float | None] = []
    for row in rows:
        wrong, served = wrong + row["wrong"], served + row["served"]
        found.append(100 * wrong / served if served else None)
    return found


BY_HAND = "\n## What it shows"

TEMPLATE = """# The loop on real text

`scripts/bench_loop.py` streams WebNLG 3.0 (English, CC BY-NC-SA 4.0; not part of this
repository) through `valence decompose`: six categories that the base model never saw, their
training texts shuffled once, a loopback server that answers from the gold as the frontier.
These figures are what one run measured, on two x86-64 cores.

![learning curve](bench_loop.png)

{table}

- *new*: 300 development texts of the six categories, *earlier*: 300 of the ten that the base
  was made on; neither is ever trained on. F1 is micro over sets of triples, *exact* the share of
  texts whose whole set is right, both case-sensitive, greedy decoding.
- Fallback: {first} of the first 1,000 calls, {late} of the last 1,000.
- Served locally and wrong, over the whole stream: {served}. The promise is 5%.
- {texts} texts; a run starts at every {trigger} new train examples (70% of texts), with
  {rehearse} examples of the base's own categories to rehearse from ({replay} of them, and as many
  of those learnt earlier, for each new one); {epochs} epochs at a learning
  rate of {learning_rate}; {minutes} minutes in all, {training} of them training and judging.

What the gate for whole answers said after each round:

{gates}

and the one for facts, which takes its place with `--partial` (`gate.partial`):

{gates_of_facts}

Made by

    .venv/bin/python scripts/bench_loop.py --data WEBNLG --base {base} --out OUT \\
        --texts {texts} --trigger {trigger} --rehearse {rehearse} --replay {replay} \\
        --learning-rate {learning_rate} --epochs {epochs} --seed {seed}{partial} --docs

with the base of [base_models.md](base_models.md). All windows are in
[bench_loop.json](bench_loop.json).
"""
