"""Whether the gate keeps its promise, and what each score feature is worth, on real data.

Rows: the adapter that bench_loop.py left behind, an adapter that never saw two of the WebNLG
categories, one that learnt CoNLL04, and a classifier of CLINC150 utterances. Scorer and gate are
fitted as the product fits them; every figure is of answers that nothing was fitted on.

Writes docs/bench_gate.md and docs/bench_gate.json with `--docs`, else prints the table. A system's
answers with their features are kept in OUT and not asked for again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import gate_report  # noqa: E402
import gate_start  # noqa: E402
import numpy as np  # noqa: E402
import webnlg  # noqa: E402
from gate_ablation import ablations, confidences, fitted, only, used_of  # noqa: E402
from gate_answers import Answers, Labelled  # noqa: E402
from gate_intents import of_classifier  # noqa: E402
from gate_link import links  # noqa: E402
from gate_sets import of_home, trained_home  # noqa: E402

from models.metrics import auroc, brier, ece  # noqa: E402
from models.scorer import Scorer  # noqa: E402
from valence.evaluation import share  # noqa: E402
from valence.gate import fit_gate  # noqa: E402

PROMISES = (0.05, 0.10)
LEFT_OUT = ("Astronaut", "Food")
CONFIDENCE = 0.95
DRAWS = 200
SCORERS = 20


@dataclass(frozen=True)
class Promise:
    """A gate for one promise on one row: what it certified and what happened."""

    max_error: float
    state: str
    certified_coverage: float
    fresh_coverage: float
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
    labels: int
    """answers that the scorer was fitted on"""
    gate_labels: int
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
    system = answers(name, arguments)
    return {
        "rows": [asdict(row) for row in rows_of(system)],
        "ablations": [
            asdict(each) for whole in (system, *parts_of(system)) for each in ablations(whole)
        ],
        "links": [asdict(each) for each in links(system)],
        "started": [asdict(each) for each in starts(system)],
    }


def answers(name: str, arguments: argparse.Namespace) -> Answers:
    """The answers of one system; what has been answered once is read from OUT."""
    path: Path = arguments.out / f"{name}.answers.json"
    if not path.exists():
        print(f"{name} …", file=sys.stderr)
        path.write_text(json.dumps(asdict(SYSTEMS[name](arguments))), "utf-8")
    return Answers.from_json(json.loads(path.read_text("utf-8")))


def loop_answers(arguments: argparse.Namespace) -> Answers:
    """The adapter of bench_loop on development texts of the categories that it learnt."""
    fresh = webnlg.read(arguments.data / "webnlg", "dev", webnlg.UNSEEN)
    return of_home("WebNLG, bench_loop", arguments.loop, arguments.base, {"same categories": fresh})


def unseen_answers(arguments: argparse.Namespace) -> Answers:
    """An adapter that learnt four categories, on those and on two that nothing has seen."""
    folder = arguments.data / "webnlg"
    learnt = tuple(name for name in webnlg.UNSEEN if name not in LEFT_OUT)
    home = trained_home(
        arguments.out / "unseen", arguments.base, webnlg.read(folder, "train", learnt)[:4500]
    )
    fresh = {
        "same categories": webnlg.read(folder, "dev", learnt),
        "unseen categories": webnlg.read(folder, "dev", LEFT_OUT),
    }
    return of_home("WebNLG, four categories", home, arguments.base, fresh)


def conll_answers(arguments: argparse.Namespace) -> Answers:
    """An adapter that learnt the training sentences of CoNLL04, on its development part."""
    folder = arguments.data / "conll04"
    home = trained_home(
        arguments.out / "conll04", arguments.base, relations(folder / "conll04_train.jsonl")
    )
    fresh = {"same source": relations(folder / "conll04_dev.jsonl")}
    return of_home("CoNLL04", home, arguments.base, fresh)


def relations(path: Path) -> list[webnlg.Pair]:
    """Sentences with their relations as triples."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        webnlg.Pair(r["text"], tuple((s, p, o) for s, p, o in r["triples"]))
        for r in records
        if r["triples"]
    ]


def intent_answers(arguments: argparse.Namespace) -> Answers:
    """TF-IDF and logistic regression on the 150 intents."""
    return of_classifier("CLINC150", arguments.data / "clinc150")


SYSTEMS = {
    "loop": loop_answers,
    "unseen": unseen_answers,
    "conll04": conll_answers,
    "clinc150": intent_answers,
}


# -- figures -------------------------------------------------------------------------------------


def rows_of(system: Answers) -> list[Row]:
    """The figures of each kind of fresh answers."""
    scorer = fitted([only(answer, used_of(system)) for answer in system.score])
    others = redrawn(system)
    return [row(system, scorer, others, kind, fresh) for kind, fresh in system.fresh.items()]


def row(
    system: Answers, scorer: Scorer, others: list[Scorer], kind: str, fresh: Sequence[Labelled]
) -> Row:
    sure, right = confidences(scorer, fresh), [a.right for a in fresh]
    drawn = [confidences(other, fresh) for other in others]
    aurocs, eces = [auroc(each, right) for each in drawn], [ece(each, right) for each in drawn]
    return Row(
        name=system.name,
        kind=kind,
        labels=len(system.score),
        gate_labels=len(system.gate),
        items=len(fresh),
        accuracy=sum(right) / len(right),
        auroc=float(np.mean(aurocs)),
        auroc_deviation=float(np.std(aurocs)),
        ece=float(np.mean(eces)),
        ece_deviation=float(np.std(eces)),
        chance_ece=chance_ece(sure),
        brier=float(np.mean([brier(each, right) for each in drawn])),
        promises=[promise(system, scorer, sure, right, max_error) for max_error in PROMISES],
    )


def redrawn(system: Answers) -> list[Scorer]:
    """Scorers of as many labels as the product's, drawn from all of the system's."""
    labels = [only(answer, used_of(system)) for answer in (*system.score, *system.gate)]
    chance = random.Random(0)
    return [fitted(chance.sample(labels, len(system.score))) for _ in range(SCORERS)]


def chance_ece(sure: Sequence[float]) -> float:
    """The mean ECE of outcomes drawn by these confidences: the measure's own floor."""
    chance = np.random.default_rng(0)
    drawn = [(chance.random(len(sure)) < np.array(sure)).tolist() for _ in range(DRAWS)]
    return float(np.mean([ece(sure, right) for right in drawn]))


def promise(
    system: Answers, scorer: Scorer, sure: list[float], right: list[bool], max_error: float
) -> Promise:
    """The gate of the product, and beside it the threshold that merely looks good enough."""
    labels = confidences(scorer, system.gate), [a.right for a in system.gate]
    gate = fit_gate(*labels, confidences(scorer, system.traffic), max_error, CONFIDENCE, look=0)
    served = [r for c, r in zip(sure, right, strict=True) if gate.accepts(c)]
    naive = naive_threshold(*labels, max_error)
    naively = [r for c, r in zip(sure, right, strict=True) if c >= naive]
    error = share(served.count(False), len(served))
    return Promise(
        max_error=max_error,
        state=gate.state,
        certified_coverage=gate.certified_coverage,
        fresh_coverage=len(served) / len(sure),
        served=len(served),
        wrong=served.count(False),
        low=error.low,
        high=error.high,
        naive_served=len(naively),
        naive_wrong=naively.count(False),
    )


def parts_of(system: Answers) -> list[Answers]:
    """The parts of its answers as a system of their own; none where there are none."""
    score, judged = system.parts.get("score"), system.parts.get("gate")
    if not score or not judged:
        return []
    return [Answers(f"{system.name}, parts", score, [], [], {"of the gate's answers": judged})]


def starts(system: Answers) -> Iterator[gate_start.Started]:
    """What its gate would certify if the sequence started elsewhere."""
    scorer = fitted([only(answer, used_of(system)) for answer in system.score])

    def known(answers: Sequence[Labelled]) -> tuple[list[float], list[bool]]:
        return confidences(scorer, answers), [answer.right for answer in answers]

    fresh = {kind: known(answers) for kind, answers in system.fresh.items()}
    traffic = confidences(scorer, system.traffic)
    return gate_start.started(system.name, known(system.gate), traffic, fresh, PROMISES)


def naive_threshold(sure: Sequence[float], right: Sequence[bool], max_error: float) -> float:
    """The lowest threshold whose error on the labels themselves is small enough."""
    ordered = sorted(zip(sure, right, strict=True), reverse=True)
    wrong, lowest = 0, float("inf")
    for accepted, (confidence, good) in enumerate(ordered, start=1):
        wrong += not good
        if wrong <= max_error * accepted:
            lowest = confidence
    return lowest


if __name__ == "__main__":
    main()
