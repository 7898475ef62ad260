"""The report of bench_gate.py as Markdown: the promise on fresh answers, the worth of features."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write(report: Row, docs: Path) -> None:
    """docs/bench_gate.md and docs/bench_gate.json."""
    (docs / "bench_gate.json").write_text(json.dumps(report, indent=1), "utf-8")
    (docs / "bench_gate.md").write_text(
        TEMPLATE.format(
            calibration="\n".join(calibration(report)),
            promises="\n".join(promises(report)),
            ablation="\n".join(ablation(report)),
            base=report["base"],
        ),
        "utf-8",
    )


def tables(report: Row) -> str:
    parts = (calibration(report), promises(report), ablation(report))
    return "\n\n".join("\n".join(part) for part in parts)


def calibration(report: Row) -> Iterator[str]:
    """How well confidence tells right from wrong."""
    yield "| system | fresh answers | right | AUROC | ECE | Brier | labels: scorer, gate |"
    yield "|---|---|---|---|---|---|---|"
    for row in report["rows"]:
        auroc = "–" if row["auroc"] is None else f"{row['auroc']:.3f}"
        yield (
            f"| {row['name']} | {row['items']} of {row['kind']} | {row['accuracy']:.1%} | {auroc} "
            f"| {row['ece']:.3f} | {row['brier']:.3f} | {row['labels']}, {row['gate_labels']} |"
        )


def promises(report: Row) -> Iterator[str]:
    """What each gate certified and what it then served."""
    yield (
        "| system | fresh answers | promise | gate | certified coverage | served | wrong "
        "(95% interval) | the naive threshold's |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in report["rows"]:
        for one in row["promises"]:
            yield (
                f"| {row['name']} | {row['kind']} | {one['max_error']:.0%} | {one['state']} "
                f"| {one['certified_coverage']:.1%} | {_share(one['served'], row['items'])} "
                f"| {_wrong(one)} | {_naive(one)} |"
            )


def ablation(report: Row) -> Iterator[str]:
    """Each feature's AUROC alone and the change it makes."""
    yield "| system | feature | AUROC alone | change | AUROC (95% interval) | Brier |"
    yield "|---|---|---|---|---|---|"
    for one in report["ablations"]:
        yield (
            f"| {one['system']} | {one['feature']} | {one['alone']:.3f} | {one['change']} "
            f"| {one['auroc']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f}) "
            f"| {one['brier']:+.4f} |"
        )


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})"


def _wrong(one: Row) -> str:
    if not one["served"]:
        return "–"
    error = one["wrong"] / one["served"]
    return f"{one['wrong']}: {error:.1%} ({one['low']:.1%} to {one['high']:.1%})"


def _naive(one: Row) -> str:
    if not one["naive_served"]:
        return "serves nothing"
    error = one["naive_wrong"] / one["naive_served"]
    return f"serves {one['naive_served']}, wrong {error:.1%}"


TEMPLATE = """# The gate on real data

Fitted as the product fits it (`models/scorer.py`, `valence/gate.py`); every figure is of answers
that neither adapter, scorer nor gate has seen. Answers are right when the whole set of triples is
right. Texts of WebNLG 3.0 (CC BY-NC-SA 4.0) and CoNLL04 are answered by the base `{base}` with an
adapter, utterances of CLINC150 (CC BY 3.0) by TF-IDF and logistic regression. None of these data is
in this repository.

## How well confidence tells right from wrong

{calibration}

## The promise

{promises}

The naive threshold is the lowest one whose error on the gate's own labels is within the promise.

## What each feature is worth

{ablation}

*without*: the change when a feature that the product uses is left out; *with*: the change when a
candidate that it does not use is added. Intervals are of 500 paired bootstrap samples.

Made by

    .venv/bin/python scripts/bench_gate.py --data DATA --base {base} \\
        --loop OUT/home --out OUT --docs
"""
