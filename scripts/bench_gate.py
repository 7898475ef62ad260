"""Whether the gate keeps its promise, and what each score feature is worth, on real data.

Scorer and gate are fitted as the product fits them; every figure is of answers that nothing was
fitted on. What answers is in `gate_systems`.

Writes docs/bench_gate.md and docs/bench_gate.json with `--docs`, else prints the table. A system's
answers with their features are kept in OUT and not asked for again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import gate_report  # noqa: E402
import gate_start  # noqa: E402
import numpy as np  # noqa: E402
from gate_ablation import ablations  # noqa: E402
from gate_answers import Answers, Labelled  # noqa: E402
from gate_draws import (  # noqa: E402
    System,
    confidences,
    fitted,
    right_of,
    scorers_of,
    served_from,
    sure_of,
    used_of,
)
from gate_forms import forms  # noqa: E402
from gate_shares import shares  # noqa: E402
from gate_systems import SYSTEMS, Read  # noqa: E402

from models.fusion import Trees  # noqa: E402
from models.metrics import auroc, brier, ece  # noqa: E402
from models.scorer import Scorer  # noqa: E402
from valence.evaluation import share  # noqa: E402
from valence.gate import Gate, fit_partial_gate  # noqa: E402

PROMISES = (0.05, 0.10)
CONFIDENCE = 0.95
CHANCES = 200


@dataclass(frozen=True)
class Promise:
    """Gates for one promise on one row: what they certified and what happened."""

    max_error: float
    opened: int
    """of as many gates as there are folds"""
    certified_coverage: float
    """the mean over the folds"""
    asked: int
    served: int
    wrong: int
    low: float
    high: float
    naive_served: int
    naive_wrong: int


@dataclass(frozen=True)
class Row:
    """One kind of fresh answers of one system.

    Which labels fit the scorer is drawn, and another draw gives another scorer: AUROC, ECE and
    Brier are means over draws of as many labels, beside the first two their standard deviation.
    """

    name: str
    kind: str
    folds: int
    labels: list[int]
    """answers that the scorer of each fold was fitted on"""
    gate_labels: list[int]
    trees: float
    """the share of draws in which boosted trees took the line's place"""
    items: int
    accuracy: float
    auroc: float
    auroc_deviation: float
    ece: float
    ece_deviation: float
    chance_ece: float
    """what as many answers would show whose confidences were their true chances"""
    brier: float
    promises: list[Promise]


def main() -> None:
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    measured = [figures(name, arguments) for name in arguments.rows]
    report = {
        "base": arguments.base.name,
        **{kind: [each for one in measured for each in one[kind]] for kind in measured[0]},
        "simulated": [asdict(one) for each in PROMISES for one in gate_start.simulated(each)],
    }
    if arguments.docs:
        gate_report.write(report, ROOT / "docs")
    print(gate_report.tables(report))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--loop", type=Path, help="the home that bench_loop.py left behind")
    parser.add_argument("--out", type=Path, required=True, help="folder for homes and report")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/")
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=tuple(SYSTEMS),
        default=tuple(SYSTEMS),
        help="which systems (default: all)",
    )
    return parser.parse_args()


def figures(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The rows and ablations of one system, as JSON."""
    system = [answers(fold, read, arguments) for fold, read in SYSTEMS[name].items()]
    parts = [found for fold in system if (found := fold.in_parts())]
    both = [each for each in (system, parts) if each]
    return {
        "rows": [asdict(row) for each in both for row in rows_of(each, system)],
        "ablations": [asdict(one) for each in both for one in ablations(each)],
        "shares": [asdict(each) for each in shares(system[0])],
        "forms": [asdict(each) for each in forms(system[0])],
        "started": [asdict(each) for each in starts(system[0])],
    }


def answers(name: str, read: Read, arguments: argparse.Namespace) -> Answers:
    """The answers of one adapter; what has been answered once is read from OUT."""
    path: Path = arguments.out / f"{name}.answers.json"
    if not path.exists():
        print(f"{name} …", file=sys.stderr)
        path.write_text(json.dumps(asdict(read(arguments))), "utf-8")
    return Answers.from_json(json.loads(path.read_text("utf-8")))


# -- figures -------------------------------------------------------------------------------------


def rows_of(system: System, answers: System) -> Iterator[Row]:
    """The figures of each kind of fresh answers, or of their parts; the promise is for answers."""
    scorers = scorers_of(system)
    for kind in system[0].fresh:
        promises = [promise(system, answers, kind, max_error) for max_error in PROMISES]
        yield row(system, kind, scorers, promises)


def row(system: System, kind: str, scorers: list[list[Scorer]], promises: list[Promise]) -> Row:
    right = right_of(system, kind).tolist()
    drawn = sure_of(system, kind, scorers).tolist()
    aurocs, eces = [auroc(each, right) for each in drawn], [ece(each, right) for each in drawn]
    return Row(
        name=system[0].name,
        kind=kind,
        folds=len(system),
        labels=[len(fold.score) for fold in system],
        gate_labels=[len(fold.gate) for fold in system],
        trees=float(np.mean([isinstance(one.model, Trees) for own in scorers for one in own])),
        items=len(right),
        accuracy=sum(right) / len(right),
        auroc=float(np.mean(aurocs)),
        auroc_deviation=float(np.std(aurocs)),
        ece=float(np.mean(eces)),
        ece_deviation=float(np.std(eces)),
        chance_ece=float(np.mean([chance_ece(each) for each in drawn])),
        brier=float(np.mean([brier(each, right) for each in drawn])),
        promises=promises,
    )


def chance_ece(sure: Sequence[float]) -> float:
    """The mean ECE of outcomes drawn by these confidences: the measure's own floor."""
    chance = np.random.default_rng(0)
    drawn = [(chance.random(len(sure)) < np.array(sure)).tolist() for _ in range(CHANCES)]
    return float(np.mean([ece(sure, right) for right in drawn]))


def promise(system: System, answers: System, kind: str, max_error: float) -> Promise:
    """The gates of the product, and beside them thresholds that merely look good enough."""
    gates = [
        _gate(fitted(fold.score, used_of([fold])), whole, kind, max_error, fold is not whole)
        for fold, whole in zip(system, answers, strict=True)
    ]
    served, naively = [list(chain.from_iterable(one[place] for one in gates)) for place in (1, 2)]
    error = share(served.count(False), len(served))
    return Promise(
        max_error=max_error,
        opened=sum(gate.state == "open" for gate, *_ in gates),
        certified_coverage=float(np.mean([gate.certified_coverage for gate, *_ in gates])),
        asked=sum(len(fold.fresh[kind]) for fold in answers),
        served=len(served),
        wrong=served.count(False),
        low=error.low,
        high=error.high,
        naive_served=len(naively),
        naive_wrong=naively.count(False),
    )


def _gate(
    scorer: Scorer, answers: Answers, kind: str, max_error: float, in_parts: bool
) -> tuple[Gate, list[bool], list[bool]]:
    """(the product's gate, what it serves of fresh answers, what the naive threshold serves)."""

    def scored(some: Sequence[Labelled]) -> list[list[tuple[float, bool]]]:
        if not in_parts:
            return [[pair] for pair in zip(*known(scorer, some), strict=True)]
        return [[(scorer(features), right) for features, right in one.parts] for one in some]

    labels, traffic = scored(answers.gate), [[c for c, _ in one] for one in scored(answers.traffic)]
    gate = fit_partial_gate(labels, traffic, max_error, CONFIDENCE, look=0)
    naive, fresh = naive_threshold(labels, max_error), scored(answers.fresh[kind])
    at = math.inf if gate.threshold is None else gate.threshold
    return gate, served_from(fresh, at), served_from(fresh, naive)


def known(scorer: Scorer, answers: Sequence[Labelled]) -> tuple[list[float], list[bool]]:
    return confidences(scorer, answers), [answer.right for answer in answers]


def starts(system: Answers) -> Iterator[gate_start.Started]:
    """What its gate would certify if the sequence started elsewhere."""
    scorer = fitted(system.score, used_of([system]))
    fresh = {kind: known(scorer, answers) for kind, answers in system.fresh.items()}
    traffic = confidences(scorer, system.traffic)
    labels = known(scorer, system.gate)
    return gate_start.started(system.name, labels, traffic, fresh, PROMISES)


def naive_threshold(answers: Sequence[Sequence[tuple[float, bool]]], max_error: float) -> float:
    """The lowest threshold whose error on the labels themselves is small enough."""
    tried = sorted({sure for one in answers for sure, _ in one if sure > 0}, reverse=True)
    served = [(threshold, served_from(answers, threshold)) for threshold in tried]
    fine = [at for at, right in served if right.count(False) <= max_error * len(right)]
    return min(fine, default=math.inf)


if __name__ == "__main__":
    main()
