"""The report of bench_strategies.py as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write(report: Row, docs: Path) -> Row:
    """docs/bench_strategies.md and docs/bench_strategies.json, beside the part that was measured
    before; returns both parts."""
    kept = docs / "bench_strategies.json"
    both: Row = (json.loads(kept.read_text("utf-8")) if kept.exists() else {}) | report
    kept.write_text(json.dumps(both, indent=1), "utf-8")
    (docs / "bench_strategies.md").write_text(TEMPLATE.format(**parts(both)), "utf-8")
    return both


def tables(report: Row) -> str:
    return "\n\n".join(parts(report).values())


def parts(report: Row) -> dict[str, str]:
    """The Markdown of each part; nothing for one that was not measured."""
    made = {
        "data": data(report),
        "strategies": figures(report.get("strategies"), "kind alone"),
        "labels": figures(report.get("labels"), "all votes, fitted"),
        "functions": functions(report),
    }
    return {name: "\n".join(lines) for name, lines in made.items()}


def data(report: Row) -> Iterator[str]:
    yield (
        f"{report['dialogues']} dialogues of {report['groups']} customers, "
        f"{report['successes']} of them successful."
    )
    yield ""
    common = ", ".join(f"{name} ({count})" for name, count in report["approaches"][:6])
    yield f"{len(report['approaches'])} approaches, the commonest: {common}."


def figures(part: Row | None, against: str) -> Iterator[str]:
    if part is None:
        return
    yield f"| P(success) by | AUROC (95%) | over {against} | log-loss | Brier | ECE |"
    yield "|---|---|---|---|---|---|"
    for row in part["rows"]:
        gain = row["auroc_gain"]
        yield (
            f"| {row['name']} | {within(row['auroc'])} "
            f"| {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) "
            f"| {row['log_loss']['value']:.3f} | {row['brier']:.3f} | {row['ece']:.3f} |"
        )
    yield ""
    yield f"{part['repeats']} times 5 splits."


def functions(report: Row) -> Iterator[str]:
    yield "| label function | believed right | votes | right |"
    yield "|---|---|---|---|"
    for row in report["functions"]:
        right = f"{row['right'] / row['votes']:.0%}" if row["votes"] else "–"
        yield f"| {row['name']} | {row['believed']:.0%} | {row['votes']} | {right} |"


def within(figure: Row) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


TEMPLATE = """# Strategies

Airline dialogues of tau-bench (GPT-4o as the agent, a language model as the customer; success is
known from the database at the end). {data}
Everything is fitted on four fifths of the customers and judged on the others; AUROC inside each
fifth, averaged; intervals of 1,000 bootstrap samples of customers.

## Does the approach tell success beyond the problem?

{strategies}

Predictions by kind and approach rank successes above chance, and better than those by the kind of
problem alone by a margin that 23 customers cannot tell from none. Its probabilities are no better
than the plain rate (log-loss .693 for one half). Most of what there is comes from the phases of the
approach: kinds of problems, told by the customer's first message, say little here.

`valence strategies train` accepts strategies learned from these dialogues as they come (p = .024)
and rejects them where `task_id` names the customer (p = .12): it cannot know that several tasks are
of one customer, and judges by one split in place of a hundred. The table is the stricter test.

## What are weak labels worth?

{labels}

{functions}

Little, here: even fitted they rank successes no better than chance can tell, and predict worse than
the plain rate of success. Customers played by a language model give thanks whether or not they were
served, and an agent that hands a problem over is often right to. As believed beforehand the votes
rank worse than chance; that beliefs must earn their say where outcomes are known was decided after
this was seen. Corrections, ratings, validators and exit codes, on which the fusion counts most, do
not occur in these dialogues, so this measures only its weakest signs.

    .venv/bin/python scripts/bench_strategies.py strategies FILE --embedding FOLDER --docs
    .venv/bin/python scripts/bench_strategies.py labels FILE --repeats 4 --docs

FILE has one dialogue a line with `messages`, `success`, `task_id` and `instruction`.
"""
