"""How many of the calibration answers should fit the scorer beside the test answers, for
bench_gate.py: a label for it is none for the gate.

The kept-back answers of a system are dealt anew each time, a third of them as test answers, and
gates of parts certified on what is left; their fresh answers are those of its first kind.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from gate_answers import Answers, Labelled, apart
from gate_draws import by_line, served_from, used_of
from tqdm import tqdm

from models.metrics import ece
from valence.gate import fit_partial_gate

SIZES = (300, 450, 600, 900)
SHARES = (0, 9, 6, 3)
"""One in so many calibration answers fits the scorer; 0 for none."""

DRAWS = 60
MAX_ERROR, CONFIDENCE = 0.05, 0.95


@dataclass(frozen=True)
class Share:
    """Gates of so many kept-back answers: the share of them that open, the mean share of fresh
    answers that they serve, and how many of all that they serve are wrong; `ece` is of whole
    answers, by scorers of the same labels."""

    system: str
    answers: int
    one_in: int
    opened: float
    served: float
    wrong: float
    ece: float


def shares(answers: Answers) -> Iterator[Share]:
    """Each share at each number of answers that the system has; none where there are no parts."""
    parts = answers.in_parts()
    pool = [*answers.score, *answers.gate]
    sizes = [size for size in SIZES if parts and size <= len(pool)]
    for size in tqdm(sizes, desc=f"{answers.name}, shares"):
        dealt = [random.Random(seed).sample(pool, size) for seed in range(DRAWS)]
        for one_in in SHARES:
            found = [_gate(answers, some, one_in, used_of([parts or answers])) for some in dealt]
            opened, served, wrong, error = np.sum(found, axis=0).tolist()
            asked = DRAWS * len(_fresh(answers))
            shares = opened / DRAWS, served / asked, wrong / max(served, 1), error / DRAWS
            yield Share(answers.name, size, one_in, *shares)


def _gate(
    answers: Answers, dealt: Sequence[Labelled], one_in: int, names: Sequence[str]
) -> tuple[int, int, int, float]:
    """(1 where the gate opens, fresh answers that it serves, wrong ones of them, ECE)."""
    tests, calibration = dealt[: len(dealt) // 3], dealt[len(dealt) // 3 :]
    cut = len(calibration) // one_in if one_in else 0
    fitting, fresh = [*calibration[:cut], *tests], _fresh(answers)
    labels, traffic, asked = (
        _scored(fitting, some, names) for some in (calibration[cut:], tests, fresh)
    )
    seen = [[sure for sure, _ in one] for one in traffic]
    gate = fit_partial_gate(labels, seen, MAX_ERROR, CONFIDENCE, look=0)
    at = math.inf if gate.threshold is None else gate.threshold
    served = served_from(asked, at)
    sure = by_line(fitting, fresh, used_of([answers])).tolist()
    error = ece(sure, [one.right for one in fresh])
    return int(gate.state == "open"), len(served), served.count(False), error


def _scored(
    fitting: Sequence[Labelled], asked: Sequence[Labelled], names: Sequence[str]
) -> list[list[tuple[float, bool]]]:
    """(confidence, right) of each part of each answer."""
    sure = iter(by_line(apart(fitting), apart(asked), names).tolist())
    return [[(next(sure), right) for _, right in one.parts] for one in asked]


def _fresh(answers: Answers) -> list[Labelled]:
    return next(iter(answers.fresh.values()))
