"""Where the local model does not know: entropy thresholds a domain, and the words that cross them.

A call may say what it is about. From local answers known to be right or wrong a threshold in nats
is fitted for each boundary and domain; the words of later answers that lie above it are kept for
exploration. Knows neither what is explored nor how: only where the gaps show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from store import entropy, keywords
from store.calls import Attempt
from store.entropy import WHOLE, EntropyThreshold
from store.keywords import Keyword
from store.labels import Label, labels
from valence.errors import InvalidInput

if TYPE_CHECKING:
    from valence.app import Valence
    from valence.boundaries.base import Boundary
    from valence.router import Answer

DOMAINS = ("factual", "code", "creative", "specialised")
"""Names that are offered; a person's own is as good."""
LONGEST_NAME = 40

FEATURE = "max_entropy"
MOST_LABELS = 10_000
OWN_LABELS = 500
"""Below as many labels a domain's threshold is the one of all domains together."""
PART = 10
"""Fitted anew when labels have grown by one part in ten."""
FIRST_LOOK = 20
"""Calls between two looks at the labels, at least."""


def domain_name(text: str) -> str:
    """The name of a domain as it is kept: one line, lower case.

    Raises InvalidInput unless it has 1 to 40 printable characters.
    """
    name = " ".join(text.split()).casefold()
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(
            f"a domain's name has 1 to {LONGEST_NAME} printable characters",
            do=f"Give one of {', '.join(DOMAINS)}, or a name of your own",
        )
    return name


@dataclass(frozen=True)
class Separation:
    """Above `nats` more are wrong than right, as well as one number can tell; `auroc` is the
    chance that a wrong answer has the higher entropy. Both None without wrong or without right."""

    nats: float | None
    auroc: float | None


def separate(entropies: Sequence[float], right: Sequence[bool]) -> Separation:
    """The threshold with the greatest share of wrong less share of right above it (Youden 1950).

    It lies midway between two observed values; of equals the highest is taken, so that no gap is
    claimed without need. Where entropy tells nothing it is the highest value itself: no gap.
    """
    from models.metrics import auroc

    wrong = len(right) - sum(right)
    if not wrong or wrong == len(right):
        return Separation(None, None)
    pairs = sorted(zip(entropies, right, strict=True), reverse=True)
    best, nats = 0.0, pairs[0][0]
    above = {True: 0, False: 0}
    for (value, is_right), (lower, _) in pairwise(pairs):
        above[is_right] += 1
        gain = above[False] / wrong - above[True] / sum(right)
        if lower < value and gain > best + 1e-12:
            best, nats = gain, (value + lower) / 2
    return Separation(nats, auroc([-value for value in entropies], right))


def notice(app: Valence, answer: Answer) -> None:
    """After an answered and settled call: keeps the words it was unsure of, and fits the
    thresholds anew where labels have grown by a tenth. A few indexed reads on most calls."""
    name = answer.boundary.name
    fitted = entropy.thresholds(app.stores.database, name)
    if answer.call.learn:
        _keep_words(app, answer, fitted)
    if _due(app, name, fitted.get(WHOLE)):
        _fit(app, answer.boundary, fitted.get(WHOLE))


def _keep_words(app: Valence, answer: Answer, fitted: dict[str, EntropyThreshold]) -> None:
    call = answer.call
    chosen = fitted.get(call.domain or WHOLE) or fitted.get(WHOLE)
    if chosen is None or chosen.nats is None:
        return
    local = [a for a in app.stores.ledger.get(call.id).attempts if a.route == "local"]
    found = [
        Keyword(
            boundary=call.boundary,
            domain=call.domain,
            word=word,
            entropy=nats,
            attempt_id=attempt.id,
            call_id=call.id,
        )
        for attempt in local
        for word, nats in _unsure(attempt, chosen.nats)
    ]
    keywords.keep(app.stores.database, found)


def _unsure(attempt: Attempt, above: float) -> list[tuple[str, float]]:
    """The words that make a gap of this attempt."""
    if (attempt.features or {}).get(FEATURE, 0.0) <= above:
        return []
    return [(word, nats) for word, nats in attempt.uncertain if nats > above]


def _due(app: Valence, name: str, last: EntropyThreshold | None) -> bool:
    """Whether there were calls enough for labels to have grown by a tenth."""
    if last is None:
        return True
    calls = app.stores.statistics.calls_since(name, last.looked_at)
    return calls >= max(FIRST_LOOK, last.labels / PART)


def _fit(app: Valence, boundary: Boundary[Any, Any], last: EntropyThreshold | None) -> None:
    found = _measured(boundary, labels(app.stores.database, boundary.name, MOST_LABELS))
    if last and len(found) < min(MOST_LABELS, last.labels + last.labels / PART):
        entropy.looked(app.stores.database, boundary.name)
        return
    names = app.stores.statistics.domains(boundary.name)
    entropy.keep(app.stores.database, _fitted(boundary.name, names, found))


@dataclass(frozen=True)
class _Measured:
    """One labelled answer: its domain, its entropy in nats, and whether it was right."""

    domain: str | None
    entropy: float
    right: bool


def _measured(boundary: Boundary[Any, Any], found: list[Label]) -> list[_Measured]:
    from valence.quality import is_right

    return [
        _Measured(
            label.domain,
            label.features[FEATURE],
            is_right(boundary, label.input, label.local, label.shown),
        )
        for label in found
        if label.features and math.isfinite(label.features.get(FEATURE, math.nan))
    ]


def _fitted(boundary: str, names: list[str], found: list[_Measured]) -> list[EntropyThreshold]:
    """One threshold for the whole boundary and one for each domain."""
    thresholds = [_threshold(boundary, WHOLE, found, pooled=False)]
    for name in names:
        own = [each for each in found if each.domain == name]
        pooled = len(own) < OWN_LABELS
        thresholds.append(_threshold(boundary, name, found if pooled else own, pooled))
    return thresholds


def _threshold(
    boundary: str, domain: str, found: list[_Measured], pooled: bool
) -> EntropyThreshold:
    separation = separate([each.entropy for each in found], [each.right for each in found])
    return EntropyThreshold(
        boundary=boundary,
        domain=domain,
        nats=separation.nats,
        labels=len(found),
        pooled=pooled,
        auroc=separation.auroc,
    )
