"""A proposed approach on its way to a model, and what it changes.

A share of episodes, drawn by their hash, goes without: the difference in success is the effect of
the guidance, measured and not assumed. An example is learnt and judged with the guidance that its
call had, so that an adapter's certificate is for prompts as they come. Knows neither how a proposal
is made nor who asks for it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from models.errors import ModelError

if TYPE_CHECKING:
    from store.examples import Example
    from store.trajectories import Trajectory
    from valence.app import Valence
    from valence.boundaries.base import Boundary
    from valence.strategies.strategies import Proposal

OWN = "valence"
"""The agent whose trajectories are the turns of conversations here."""
ENOUGH = 150
"""Calibration examples to certify an adapter on: a ninth of them fits the scorer, and 65 faultless
ones among the surer half of the others open a gate."""
Z = 1.96
"""Of a two-sided 95% interval."""


@dataclass(frozen=True)
class Shown:
    """Guidance that was shown once, to ask the same again."""

    record: dict[str, Any]

    def __call__(self) -> str:
        return advice(self.record)


def as_asked(app: Valence, boundary: Boundary[Any, Any], example: Example) -> Boundary[Any, Any]:
    """The boundary with the guidance that the example's call was answered with, if it had any."""
    record = app.stores.ledger.guidance(example.call_id) if example.call_id else None
    return boundary.guided(Shown(record)) if record and record["shown"] else boundary


def certifiable_since(app: Valence, boundary: str) -> str | None:
    """Since when the calibration examples are as calls with guidance come, some of them shown it
    and some not; None while there are too few to certify an adapter on."""
    return app.stores.examples.guided_since(boundary, "calibration", ENOUGH)


class StrategyGuidance:
    """The guidance for one problem; the strategies are looked into when it is first asked for."""

    def __init__(self, app: Valence, problem: str, episode: str) -> None:
        self._app = app
        self._problem = problem
        self._episode = episode

    def __call__(self) -> str:
        record = self._found
        return advice(record) if record and record["shown"] else ""

    @property
    def record(self) -> dict[str, Any] | None:
        return self.__dict__.get("_found")

    @cached_property
    def _found(self) -> dict[str, Any] | None:
        """The proposal as it is logged; None without one that promises more than is usual."""
        from valence.strategies.strategies import Strategies
        from valence.strategies.training import space_of

        standing = self._app.stores.strategies.active(OWN)
        if standing is None:
            return None
        try:
            learned = Strategies.from_json(standing.body)
            space = space_of(self._app)
            proposal = learned.propose(self._problem, space)
        except ModelError as error:
            self._app.stores.events.record("no guidance", strategies=standing.id, error=str(error))
            return None
        told_by = learned.kinds.told_by(space)
        shown = not held_back(self._episode, self._app.settings.strategies.holdout)
        return _record(proposal, {"strategies": standing.id, "told_by": told_by, "shown": shown})


@dataclass(frozen=True)
class Effect:
    """Success with guidance shown and held back, and the difference with its 95% interval."""

    shown: int
    shown_successes: int
    held_back: int
    held_back_successes: int
    difference: float | None = None
    low: float = -1.0
    high: float = 1.0


def held_back(episode: str, share: float) -> bool:
    """Whether the episode goes without; the same one always the same way."""
    digest = hashlib.sha256(f"holdout {episode}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share


def advice(record: dict[str, Any]) -> str:
    """The words that a model is shown: an approach, in a fixed vocabulary, and its counts."""
    return (
        f"On problems like this one, this approach has worked best: {record['approach']} "
        f"({record['successes']:.3g} of {record['trials']} times). "
        "Take it unless the task itself asks for something else."
    )


def effect(outcomes: Iterable[tuple[Trajectory, float | None]]) -> Effect:
    """The effect on trajectories for which an approach was proposed and an outcome is known, a
    chance from one half on counting as a success. Interval of a difference of shares: Newcombe
    1998, method 10."""
    counts = {True: [0, 0], False: [0, 0]}
    for trajectory, p in outcomes:
        if trajectory.guided is not None and p is not None:
            cell = counts[trajectory.guided]
            cell[0] += 1
            cell[1] += p >= 0.5
    (shown, won), (held, won_without) = counts[True], counts[False]
    if not shown or not held:
        return Effect(shown, won, held, won_without)
    low, high = _newcombe(won, shown, won_without, held)
    return Effect(shown, won, held, won_without, won / shown - won_without / held, low, high)


def _record(proposal: Proposal, origin: dict[str, Any]) -> dict[str, Any] | None:
    best = proposal.best
    if best is None or best.probability <= proposal.usual:
        return None
    return origin | {
        "kind": proposal.kind,
        "approach": best.approach,
        "probability": best.probability,
        "usual": proposal.usual,
        "trials": best.trials,
        "successes": best.successes,
    }


def _newcombe(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    (low1, high1), (low2, high2) = _wilson(a, n), _wilson(b, m)
    p, q = a / n, b / m
    return (
        p - q - math.hypot(p - low1, high2 - q),
        p - q + math.hypot(high1 - p, q - low2),
    )


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927)."""
    p, z2 = successes / trials, Z * Z
    middle = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = Z / (1 + z2 / trials) * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials))
    return middle - reach, middle + reach
