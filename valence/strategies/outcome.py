"""Whether a trajectory came to a good end, without anybody having labelled it.

Label functions look at what happened and at what followed; each votes for success, against it, or
not at all. A logistic model fuses the votes: its weights start at how often each function is
believed to be right and move to what true outcomes say where they are known (data programming,
Ratner et al. 2016). Knows nothing of approaches.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from store.trajectories import Step, Trajectory
from valence.boundaries.text import fold
from valence.strategies.steps import step_types, wants_something

if TYPE_CHECKING:
    from models.logistic import Logistic

Votes = dict[str, int]

_EXIT_CODE = re.compile(r"\b(?:exit[_ ]?code|exit status|return[_ ]?code)\W{1,4}(-?\d{1,3})\b")
_OBJECTS = re.compile(
    r"^\W*no\b|\b(that'?s|this is|it'?s) (not|wrong|incorrect)\b|\bnot what i\b"
    r"|\b(does ?n[o']t|did ?n[o']t|not) work|\bstill (not|wrong|does|broken)"
    r"|\byou (did ?n[o']t|misunderstood|forgot|missed)\b|\b(wrong|incorrect)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(thanks?|thank you|perfect|great|excellent|wonderful|works( now)?|solved|appreciate)\b",
    re.IGNORECASE,
)
SAME = 0.8
"""Share of common words from which a message says the same as an earlier one."""
ENOUGH_WORDS = 4
TRUSTS = (0.0, 0.5, 1.0)
"""How much of what is believed of label functions may stand."""
FIRMNESS = (0.1, 0.5, 1.0)
"""Standard deviations, in log-odds, of what is believed then."""
FEWEST_KNOWN = 20
"""True outcomes from which beliefs are put to the test."""
FOLDS = 5


@dataclass(frozen=True)
class LabelFunction:
    """A vote on a trajectory: 1 for success, -1 against, 0 none; and how often it is right."""

    vote: Callable[[Trajectory], int]
    accuracy: float


def votes_of(trajectory: Trajectory) -> Votes:
    """The votes that are cast, by label function."""
    cast = {name: function.vote(trajectory) for name, function in LABEL_FUNCTIONS.items()}
    return {name: vote for name, vote in cast.items() if vote}


def prior_model() -> Logistic:
    """The fusion before any true outcome is known: each function is as good as believed."""
    from models.logistic import Logistic

    worth = {name: _log_odds(each.accuracy) for name, each in LABEL_FUNCTIONS.items()}
    return Logistic(0.0, {_cast(name, v): v * w for name, w in worth.items() for v in (1, -1)})


def fit_fusion(trajectories: Sequence[Trajectory]) -> Logistic:
    """The fusion moved by those of the trajectories whose true outcome is known."""
    known = [each for each in trajectories if each.success is not None]
    votes = [votes_of(each) for each in known]
    outcomes = [float(bool(each.success)) for each in known]
    return fit_votes(votes, outcomes, folds_of([each.task_id for each in known]))


def fit_votes(votes: Sequence[Votes], outcomes: Sequence[float], folds: Sequence[int]) -> Logistic:
    """The fusion of votes whose outcomes are known. With enough of them beliefs must earn their
    say: as little of them stands as predicts outcomes of other folds as well as more of them. What
    is believed of votes that were never cast stays."""
    from models.logistic import Prior, best_prior, fit_logistic

    rows = [_features(each) for each in votes]
    if len(votes) < FEWEST_KNOWN or len(set(folds)) < 3:
        return fit_logistic(rows, outcomes, Prior(prior_model())).model
    cast = set().union(*rows)
    priors = [Prior(_trusting(cast, trust), sd) for trust, sd in product(TRUSTS, FIRMNESS)]
    return fit_logistic(rows, outcomes, best_prior(rows, outcomes, folds, priors)).model


def folds_of(tasks: Sequence[str]) -> list[int]:
    """The fold of each trajectory by its task, so that one task is in one fold."""
    return [hashlib.sha256(task.encode()).digest()[0] % FOLDS for task in tasks]


def outcome(trajectory: Trajectory, fusion: Logistic) -> float | None:
    """P(success): the true outcome where it is known, the fused votes elsewhere; None where
    nothing was seen of it."""
    if trajectory.success is not None:
        return float(trajectory.success)
    return fuse(votes_of(trajectory), fusion)


def fuse(votes: Votes, fusion: Logistic) -> float | None:
    """P(success) by the votes alone; None where none is cast."""
    return fusion(_features(votes)) if votes else None


def _trusting(cast: set[str], trust: float) -> Logistic:
    """What is believed, that share of it where votes were cast."""
    from models.logistic import Logistic

    weights = prior_model().weights
    return Logistic(0.0, {n: w * trust if n in cast else w for n, w in weights.items()})


def _features(votes: Votes) -> set[str]:
    return {_cast(name, vote) for name, vote in votes.items()}


def _cast(name: str, vote: int) -> str:
    return f"{name} {'for' if vote > 0 else 'against'}"


def _log_odds(accuracy: float) -> float:
    return math.log(accuracy / (1 - accuracy))


def says_the_same(text: str, other: str) -> bool:
    """Whether two messages share so many of their words that one repeats the other."""
    one, two = (set(fold(each).split()) for each in (text, other))
    enough = min(len(one), len(two)) >= ENOUGH_WORDS
    return enough and len(one & two) >= SAME * len(one | two)


# Label functions


def _valid(trajectory: Trajectory) -> int:
    return _flag(trajectory, "valid", 1, -1)


def _corrected(trajectory: Trajectory) -> int:
    return _flag(trajectory, "corrected", -1, 0)


def _went_on(trajectory: Trajectory) -> int:
    return _flag(trajectory, "went_on", 1, 0)


def _rated(trajectory: Trajectory) -> int:
    rating = trajectory.feedback.get("rating") or 0
    return (rating > 0) - (rating < 0)


def _exit_code(trajectory: Trajectory) -> int:
    """Of the whole, else as the last tool that gave one says."""
    code = trajectory.feedback.get("exit_code")
    results = [step.result for step in reversed(trajectory.steps) if step.kind == "tool"]
    codes = (found for result in results for found in _EXIT_CODE.findall(result)[-1:])
    code = code if code is not None else next(codes, None)
    return 0 if code is None else (1 if int(code) == 0 else -1)


def _retried(trajectory: Trajectory) -> int:
    """The person asked again, afterwards or on the way."""
    said = _said(trajectory.steps)
    again = any(says_the_same(a, b) for i, a in enumerate(said) for b in said[i + 1 : i + 6])
    return -1 if trajectory.feedback.get("retried") or again else 0


def _objected(trajectory: Trajectory) -> int:
    return -1 if any(map(_OBJECTS.search, _said(trajectory.steps)[1:])) else 0


def _thanked(trajectory: Trajectory) -> int:
    """The last word was one of thanks."""
    said = _said(trajectory.steps)[1:]
    return 1 if said and _THANKS.search(said[-1]) else 0


def _tools(trajectory: Trajectory) -> int:
    failed = [step.failed for step in trajectory.steps if step.kind == "tool"]
    return 0 if not failed else (-1 if any(failed) else 1)


def _last_tool(trajectory: Trajectory) -> int:
    failed = [step.failed for step in trajectory.steps if step.kind == "tool"]
    return -1 if failed and failed[-1] else 0


def _handed_over(trajectory: Trajectory) -> int:
    return -1 if "hand over" in step_types(trajectory.steps) else 0


def _broken_off(trajectory: Trajectory) -> int:
    """The agent's last word was a question that nobody answered, or it had none."""
    steps = trajectory.steps
    if not steps or steps[-1].kind == "person":
        return 0
    last = steps[-1]
    return -1 if last.kind != "message" or wants_something(last.text) else 0


def _flag(trajectory: Trajectory, name: str, yes: int, no: int) -> int:
    value = trajectory.feedback.get(name)
    return 0 if value is None else (yes if value else no)


def _said(steps: Sequence[Step]) -> list[str]:
    return [step.text for step in steps if step.kind == "person"]


LABEL_FUNCTIONS: dict[str, LabelFunction] = {
    "valid": LabelFunction(_valid, 0.9),
    "corrected": LabelFunction(_corrected, 0.9),
    "rated": LabelFunction(_rated, 0.9),
    "exit_code": LabelFunction(_exit_code, 0.8),
    "retried": LabelFunction(_retried, 0.75),
    "objected": LabelFunction(_objected, 0.65),
    "last_tool": LabelFunction(_last_tool, 0.7),
    "handed_over": LabelFunction(_handed_over, 0.65),
    "broken_off": LabelFunction(_broken_off, 0.65),
    "tools": LabelFunction(_tools, 0.6),
    "went_on": LabelFunction(_went_on, 0.6),
    "thanked": LabelFunction(_thanked, 0.6),
}
"""What each is believed to be worth: a verdict of a check or of the person much, a habit little."""
