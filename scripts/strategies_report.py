"""The report of bench_strategies.py as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write(report: Row, docs: Path) -> None:
    """docs/bench_strategies.md and docs/bench_strategies.json."""
    (docs / "bench_strategies.json").write_text(json.dumps(report, indent=1), "utf-8")
    (docs / "bench_strategies.md").write_text(TEMPLATE.format(tables=tables(report)), "utf-8")


def tables(report: Row) -> str:
    parts = (data(report), strategies(report), labels(report), functions(report))
    return "\n\n".join("\n".join(part) for part in parts)


def data(report: Row) -> Iterator[str]:
    yield (
        f"{report['dialogues']} dialogues of {report['groups']} customers, "
        f"{report['successes']} of them successful, in {report['repeats']} times 5 splits."
    )
    yield ""
    common = ", ".join(f"{name} ({count})" for name, count in report["approaches"][:6])
    yield f"{len(report['approaches'])} approaches, the commonest: {common}."


def strategies(report: Row) -> Iterator[str]:
    yield "| P(success) by | AUROC (95%) | over kind alone | log-loss | Brier | ECE |"
    yield "|---|---|---|---|---|---|"
    yield from figures(report["strategies"])


def labels(report: Row) -> Iterator[str]:
    yield "| P(success) by | AUROC (95%) | over all votes | log-loss | Brier | ECE |"
    yield "|---|---|---|---|---|---|"
    yield from figures(report["labels"])


def figures(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        gain = row["auroc_gain"]
        yield (
            f"| {row['name']} | {within(row['auroc'])} "
            f"| {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) "
            f"| {row['log_loss']['value']:.3f} | {row['brier']:.3f} | {row['ece']:.3f} |"
        )


def functions(report: Row) -> Iterator[str]:
    yield "| label function | believed right | votes | right |"
    yield "|---|---|---|---|"
    for row in report["functions"]:
        right = f"{row['right'] / row['votes']:.0%}" if row["votes"] else "–"
        yield f"| {row['name']} | {row['believed']:.0%} | {row['votes']} | {right} |"


def within(figure: Row) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


TEMPLATE = """# Strategies

{tables}
"""
