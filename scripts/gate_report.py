"""The report of bench_gate.py as Markdown: the promise on fresh answers, the worth of features."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gate_draws import DRAWS, FEWER_DRAWS
from gate_start import AUROC, GATES, STARTS

Row = dict[str, Any]

BY_HAND = "<!-- from here on by hand: bench_gate.py keeps it -->\n"


def write(report: Row, docs: Path) -> None:
    """docs/bench_gate.json, and docs/bench_gate.md up to what was written there by hand."""
    (docs / "bench_gate.json").write_text(json.dumps(report, indent=1), "utf-8")
    page = docs / "bench_gate.md"
    old = page.read_text("utf-8") if page.exists() else ""
    page.write_text(_generated(report) + BY_HAND + old.partition(BY_HAND)[2], "utf-8")


def tables(report: Row) -> str:
    return "\n\n".join("\n".join(table(report)) for table in TABLES.values())


def _generated(report: Row) -> str:
    found = {name: "\n".join(table(report)) for name, table in TABLES.items()}
    return TEMPLATE.format(
        base=report["base"], gates=GATES, auroc=AUROC, draws=DRAWS, fewer=FEWER_DRAWS, **found
    )


def calibration(report: Row) -> Iterator[str]:
    """How well confidence tells right from wrong."""
    yield (
        "| system | fresh answers | right | AUROC | ECE (by chance) | Brier "
        "| labels: scorer, gate | trees taken |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in report["rows"]:
        yield (
            f"| {row['name']} | {row['items']} of {row['kind']} | {row['accuracy']:.1%} "
            f"| {row['auroc']:.3f} ± {row['auroc_deviation']:.3f} "
            f"| {row['ece']:.3f} ± {row['ece_deviation']:.3f} ({row['chance_ece']:.3f}) "
            f"| {row['brier']:.3f} "
            f"| {_range(row['labels'])}, {_range(row['gate_labels'])} | {row['trees']:.0%} |"
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
                f"| {row['name']} | {row['kind']} | {one['max_error']:.0%} | {_opened(one, row)} "
                f"| {one['certified_coverage']:.1%} | {_share(one['served'], one['asked'])} "
                f"| {_wrong(one)} | {_naive(one)} |"
            )


def ablation(report: Row) -> Iterator[str]:
    """Each feature's AUROC alone and the change it makes."""
    yield "| system | feature | AUROC alone | change | AUROC (95%) | Brier (95%) |"
    yield "|---|---|---|---|---|---|"
    for one in report["ablations"]:
        yield (
            f"| {one['system']} | {one['feature']} | {one['alone']:.3f} | {one['change']} "
            f"| {one['auroc']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f}) "
            f"| {one['brier']:+.4f} ({one['brier_low']:+.4f} to {one['brier_high']:+.4f}) |"
        )


def forms(report: Row) -> Iterator[str]:
    """The line as it is, with a sigmoid, and trees: a cell has them in this order."""
    yield "| system | judged on | labels | AUROC | ECE | Brier |"
    yield "|---|---|---|---|---|---|"
    rows: dict[tuple[str, str, int], list[Row]] = {}
    for one in report["forms"]:
        rows.setdefault((one["system"], one["judged"], one["labels"]), []).append(one)
    for (system, judged, labels), found in rows.items():
        cells = [
            " / ".join(form.format(one[name]) for one in found)
            for name, form in (("auroc", "{:.3f}"), ("ece", "{:.3f}"), ("brier", "{:.4f}"))
        ]
        yield f"| {system} | {judged} | {labels} | {' | '.join(cells)} |"


def shares(report: Row) -> Iterator[str]:
    """What gates serve by how many calibration answers fit the scorer."""
    rows: dict[tuple[str, int], list[Row]] = {}
    for one in report["shares"]:
        rows.setdefault((one["system"], one["answers"]), []).append(one)
    tried = next(iter(rows.values()), [])
    heads = " | ".join(f"one in {one['one_in']}" if one["one_in"] else "none" for one in tried)
    yield f"| system | kept-back answers | {heads} |"
    yield f"|---|---|{'---|' * len(tried)}"
    for (system, answers), found in rows.items():
        cells = " | ".join(
            f"{one['opened']:.0%}, {one['served']:.0%} ({one['wrong']:.1%}), {one['ece']:.3f}"
            for one in found
        )
        yield f"| {system} | {answers} | {cells} |"


def simulated(report: Row) -> Iterator[str]:
    """What simulated gates certify by where their sequence starts."""
    yield f"| right | labels | promise | {_starts('from {:.0%}')} | the product's |"
    yield f"|---|---|---|{'---|' * (len(STARTS) + 1)}"
    for one in report["simulated"]:
        found = zip(one["opened"], one["coverage"], strict=True)
        cells = " | ".join(f"{opened:.0%}, {coverage:.0%}" for opened, coverage in found)
        yield (f"| {one['right']:.0%} | {one['labels']} | {one['max_error']:.0%} | {cells} |")


def started(report: Row) -> Iterator[str]:
    """What the real gates would certify, and then serve of fresh answers."""
    yield "| system | fresh answers | promise | from | certified coverage | served | wrong |"
    yield "|---|---|---|---|---|---|---|"
    for one in report["started"]:
        start = "the product's" if one["start"] is None else f"{one['start']:.0%}"
        wrong = f"{one['wrong']}: {one['wrong'] / one['served']:.1%}" if one["served"] else "–"
        yield (
            f"| {one['system']} | {one['kind']} | {one['max_error']:.0%} | {start} "
            f"| {one['certified_coverage']:.1%} | {one['served']} | {wrong} |"
        )


def _starts(form: str) -> str:
    return " | ".join(form.format(start) for start in STARTS)


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def _opened(one: Row, row: Row) -> str:
    if row["folds"] > 1:
        return f"{one['opened']} of {row['folds']} open"
    return "open" if one["opened"] else "closed"


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


TABLES = {
    "calibration": calibration,
    "promises": promises,
    "ablation": ablation,
    "forms": forms,
    "shares": shares,
    "simulated": simulated,
    "started": started,
}

TEMPLATE = """# The gate on real data

Fitted as the product fits it (`models/scorer.py`, `valence/gate.py`); every figure is of answers
that neither adapter, scorer nor gate has seen. Answers are right when the whole set of triples is
right. Texts of WebNLG 3.0 (CC BY-NC-SA 4.0) and CoNLL04 are answered by the base `{base}` with an
adapter, utterances of CLINC150 (CC BY 3.0) by TF-IDF and logistic regression. None of these data is
in this repository. CoNLL04 is answered in five folds: each fifth of its sentences by an adapter
that learnt the other four, with a scorer and a gate of its own.

## How well confidence tells right from wrong

{calibration}

*By chance*: the ECE that as many answers would show if each confidence were its true chance. Ten
bins of some hundred answers are never quite level, so no calibration can do better than that.
Which of the kept-back answers fit the scorer is drawn: AUROC and ECE (± standard deviation) and the
Brier score are means over {draws} such draws. The promise below is of one draw, the product's.

## The promise

{promises}

The naive threshold is the lowest one whose error on the gate's own labels is within the promise. In
parts (`gate.partial`) an answer is served as far as its facts are sure, and wrong where one of
those is.

## What each feature is worth

{ablation}

*without*: the change when a feature that the product uses is left out; *with*: the change when a
candidate that it does not use is added, *in the band* only where the confidence without it lies
between .1 and .9. Means over {fewer} draws of the scorer's labels; intervals are of 500 samples,
25 bootstrap samples of the fresh answers for each draw. Scorers are straight lines here.

## A line or trees

Fitted on as many of the kept-back answers, judged on the other ones, means of ten draws: a straight
line / the same with a sigmoid / boosted trees with a sigmoid, from 1,000 labels on with an isotonic
link. CoNLL04 is its first fold.

{forms}

## Who gets the labels

Test answers fit the scorer, calibration answers open the gate, but for a share of them that fits
the scorer too. Kept-back answers dealt anew 60 times, a third of them as test answers; of gates of
parts at a promise of 5%: how many open, what share of the fresh answers they all serve on average,
how much of that is wrong, and the mean ECE of whole answers by scorers of the same labels:

{shares}

## Where the sequence starts

The product tests from the surer half of the traffic on, and from 600 labels on at a second place
below it as well, the two sharing the risk. Beside it sequences with one start, fixed beforehand,
with the same guarantee and steps as small:

{started}

The same of simulated models whose binormal scores have an AUROC of {auroc} ({gates} gates each):
share of gates that open, and mean coverage that they certify.

{simulated}

Made by

    .venv/bin/python scripts/bench_gate.py --data DATA --base {base} \\
        --loop OUT/home --out OUT --docs

"""
