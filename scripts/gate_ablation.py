"""What each score feature is worth: one left out of the product's, or a candidate added to them.

Fits scorers as the product fits them and compares them on answers that nothing was fitted on. Knows
no gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from gate_answers import CANDIDATE, Answers, Labelled
from tqdm import tqdm

from models.metrics import auroc, brier
from models.scorer import Scorer, fit_scorer
from valence.unit import retired

SAMPLES = 500
BAND = (0.1, 0.9)
BANDED = "with, in the band"


@dataclass(frozen=True)
class Ablation:
    """One feature on one system: its AUROC alone, and what leaving it out or adding it changes."""

    system: str
    change: str
    feature: str
    alone: float
    auroc: float
    low: float
    high: float
    brier: float


def fitted(score: Sequence[Labelled]) -> Scorer:
    usable = [(one.features, one.right) for one in score if one.features is not None]
    return fit_scorer([features for features, _ in usable], [right for _, right in usable])


def confidences(scorer: Scorer, answers: Sequence[Labelled]) -> list[float]:
    return [scorer(a.features) if a.features is not None else 0.0 for a in answers]


def ablations(system: Answers) -> list[Ablation]:
    """Each feature alone and left out, each candidate that the product does not use added.

    On the first kind of fresh answers; intervals are of 500 paired bootstrap samples.
    """
    used = used_of(system)
    whole = confidences_by(system, used)
    found = []
    for change, name, own, names in tqdm(list(changes(system, used)), desc=system.name):
        alone = auroc_of(system, confidences_by(system, own))
        changed = confidences_by(system, names)
        if change == BANDED:
            changed = in_band(whole, changed)
        found.append(Ablation(system.name, change, name, alone, **gained(system, whole, changed)))
    return found


def in_band(whole: list[float], changed: list[float]) -> list[float]:
    """The second confidence where the first one is uncertain."""
    low, high = BAND
    return [b if low < a < high else a for a, b in zip(whole, changed, strict=True)]


def changes(system: Answers, used: list[str]) -> Iterator[tuple[str, str, list[str], list[str]]]:
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


def used_of(system: Answers) -> list[str]:
    """The features that the product scores by."""
    return [name for name in names_of(system) if not name.startswith(CANDIDATE)]


def names_of(system: Answers) -> list[str]:
    features = next(a.features for a in system.score if a.features is not None)
    return sorted(features)


def confidences_by(system: Answers, names: Sequence[str]) -> list[float]:
    """Confidences of the first kind of fresh answers by a scorer of these features alone."""
    scorer = fitted([only(a, names) for a in system.score])
    return confidences(scorer, [only(a, names) for a in first_fresh(system)])


def only(answer: Labelled, names: Sequence[str]) -> Labelled:
    if answer.features is None:
        return answer
    return Labelled({name: answer.features[name] for name in names}, answer.right)


def first_fresh(system: Answers) -> Sequence[Labelled]:
    return next(iter(system.fresh.values()))


def auroc_of(system: Answers, sure: Sequence[float]) -> float:
    return auroc(sure, [a.right for a in first_fresh(system)]) or 0.5


def gained(system: Answers, whole: list[float], changed: list[float]) -> dict[str, float]:
    """Changes of AUROC (with a 95% interval) and Brier score from all features to these."""
    right = np.array([a.right for a in first_fresh(system)])
    counts = np.random.default_rng(0).multinomial(
        len(right), np.full(len(right), 1 / len(right)), SAMPLES
    )
    before, after = (resampled(np.array(sure), right, counts) for sure in (whole, changed))
    low, high = np.nanquantile(after - before, (0.025, 0.975))
    return {
        "auroc": auroc_of(system, changed) - auroc_of(system, whole),
        "low": float(low),
        "high": float(high),
        "brier": brier(changed, list(right)) - brier(whole, list(right)),
    }


def resampled(sure: np.ndarray, right: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The AUROC of each bootstrap sample; `counts` says how often it has each answer, (samples, n).
    Not a number where all of a sample are right or all are wrong."""
    good, bad = sure[right][:, None], sure[~right][None, :]
    wins = (good > bad) + 0.5 * (good == bad)
    of_good, of_bad = counts[:, right].astype(float), counts[:, ~right].astype(float)
    with np.errstate(invalid="ignore"):
        shares = (of_good @ wins * of_bad).sum(axis=1)
        return np.asarray(shares / (of_good.sum(axis=1) * of_bad.sum(axis=1)))
