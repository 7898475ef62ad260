"""What router and scoring cost over a bare mlx-lm generate loop, as ratios measured in one run.

The same texts, the same model under the same adapter, the same tokens, in turn: mlx-lm's own
`stream_generate`; the local runtime alone (decoding with scores); a whole `Router.call` (masking,
lookup of the unit, decoding, scores, parsing, gate, one committed transaction). The gate stands
open from 0 on, so that the local answer is served unless a hard check vetoes it. Scoring is the
time inside a router call that goes to token statistics, features (of the whole and of each fact)
and the scorer, by a clock around those functions. Ratios are of runs right after each other;
absolute times depend on what else the machine does at that moment.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts")]

from base_corpus import Wording, corpus  # noqa: E402

from models import blas  # noqa: E402
from store.adapters import Adapter  # noqa: E402
from valence.app import Valence  # noqa: E402
from valence.boundaries import get  # noqa: E402
from valence.config import LocalSettings, Settings  # noqa: E402
from valence.gate import Gate  # noqa: E402
from valence.locations import Locations  # noqa: E402
from valence.predictors import generation  # noqa: E402
from valence.unit import Unit, unit_hash  # noqa: E402

WARM_UP = 5


@dataclass(frozen=True)
class Timed:
    """Seconds of each text, bare and with what Valence adds; tokens that were written."""

    bare: list[float]
    runtime: list[float]
    hidden: list[float]
    router: list[float]
    scoring: list[float]
    tokens: list[int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="base models' folders")
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--docs", action="store_true", help="write docs/bench_overhead.md")
    arguments = parser.parse_args()
    blas.enable()
    texts = [s.text for s in islice(corpus(5, Wording(most_facts=3)), arguments.texts + WARM_UP)]
    report = "\n\n".join(report_of(model.resolve(), texts) for model in arguments.model)
    print(report)
    if arguments.docs:
        names = " ".join(model.name for model in arguments.model)
        command = f"    .venv/bin/python scripts/bench_overhead.py --model {names} --docs\n"
        page = f"# Overhead\n\n{__doc__}\n{report}\n\n{command}"
        (ROOT / "docs" / "bench_overhead.md").write_text(page, "utf-8")


def report_of(model: Path, texts: list[str]) -> str:
    with tempfile.TemporaryDirectory() as home:
        return table(model.name, measure(model, Path(home), texts))


def measure(model: Path, home: Path, texts: list[str]) -> Timed:
    """Each text in each way, in turn, so that a slow moment hits all three alike."""
    with Valence(Settings(local=LocalSettings(model=str(model))), Locations(home)) as app:
        unit = served_unit(app)
        assert app.local is not None
        boundary, runtime = get("decompose"), app.local.runtime
        bare = bare_loop(model, unit)
        timed, clock = Timed([], [], [], [], [], []), Clock()
        for text in texts:
            request = generation(boundary, text, runtime, unit)
            tokens = runtime.generate(request).output_tokens
            timed.tokens.append(tokens)
            timed.bare.append(seconds(lambda r=request, n=tokens: bare(r.system, r.user, n)))
            timed.runtime.append(seconds(lambda r=request: runtime.generate(r)))
            tapped = replace(request, hidden=True)
            timed.hidden.append(seconds(lambda r=tapped: runtime.generate(r)))
            with clock:
                timed.router.append(seconds(lambda t=text: app.router.call(boundary, t)))
            timed.scoring.append(clock.spent)
        routes = {call.route for call in app.stores.ledger.list(limit=len(texts))}
    print(f"routes: {routes}", file=sys.stderr)
    return Timed(*(column[WARM_UP:] for column in vars(timed).values()))


class Clock:
    """Adds up the seconds inside the functions that score, while it runs."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._held: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        from models import engine
        from models.scorer import Scorer
        from valence import predictors

        self.spent = 0.0
        for place, name in (
            (engine, "stats_of"),
            (engine, "_completion"),
            (predictors, "read_completion"),
            (predictors, "read_parts"),
            (Scorer, "__call__"),
        ):
            self._held.append((place, name, getattr(place, name)))
            setattr(place, name, self._timed(getattr(place, name)))

    def __exit__(self, *_: object) -> None:
        for place, name, function in self._held:
            setattr(place, name, function)
        self._held.clear()

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                self.spent += time.perf_counter() - started

        return run


def served_unit(app: Valence) -> Unit:
    """An adapter that changes nothing (its B matrices are zero), promoted behind an open gate."""
    from mlx_lm import load

    from models import lora
    from models.adapters import config_of, save, sha256

    assert app.local is not None
    model, _ = load(str(app.model_folder().path))[:2]
    lora.adapt(model, 16, 2.0, 0)
    weights = lora.weights(model)
    folder = app.locations.adapters / "zero"
    modules = {name.rpartition(".")[0] for name in weights}
    save(folder, weights, config_of(16, 2.0, modules))
    boundary = get("decompose")
    adapter = Adapter(
        boundary=boundary.name,
        base_model=app.local.model,
        base_revision=app.local.revision,
        prompt_version=boundary.prompt_version,
        folder="zero",
        weights_sha256=sha256(folder),
    )
    app.stores.adapters.register(adapter, [])
    gate = Gate("open", 1e-12, 0.05, 0.95, 1.0)
    calibration = {"scorer": scorer(adapter.weights_sha256), "gate": gate.to_json()}
    seal = unit_hash(adapter.weights_sha256, calibration)
    app.stores.adapters.calibrate(adapter.id, calibration, seal)
    app.stores.adapters.promote(adapter.id, "benchmark")
    unit = app.unit(boundary.name)
    assert unit is not None
    return unit


def scorer(weights_sha256: str) -> dict[str, Any]:
    """One over all features, as a fitted one is, that is always sure."""
    from models.fusion import Linear, Platt
    from models.scorer import Scorer
    from models.scores import FEATURES

    names = (*FEATURES, "literal_share", "text_covered")
    flat = (0.0,) * len(names)
    line = Linear(flat, (1.0,) * len(names), flat, 9.0)
    return Scorer(names, line, Platt(1.0, 0.0), weights_sha256).to_json()


def bare_loop(model_folder: Path, unit: Unit) -> Callable[[str, str, int], None]:
    """mlx-lm's own loop on a second copy of the model, under the same adapter."""
    from mlx_lm import load, stream_generate

    from models.prompting import Prompter

    model, tokenizer = load(str(model_folder), adapter_path=str(unit.folder))
    import mlx.core as mx

    from models.machine import this

    if this().float32:
        model.set_dtype(mx.float32)
    prompter = Prompter(tokenizer._tokenizer)

    def run(system: str, user: str, tokens: int) -> None:
        ids = list(prompter.prompt(system, user).ids)
        for _ in stream_generate(model, tokenizer, ids, max_tokens=tokens + 1):
            pass

    return run


def seconds(job: Callable[[], Any]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def table(name: str, timed: Timed) -> str:
    """Medians of the pairwise ratios, with their quartiles."""
    lines = [
        f"Model {name}, {len(timed.bare)} texts, {statistics.mean(timed.tokens):.0f} tokens each.",
        "",
        "| | ms a text (median) | over the bare loop (median of pairs, quartiles) |",
        "|---|---|---|",
        f"| bare mlx-lm loop | {1000 * statistics.median(timed.bare):.1f} | 1 |",
    ]
    for label, column in (
        ("decoding with scores", timed.runtime),
        ("decoding with scores and hidden states", timed.hidden),
        ("whole router call", timed.router),
        ("scoring alone, a part of it", timed.scoring),
    ):
        low, middle, high = quartiles(column, timed.bare)
        lines.append(
            f"| {label} | {1000 * statistics.median(column):.2f} "
            f"| {middle:.3f} ({low:.3f} to {high:.3f}) |"
        )
    return "\n".join(lines)


def quartiles(column: list[float], base: list[float]) -> list[float]:
    """Quartiles of the pairwise ratios."""
    return statistics.quantiles((ours / bare for ours, bare in zip(column, base, strict=True)), n=4)


if __name__ == "__main__":
    main()
