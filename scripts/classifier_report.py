"""The page and the picture of bench_classifier.py; figures in, text and drawing out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

IN_SCOPE, OUT_OF_SCOPE = 0.945, 0.76
REMARKS = "\n## Remarks\n"
PLAIN = (0.937, 0.727)
"""What a plain logistic regression with a cut on its probability reaches on the same embedding."""


def page(figures: dict[str, Any]) -> str:
    replays = figures["replays"]
    replay = replays[0]
    product = figures["product"]
    return "\n".join(
        [
            "# Classifier heads",
            "",
            f"CLINC150 (150 intents and out of scope): {figures['train']:,} messages to train on, "
            f"{figures['valid']:,} of validation to judge by; its test part was not touched. "
            f"Frozen embedding {figures['embedding']}, {figures['cores']} cores, one setting for "
            "both figures. Unknown counts as wrong in scope; intervals are exact, 95%.",
            "",
            "| examples a class | in-scope accuracy | out-of-scope recall | fit, s (CPU s) | "
            "p50 / p95 (CPU) after embedding, ms |",
            "|---|---|---|---|---|",
            *(_row(row) for row in figures["heads"]),
            "",
            f"Plain logistic regression with a cut on its probability: {_percent(PLAIN[0])} and "
            f"{_percent(PLAIN[1])}. Goals: {_percent(IN_SCOPE)} and {_percent(OUT_OF_SCOPE)}.",
            "",
            *_tuned(figures["tuned"]),
            "**As a person would** (`train-boundary clinc --data`, which keeps examples to judge "
            f"and to certify on: {_counts(product['examples'])}): the run ended {product['state']} "
            f"after a fit of {product['fit_s']:.1f} s; in scope {_share(product['in_scope'])}, out "
            f"of scope {_share(product['out_of_scope'])}. Its gate: {product['gate']}",
            "",
            f"**One by one.** {replay['calls']:,} messages of {', '.join(replay['domains'])} "
            f"({replay['intents']} intents, {replay['out_of_scope']} messages out of scope) in "
            "random order from an empty home; the promise is the default one, at most 5% wrong of "
            "what is served locally. The order is the same each time; the teacher is asked for "
            "audits, too.",
            "",
            "| replay | asked | served locally | of them wrong | gates | runs |",
            "|---|---|---|---|---|---|",
            *(_replay(number, each) for number, each in enumerate(replays, start=1)),
            "",
            f"| calls | {' | '.join(f'fallback, {n + 1}' for n in range(len(replays)))} | "
            "served, all | wrong, all |",
            f"|---{'|---' * len(replays)}|---|---|",
            *map(_window, zip(*(each["windows"] for each in replays), strict=True)),
            "",
            "![learning curve and fallback](bench_classifier.png)",
            "",
            "    .venv/bin/python scripts/bench_classifier.py --clinc DIR --model DIR --out DIR "
            "--docs",
            "",
        ]
    )


def write(page: str, file: Path) -> None:
    """The page, with the remarks that a person wrote under the one before."""
    before = file.read_text("utf-8") if file.exists() else ""
    _, marker, remarks = before.partition(REMARKS)
    file.write_text(page + marker + remarks, "utf-8")


def draw(figures: dict[str, Any], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    counts = [row["a_class"] for row in figures["heads"]]
    for key, name in (("in_scope", "in scope, right"), ("out_of_scope", "out of scope, found")):
        values = [100 * row[key]["value"] for row in figures["heads"]]
        low = [100 * row[key]["low"] for row in figures["heads"]]
        high = [100 * row[key]["high"] for row in figures["heads"]]
        left.plot(counts, values, marker="o", label=name)
        left.fill_between(counts, low, high, alpha=0.15)
    left.set(xlabel="examples a class", ylabel="%", title="CLINC150 validation", ylim=(40, 100))
    left.legend(frameon=False)
    for number, replay in enumerate(figures["replays"]):
        windows = replay["windows"]
        calls = [window["calls"] for window in windows]
        fallback, wrong = [100 * w["fallback"] for w in windows], _running_error(windows)
        names = ("fallback", "wrong of all served so far") if not number else (None, None)
        right.plot(calls, fallback, color="C0", alpha=0.7, linewidth=1, label=names[0])
        right.plot(calls, wrong, color="C1", alpha=0.7, linewidth=1, label=names[1])
    right.axhline(5, color="grey", linewidth=0.8, linestyle="--", label="promised at most")
    right.set(xlabel="calls", ylabel="%", title="One by one with a teacher", ylim=(0, 102))
    right.legend(frameon=False)
    figure.savefig(file, dpi=130)


def _running_error(windows: list[dict[str, Any]]) -> list[float]:
    found, served, wrong = [], 0, 0
    for window in windows:
        served, wrong = served + window["served"], wrong + window["wrong"]
        found.append(100 * wrong / served if served else 0.0)
    return found


def _replay(number: int, replay: dict[str, Any]) -> str:
    served = sum(window["served"] for window in replay["windows"])
    wrong = sum(window["wrong"] for window in replay["windows"])
    share = _percent(wrong / served if served else 0)
    return (
        f"| {number} | {replay['asked']:,} | {served:,} | {wrong} ({share}) | "
        f"{_counts(replay['gates'])} | {_counts(replay['runs'])} |"
    )


def _window(windows: tuple[dict[str, Any], ...]) -> str:
    fallback = " | ".join(_percent(window["fallback"]) for window in windows)
    served, wrong = (sum(window[name] for window in windows) for name in ("served", "wrong"))
    return f"| {windows[0]['calls']:,} | {fallback} | {served} | {wrong} |"


def _row(row: dict[str, Any]) -> str:
    return (
        f"| {row['a_class']} | {_share(row['in_scope'])} | {_share(row['out_of_scope'])} | "
        f"{row['fit_s']:.1f} ({row['fit_cpu_s']:.1f}) | {row['p50_ms']:.1f} / {row['p95_ms']:.1f} "
        f"({row['p95_cpu_ms']:.1f}) |"
    )


def _tuned(rows: list[dict[str, Any]]) -> list[str]:
    """What a fine-tuned embedding adds."""
    return [
        "**A fine-tuned embedding** (`fine_tune = true`), tuned on the same messages as the heads. "
        "The likeliest label is what a head would say if it never said unknown; better and worse "
        "count messages that only one of both has right, with a one-sided paired p.",
        "",
        "| examples a class | likeliest label right: frozen → tuned | better, worse, p | in-scope "
        "accuracy | out-of-scope recall | tuning, CPU s |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['a_class']} | {_percent(row['frozen_likeliest']['value'])} → "
            f"{_share(row['likeliest'])} | {row['compared']['wins']}, "
            f"{row['compared']['losses']}, {row['compared']['p_value']:.2g} | "
            f"{_share(row['in_scope'])} | {_share(row['out_of_scope'])} | "
            f"{row['tune_cpu_s']:.0f} |"
            for row in rows
        ),
        "",
    ]


def _share(found: dict[str, float]) -> str:
    return f"{_percent(found['value'])} ({_percent(found['low'])}–{_percent(found['high'])})"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name.removeprefix('gate ')}" for name, n in found.items())


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"
