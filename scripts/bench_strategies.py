"""Whether an approach tells success beyond the problem, and what weak labels are worth, on real
dialogues whose outcome is known.

Dialogues of one customer or one task are on one side of every split; each split fits everything
anew (kinds, fusion, strategies) on the one side and predicts the other. AUROC is that inside a
test side, averaged over sides, since predictions of differently fitted models do not compare.
Intervals are of bootstrap samples of customers. Writes its part of docs/bench_strategies.md and
.json with `--docs`, and prints the tables.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np  # noqa: E402
import strategies_report  # noqa: E402
from tqdm import tqdm  # noqa: E402

from models.embedding import Embedder  # noqa: E402
from models.logistic import Logistic, Prior, fit_logistic, log_score  # noqa: E402
from models.metrics import ece  # noqa: E402
from store.trajectories import Trajectory  # noqa: E402
from valence.strategies.approach import approach_of, phases_in  # noqa: E402
from valence.strategies.jsonl import read_trajectories  # noqa: E402
from valence.strategies.kinds import Remembering, find_kinds  # noqa: E402
from valence.strategies.outcome import (  # noqa: E402
    LABEL_FUNCTIONS,
    fit_fusion,
    fit_votes,
    folds_of,
    fuse,
    prior_model,
    votes_of,
)
from valence.strategies.strategies import Case, learn_strategies  # noqa: E402

CUSTOMER = re.compile(r"\b[a-z]+_[a-z]+_\d{4}\b")
FOLDS = 5
NEIGHBOURS = 15
PRIOR_TRIALS = 4.0

Side = list[int]
Predictions = dict[str, list[float]]


def main() -> None:
    chosen = arguments()
    lines = chosen.data.read_text("utf-8").splitlines()
    trajectories = grouped(list(read_trajectories(lines, "bench")), lines)
    splits = [split for seed in range(chosen.repeats) for split in folds(trajectories, seed)]
    bench = Bench(trajectories, splits, chosen.resamples)
    report = described(trajectories)
    if chosen.part == "labels":
        bench.run(lambda train, test: by_votes(trajectories, train, test))
        rows = bench.rows("all votes, fitted")
    else:
        space = Remembering(Embedder(str(chosen.embedding)))
        bench.run(lambda train, test: by_approach(trajectories, space, train, test))
        rows = bench.rows("kind alone")
    report[chosen.part] = {"repeats": chosen.repeats, "rows": rows}
    if chosen.docs:
        report = strategies_report.write(report, ROOT / "docs")
    print(strategies_report.tables(report))


def described(trajectories: Sequence[Trajectory]) -> dict[str, Any]:
    return {
        "dialogues": len(trajectories),
        "successes": sum(bool(each.success) for each in trajectories),
        "groups": len({each.task_id for each in trajectories}),
        "approaches": approaches(trajectories),
        "functions": functions(trajectories),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["strategies", "labels"])
    parser.add_argument("data", type=Path, help="dialogues as JSON lines, with their success")
    parser.add_argument("--embedding", type=Path, help="folder of the model, for strategies")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--docs", action="store_true")
    return parser.parse_args()


def grouped(trajectories: list[Trajectory], lines: Sequence[str]) -> list[Trajectory]:
    """With the customer as the task: tasks of one customer and trials of one task stay together."""
    of_task: dict[str, str] = {}
    for trajectory, line in zip(trajectories, lines, strict=True):
        customer = CUSTOMER.search(json.loads(line)["instruction"])
        of_task.setdefault(trajectory.task_id, customer[0] if customer else trajectory.task_id)
    return [replace(each, task_id=of_task[each.task_id]) for each in trajectories]


def folds(trajectories: Sequence[Trajectory], seed: int) -> list[tuple[Side, Side]]:
    """Five splits, each customer once on the side that is predicted."""
    groups = sorted({each.task_id for each in trajectories})
    random.Random(seed).shuffle(groups)
    fold = {group: place % FOLDS for place, group in enumerate(groups)}
    of = [fold[each.task_id] for each in trajectories]
    return [
        ([i for i, f in enumerate(of) if f != k], [i for i, f in enumerate(of) if f == k])
        for k in range(FOLDS)
    ]


class Bench:
    """Predictions of several predictors on the test sides of all splits."""

    def __init__(
        self,
        trajectories: Sequence[Trajectory],
        splits: Sequence[tuple[Side, Side]],
        resamples: int,
    ) -> None:
        self.right = np.array([bool(each.success) for each in trajectories])
        self.groups = np.unique([each.task_id for each in trajectories], return_inverse=True)[1]
        self.splits = splits
        rng = np.random.default_rng(0)
        count = self.groups.max() + 1
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
        self.weights = np.vstack([np.ones(count), drawn])[:, self.groups]
        """(1 + resamples, n): how often each dialogue counts; the first row is all of them once."""
        self.predicted: dict[str, list[list[float]]] = {}

    def run(self, predict: Callable[[Side, Side], Predictions]) -> None:
        for train, test in tqdm(self.splits, mininterval=5):
            for name, ps in predict(train, test).items():
                self.predicted.setdefault(name, []).append([float(p) for p in ps])

    def rows(self, against: str) -> list[dict[str, Any]]:
        """Figures of each predictor, and of its difference to one of them."""
        aurocs = {name: self.aurocs(ps) for name, ps in self.predicted.items()}
        losses = {name: self.losses(ps) for name, ps in self.predicted.items()}
        return [
            {
                "name": name,
                "auroc": interval(aurocs[name]),
                "log_loss": interval(losses[name]),
                "auroc_gain": interval(aurocs[name] - aurocs[against]),
                "log_loss_gain": interval(losses[against] - losses[name]),
                **self.pooled(ps),
            }
            for name, ps in self.predicted.items()
        ]

    def aurocs(self, predicted: list[list[float]]) -> Any:
        """The mean AUROC of test sides with both outcomes, for each row of weights."""
        total = np.zeros(len(self.weights))
        sides = np.zeros(len(self.weights))
        for ps, (_, test) in zip(predicted, self.splits, strict=True):
            p, right, weights = np.array(ps), self.right[test], self.weights[:, test]
            won = p[right][:, None] - p[~right][None, :]
            wins = (won > 0) + 0.5 * (won == 0)
            pairs = weights[:, right].sum(1) * weights[:, ~right].sum(1)
            scored = np.einsum("ri,ij,rj->r", weights[:, right], wins, weights[:, ~right])
            total += np.divide(scored, pairs, out=np.zeros_like(scored), where=pairs > 0)
            sides += pairs > 0
        return total / sides

    def losses(self, predicted: list[list[float]]) -> Any:
        """The mean log-loss of all predictions, for each row of weights."""
        total = np.zeros(len(self.weights))
        for ps, (_, test) in zip(predicted, self.splits, strict=True):
            scores = np.array(
                [log_score(min(max(p, 1e-6), 1 - 1e-6), y)
                 for p, y in zip(ps, self.right[test], strict=True)]
            )  # fmt: skip
            total -= self.weights[:, test] @ scores
        repeats = len(self.splits) / FOLDS
        return total / self.weights.sum(1) / repeats

    def pooled(self, predicted: list[list[float]]) -> dict[str, float]:
        p = np.concatenate([np.array(ps) for ps in predicted])
        y = np.concatenate([self.right[test] for _, test in self.splits])
        return {"brier": float(((p - y) ** 2).mean()), "ece": ece(p.tolist(), y.tolist())}


def interval(values: Any) -> dict[str, float]:
    """The figure on all dialogues, and 95% of the bootstrap samples' ones."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def by_approach(
    trajectories: Sequence[Trajectory], space: Remembering, train: Side, test: Side
) -> Predictions:
    """P(success) by the product, by parts of it, and in other ways that were compared."""
    fusion = prior_model()
    known, asked = cases(trajectories, train), cases(trajectories, test)
    weak = [replace(case, outcome=fuse(votes_of(trajectories[i]), fusion) or 0.5)
            for case, i in zip(known, train, strict=True)]  # fmt: skip
    kinds = find_kinds([case.problem for case in known], space)
    told = kinds.of([case.problem for case in known], space)
    asked_told = kinds.of([case.problem for case in asked], space)
    learned = learn_strategies(known, kinds, told, fusion)
    from_weak = learn_strategies(weak, kinds, told, fusion)
    return {
        "kind alone": [learned.usual(kind) for kind in asked_told],
        "kind and approach (the product)": learned.predict(asked, space),
        "the same, learned from weak labels alone": from_weak.predict(asked, space),
        "phases of the approach alone": phases(known, asked),
        "Beta-Binomial of kind and approach": cells(known, told, asked, asked_told),
        "nearest problems alone": neighbours(known, asked, space, 0.0),
        "nearest problems and approaches": neighbours(known, asked, space, 1.0),
    }


def by_votes(trajectories: Sequence[Trajectory], train: Side, test: Side) -> Predictions:
    """P(success) by the votes of label functions; the true outcomes of the train side fit it."""
    known = [trajectories[i] for i in train]
    votes = [votes_of(trajectories[i]) for i in test]
    rate = (sum(bool(each.success) for each in known) + 1) / (len(known) + 2)
    fitted, believed = fit_fusion(known), prior_model()
    found = {
        "all votes, fitted": [fuse(each, fitted) or rate for each in votes],
        "all votes, as believed": [fuse(each, believed) or 0.5 for each in votes],
        "share of votes for it": [share_for(each) for each in votes],
        "rate of success": [rate] * len(votes),
    }
    cast = sorted({name for i in (*train, *test) for name in votes_of(trajectories[i])})
    for name in cast:
        without = fit_without(known, name)
        kept = [{k: v for k, v in each.items() if k != name} for each in votes]
        found[f"without {name}"] = [fuse(each, without) or rate for each in kept]
    return found


def fit_without(known: Sequence[Trajectory], name: str) -> Logistic:
    """The fitted fusion in which one label function has no say."""
    votes = [{n: v for n, v in votes_of(each).items() if n != name} for each in known]
    outcomes = [float(bool(each.success)) for each in known]
    return fit_votes(votes, outcomes, folds_of([each.task_id for each in known]))


def share_for(votes: dict[str, int]) -> float:
    return sum(vote > 0 for vote in votes.values()) / len(votes) if votes else 0.5


def cases(trajectories: Sequence[Trajectory], side: Side) -> list[Case]:
    return [
        Case(each.id, each.task_id, each.problem, approach_of(each.steps) or "answer",
             float(bool(each.success)))
        for each in (trajectories[i] for i in side)
    ]  # fmt: skip


def phases(known: Sequence[Case], asked: Sequence[Case]) -> list[float]:
    rows = [phases_in(case.approach) for case in known]
    model = fit_logistic(rows, [case.outcome for case in known], Prior(sd=0.5)).model
    return [model(phases_in(case.approach)) for case in asked]


def cells(
    known: Sequence[Case], told: Sequence[str | None], asked: Sequence[Case],
    asked_told: Sequence[str | None],
) -> list[float]:  # fmt: skip
    """The rate of the pair, with the overall rate as some trials before."""
    overall = sum(case.outcome for case in known) / len(known)
    counts: dict[tuple[str | None, str], list[float]] = {}
    for case, kind in zip(known, told, strict=True):
        counts.setdefault((kind, case.approach), []).append(case.outcome)
    found = [counts.get((k, case.approach), []) for case, k in zip(asked, asked_told, strict=True)]
    return [(sum(o) + PRIOR_TRIALS * overall) / (len(o) + PRIOR_TRIALS) for o in found]


def neighbours(
    known: Sequence[Case], asked: Sequence[Case], space: Remembering, shared: float
) -> list[float]:
    """The rate of the nearest dialogues: cosine of problems, and `shared` times the share of
    phases in common."""
    overall = sum(case.outcome for case in known) / len(known)
    near = space.embed([c.problem for c in asked]) @ space.embed([c.problem for c in known]).T
    outcomes = np.array([case.outcome for case in known])
    found = []
    for case, row in zip(asked, near, strict=True):
        mine = set(phases_in(case.approach))
        theirs = [set(phases_in(other.approach)) for other in known]
        row = row + shared * np.array([len(mine & t) / len(mine | t) for t in theirs])
        nearest = outcomes[np.argsort(-row)[:NEIGHBOURS]]
        found.append((nearest.sum() + PRIOR_TRIALS * overall) / (len(nearest) + PRIOR_TRIALS))
    return found


def approaches(trajectories: Sequence[Trajectory]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for each in trajectories:
        name = approach_of(each.steps) or "none"
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def functions(trajectories: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """How often each label function votes, and how often it is right then."""
    found = []
    for name, function in LABEL_FUNCTIONS.items():
        cast = [(vote, bool(t.success)) for t in trajectories if (vote := votes_of(t).get(name))]
        right = sum((vote > 0) == success for vote, success in cast)
        found.append(
            {"name": name, "believed": function.accuracy, "votes": len(cast), "right": right}
        )
    return found


if __name__ == "__main__":
    main()
