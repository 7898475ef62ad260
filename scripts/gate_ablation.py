"""What each score feature is worth: one left out of the product's, or a candidate added to them.

Compares straight lines, which is what the product fits on these answers, on answers that nothing
was fitted on. Knows no gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from gate_answers import CANDIDATE
from gate_draws import System, names_of, right_of, sure_by_lines, used_of
from tqdm import tqdm

from models.metrics import auroc
from valence.unit import retired

SAMPLES = 25
"""Bootstrap samples of the fresh answers, for each draw of labels."""

BAND = (0.1, 0.9)
BANDED = "with, in the band"


@dataclass(frozen=True)
class Ablation:
    """One feature on one system: its AUROC alone, and what leaving it out or adding it changes.

    Means over draws of the scorer's labels; the intervals know of that chance and of the fresh
    answers' own.
    """

    system: str
    change: str
    feature: str
    alone: float
    auroc: float
    low: float
    high: float
    brier: float
    brier_low: float
    brier_high: float


def ablations(system: System) -> list[Ablation]:
    """Each feature alone and left out, each candidate that the product does not use added.

    On the first kind of fresh answers.
    """
    kind, used = next(iter(system[0].fresh)), used_of(system)
    right = right_of(system, kind)
    whole = sure_by_lines(system, kind, used)
    found = []
    for change, name, own, names in tqdm(list(changes(system, used)), desc=system[0].name):
        alone = sure_by_lines(system, kind, own)
        changed = sure_by_lines(system, kind, names)
        if change == BANDED:
            changed = np.where((BAND[0] < whole) & (whole < BAND[1]), changed, whole)
        gains = gained(whole, changed, right)
        found.append(Ablation(system[0].name, change, name, mean_auroc(alone, right), **gains))
    return found


def changes(system: System, used: list[str]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """(kind of change, what it is called, the features in question, all features with it)."""
    for name in used:
        yield "without", name, [name], [other for other in used if other != name]
    extra = [name for name in names_of(system) if name not in used]
    for name in extra:
        yield "with", name.removeprefix(CANDIDATE), [name], [*used, name]
    for name in extra:
        if "round_trip" in name:
            yield BANDED, name.removeprefix(CANDIDATE), [name], [*used, name]
    gone = retired("decompose")
    out = [name for name in extra if name.removeprefix(CANDIDATE) in gone]
    if out:
        yield "with", "all that were retired", out, [*used, *out]


def mean_auroc(sure: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean([auroc(each.tolist(), right.tolist()) or 0.5 for each in sure]))


def gained(whole: np.ndarray, changed: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Changes of AUROC and Brier score from the first confidences to the second, both (draws, n),
    with 95% intervals over draws and bootstrap samples of the answers."""
    samples = len(whole) * SAMPLES
    counts = np.random.default_rng(0).multinomial(
        len(right), np.full(len(right), 1 / len(right)), samples
    )
    parts = np.array_split(counts, len(whole))
    return {
        "auroc": mean_auroc(changed, right) - mean_auroc(whole, right),
        **_between("", aurocs, whole, changed, right, parts),
        "brier": float(((changed - right) ** 2 - (whole - right) ** 2).mean()),
        **_between("brier_", briers, whole, changed, right, parts),
    }


def _between(
    name: str,
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    whole: np.ndarray,
    changed: np.ndarray,
    right: np.ndarray,
    parts: Sequence[np.ndarray],
) -> dict[str, float]:
    found = [
        measure(after, right, counts) - measure(before, right, counts)
        for before, after, counts in zip(whole, changed, parts, strict=True)
    ]
    low, high = np.nanquantile(np.concatenate(found), (0.025, 0.975)).tolist()
    return {f"{name}low": low, f"{name}high": high}


def aurocs(sure: np.ndarray, right: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The AUROC of each bootstrap sample; `counts` says how often it has each answer, (samples, n).
    Not a number where all of a sample are right or all are wrong."""
    good, bad = sure[right][:, None], sure[~right][None, :]
    wins = (good > bad) + 0.5 * (good == bad)
    of_good, of_bad = counts[:, right].astype(float), counts[:, ~right].astype(float)
    with np.errstate(invalid="ignore"):
        shares = (of_good @ wins * of_bad).sum(axis=1)
        return np.asarray(shares / (of_good.sum(axis=1) * of_bad.sum(axis=1)))


def briers(sure: np.ndarray, right: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The Brier score of each bootstrap sample."""
    return np.asarray(counts @ (sure - right) ** 2 / counts.sum(axis=1))
