"""From an agent's trajectories to strategies that predict better than the ones before, or to a
reason why not.

A version is judged on trajectories that neither it nor the one before was fitted on: those that
came since, each predicted from other tasks alone. Only what is better beyond chance takes the
place. Knows nothing of how a proposal is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from statistics import fmean
from typing import TYPE_CHECKING, Any

from models.clusters import BY_WORDS, WordVectors
from models.errors import EmbeddingModelMissing
from store.strategy_sets import StrategySet
from store.trajectories import Trajectory
from valence.errors import NotEnoughExamples, StrategyError, TransferError
from valence.exclusive import STRATEGIES_LEASE, sole
from valence.strategies.approach import approach_of
from valence.strategies.guidance import OWN, Effect, effect
from valence.strategies.kinds import Remembering, Space, find_kinds
from valence.strategies.outcome import fit_fusion, outcome
from valence.strategies.strategies import Case, Strategies, Told, held_out, learn_strategies
from valence.strategies.turns import gather_all

if TYPE_CHECKING:
    from models.logistic import Logistic
    from valence.app import Valence

FEWEST_CASES = 20
FEWEST_TASKS = 10
"""Tasks to judge on, at least."""
MAX_P_VALUE = 0.05


@dataclass(frozen=True)
class Cases:
    """What can be learned from, with the fusion that told the outcomes, and how many trajectories
    had none."""

    cases: list[Case]
    fusion: Logistic
    without_outcome: int


@dataclass(frozen=True)
class Judged:
    """Figures of each predictor on held-out cases, and why the candidate is not better ("": it
    is)."""

    metrics: dict[str, Any]
    problem: str


def train(app: Valence, agent: str) -> StrategySet:
    """Learns the agent's strategies anew, and keeps them: active where they predict better than
    the active ones (where there are none: than the kind of the problem alone), else rejected, and
    so where there is too little to learn from.

    Raises NotEnoughExamples where the agent has no trajectory, and AlreadyRunning.
    """
    with sole(app.stores.leases, STRATEGIES_LEASE, "strategies are being learned already"):
        return _train(app, agent)


def _train(app: Valence, agent: str) -> StrategySet:
    if agent == OWN:
        gather_all(app)
    trajectories = app.stores.trajectories.of(agent)
    _require_any(trajectories, agent)
    found = cases_of(trajectories)
    counts = {
        "trajectories": len(trajectories),
        "learned": len(found.cases),
        "without_outcome": found.without_outcome,
        "known_outcomes": sum(each.success is not None for each in trajectories),
    }
    too_few = _too_few(found)
    body, judged = ({}, Judged({}, too_few)) if too_few else _learned(app, agent, found)
    return app.stores.strategies.record(
        StrategySet(
            agent=agent,
            state="rejected" if judged.problem else "active",
            reason=judged.problem or "predicts held-out outcomes better than before",
            body=body,
            metrics=counts | judged.metrics,
            through=app.stores.trajectories.newest(agent),
        )
    )


def _learned(app: Valence, agent: str, found: Cases) -> tuple[dict[str, Any], Judged]:
    """What the cases teach, and how it compares with what is active."""
    space = Remembering(space_of(app))
    if space.name == BY_WORDS:
        app.stores.events.record("strategies by words", agent=agent, reason="no embedding model")
    problems = [case.problem for case in found.cases]
    kinds = find_kinds(problems, space)
    told = kinds.of(problems, space)
    judged = _judge(app, agent, found.cases, told, space)
    body = learn_strategies(found.cases, kinds, told, found.fusion).to_json()
    return body, replace(judged, metrics={"space": space.name} | judged.metrics)


def space_of(app: Valence) -> Space:
    """The embedding model, or hashed words where it is not on this machine: the name that is kept
    with the strategies says which."""
    try:
        _ = app.embedder.name
    except EmbeddingModelMissing:
        return WordVectors()
    return app.embedder


def active(app: Valence, agent: str) -> Strategies | None:
    """The strategies that the agent's proposals come from now."""
    standing = app.stores.strategies.active(agent)
    return Strategies.from_json(standing.body) if standing else None


def require_active(app: Valence, agent: str) -> tuple[StrategySet, Strategies]:
    """The active version with what it holds. Raises StrategyError where there is none."""
    standing = app.stores.strategies.active(agent)
    if standing is None:
        known = ", ".join(app.stores.trajectories.agents()) or "none yet"
        raise StrategyError(
            "this agent has no strategies",
            where=agent,
            do=f"`valence strategies train --agent NAME`; there are trajectories of: {known}",
        )
    return standing, Strategies.from_json(standing.body)


def effect_of(app: Valence, agent: str, learned: Strategies) -> Effect:
    """What showing a proposed approach has changed, by the agent's trajectories so far."""
    if agent == OWN:
        gather_all(app)
    trajectories = app.stores.trajectories.of(agent)
    return effect((each, outcome(each, learned.fusion)) for each in trajectories)


def adopt(app: Valence, agent: str, data: Any, where: str) -> StrategySet:
    """Makes strategies of a file the agent's active ones. Raises TransferError."""
    try:
        found = Strategies.from_json(data)
    except KeyError as error:
        raise TransferError(f"these are no strategies: there is no {error}", where=where) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise TransferError(f"these are no strategies: {error}", where=where) from error
    return app.stores.strategies.record(
        StrategySet(
            agent=agent,
            state="active",
            reason=f"imported from {where}",
            origin="imported",
            body=found.to_json(),
            metrics={"space": found.kinds.space},
            through=app.stores.trajectories.newest(agent),
        )
    )


def cases_of(trajectories: Sequence[Trajectory]) -> Cases:
    """Those that have an approach and an outcome."""
    fusion = fit_fusion(trajectories)
    known = [(each, approach) for each in trajectories if (approach := approach_of(each.steps))]
    outcomes = [(each, approach, outcome(each, fusion)) for each, approach in known]
    cases = [
        Case(each.id, each.task_id, each.problem, approach, p)
        for each, approach, p in outcomes
        if p is not None
    ]
    return Cases(cases, fusion, len(trajectories) - len(cases))


def _judge(app: Valence, agent: str, cases: list[Case], told: Told, space: Space) -> Judged:
    """The candidate against the active version on what came since, or against the kind alone."""
    candidate, kind_alone = held_out(cases, told)
    predicted = {"candidate": candidate, "kind_alone": kind_alone}
    standing = app.stores.strategies.active(agent)
    if standing is None:
        return judge(cases, predicted, "kind_alone")
    since = {each.id for each in app.stores.trajectories.of(agent, after=standing.through)}
    predicted["previous"] = Strategies.from_json(standing.body).predict(cases, space)
    new = [case.id in since for case in cases]
    later = {name: list(compress(ps, new)) for name, ps in predicted.items()}
    return judge(list(compress(cases, new)), later, "previous")


def judge(cases: Sequence[Case], predicted: dict[str, list[float]], rival: str) -> Judged:
    """Figures of all predictors on the cases, and the candidate's test against its rival."""
    from valence.evaluation import compare

    tasks = len({case.task for case in cases})
    tested: dict[str, Any] = {"held_out": len(cases), "tasks": tasks, "against": rival}
    against = rival.replace("_", " ")
    if tasks < FEWEST_TASKS:
        problem = f"there are only {tasks} tasks to judge on, of {FEWEST_TASKS}"
        return Judged(tested, f"not shown to predict better than {against}: {problem}")
    if len({case.outcome >= 0.5 for case in cases}) < 2:
        problem = "all outcomes are alike, so that no approach stands out"
        return Judged(tested, f"not shown to predict better than {against}: {problem}")
    scores = {name: _by_task(cases, ps) for name, ps in predicted.items()}
    found = compare(scores["candidate"], scores[rival])
    metrics = tested | {"p_value": found.p_value}
    metrics |= {name: _figures(cases, ps) for name, ps in predicted.items()}
    if found.difference > 0 and found.p_value <= MAX_P_VALUE:
        return Judged(metrics, "")
    problem = f"{len(cases)} held-out trajectories of {tasks} tasks (p = {found.p_value:.2g})"
    return Judged(metrics, f"does not predict better than {against} beyond chance on {problem}")


def _by_task(cases: Sequence[Case], predicted: Sequence[float]) -> list[float]:
    """The mean log-likelihood of each task: trials of one task are not independent."""
    from models.logistic import log_score

    scores: dict[str, list[float]] = {}
    for case, p in zip(cases, predicted, strict=True):
        scores.setdefault(case.task, []).append(log_score(p, case.outcome))
    return [fmean(each) for each in scores.values()]


def _figures(cases: Sequence[Case], predicted: Sequence[float]) -> dict[str, float | None]:
    from models.metrics import auroc, brier, ece

    right = [case.outcome >= 0.5 for case in cases]
    return {
        "log_loss": -fmean(_by_task(cases, predicted)),
        "auroc": auroc(predicted, right),
        "brier": brier(predicted, right),
        "ece": ece(predicted, right),
    }


def _too_few(found: Cases) -> str:
    """Why the cases teach nothing; "" where there are enough."""
    if len(found.cases) >= FEWEST_CASES:
        return ""
    return (
        f"{len(found.cases)} trajectories with an approach and an outcome, of {FEWEST_CASES} that "
        f"are needed; {found.without_outcome} more lack one or the other"
    )


def _require_any(trajectories: Sequence[Trajectory], agent: str) -> None:
    if not trajectories:
        raise NotEnoughExamples(
            "there are no trajectories of this agent",
            where=agent,
            do="`valence trajectories import FILE` brings some",
        )
