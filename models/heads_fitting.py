"""Fits classifier heads: the regressions on all that is labelled, and what is known of their limits
on messages that were held out.

Unknown messages teach no class: they fit only what tells known from unknown. Where too few of them
are there, whole classes are held out to stand in for them. Takes scikit-learn; the same data give
the same heads. Knows vectors and names only.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.fusion import Linear, Platt
from models.heads import FEATURES, KNOWN_FROM, NOT_SAID, UNKNOWN, Head, Heads, features_of
from models.scorer import Scorer, fit_scorer

if TYPE_CHECKING:
    from models.heads import Matrix, Places

INVERSE_PENALTY = 20.0
"""scikit-learn's C. From 5 to 40 the accuracy on held-out CLINC150 changes by .002."""
ITERATIONS = 150
TOLERANCE = 1e-4
FOLDS = 5
ONE_FOLD_FROM = 3000
"""Labelled messages from which one fifth held out once says enough."""
FEW_UNKNOWN = 20
"""With fewer unknown messages, classes are held out to stand in for them."""
REJECTED = 0.01
"""Share of the known messages, rightly labelled when held out, that are given up as unknown."""
MOST_REMEMBERED = 20_000
ALWAYS = -1e9
"""The threshold of a head that never says unknown."""


def fit_heads(
    vectors: Matrix,
    labels: Sequence[Mapping[str, str | None]],
    names: Sequence[str],
    embedding: str,
) -> Heads:
    """The heads `names` of n messages: `vectors` (n, d), rows of length one. None is unknown; a
    message whose labels lack a head says nothing of it. Messages that came together stand
    together."""
    heads = {name: _fit_head(vectors, labels, name) for name in names}
    return _thinned(Heads(heads, vectors, embedding))


def _fit_head(rows: Matrix, labels: Sequence[Mapping[str, str | None]], name: str) -> Head:
    import numpy as np

    known = tuple(sorted(set(filter(None, (each.get(name) for each in labels)))))
    order: dict[str | None, int] = {label: place for place, label in enumerate(known)}
    order[None] = UNKNOWN
    places = np.array(
        [order[each[name]] if name in each else NOT_SAID for each in labels], dtype=np.int32
    )
    weight, bias = _regression(rows, places, len(known))
    if not known:
        return Head(known, weight, bias, places, _constant(len(KNOWN_FROM)), ALWAYS, _certain())
    held = _held_out(rows, places, len(known))
    fused, threshold = _known(held)
    scorer = _scorer(held, fused, threshold)
    return Head(known, weight, bias, places, fused, threshold, scorer)


def _regression(rows: Matrix, places: Places, classes: int) -> tuple[Matrix, Matrix]:
    """Weights (classes, d) and biases of a multinomial logistic regression on the labelled rows;
    a class that none of them has gets no chance."""
    import numpy as np

    weight = np.zeros((classes, rows.shape[1]), np.float32)
    bias = np.full(classes, -1e3, np.float32)
    labelled = places >= 0
    there = np.unique(places[labelled])
    if len(there) < 2:
        bias[there] = 0.0
        return weight, bias
    fitted = _fitted(rows[labelled], places[labelled])
    if len(there) == 2:  # scikit-learn keeps one row for two classes
        weight[there] = np.concatenate([-fitted.coef_, fitted.coef_]) / 2
        bias[there] = np.concatenate([-fitted.intercept_, fitted.intercept_]) / 2
    else:
        weight[there], bias[there] = fitted.coef_, fitted.intercept_
    return weight, bias


def _fitted(rows: Matrix, places: Places) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # Past so many steps what is still gained does not show in any label.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=INVERSE_PENALTY, max_iter=ITERATIONS, tol=TOLERANCE).fit(
            rows, places
        )


# -- what held-out messages say --------------------------------------------------------------------


@dataclass(frozen=True)
class _HeldOut:
    """Messages as heads saw them that had not learnt from them: the likeliest label, the right one
    (UNKNOWN where there is none), and the features, each (m,)."""

    best: Places
    right: Places
    features: dict[str, Matrix]

    def columns(self, names: Sequence[str]) -> Matrix:
        import numpy as np

        return np.stack([self.features[name] for name in names], axis=1)


def _held_out(rows: Matrix, places: Places, classes: int) -> _HeldOut:
    """Each fifth once; of many labelled messages one fifth of them, and all the unknown ones."""
    import numpy as np

    folds = _folds(places)
    single = int((places >= 0).sum()) >= ONE_FOLD_FROM
    stand_ins = int((places == UNKNOWN).sum()) < FEW_UNKNOWN and classes >= FOLDS
    found: list[_HeldOut] = []
    weights: tuple[Matrix, Matrix] | None = None
    for fold in range(FOLDS):
        hidden = (places >= 0) & (places % FOLDS == fold) & stand_ins
        asked = (folds == fold) & ((places == UNKNOWN) if single and fold else places != NOT_SAID)
        taught = np.where((folds == fold) | hidden, NOT_SAID, places)
        if weights is None or not single:
            weights = _regression(rows, taught, classes)
        if asked.any() and (taught >= 0).any():
            right = np.where(hidden, UNKNOWN, places)[asked]
            best, features = features_of(*weights, taught, rows[asked], rows[asked] @ rows.T)
            found.append(_HeldOut(best, right, features))
    return _joined(found)


def _folds(places: Places) -> Places:
    """A fifth of each class in its order: what came together, as paraphrases of one thought do, is
    held out together."""
    import numpy as np

    folds = np.zeros(len(places), np.int32)
    for place in np.unique(places):
        [members] = np.nonzero(places == place)
        folds[members] = np.arange(len(members)) * FOLDS // len(members)
    return folds


def _joined(found: list[_HeldOut]) -> _HeldOut:
    import numpy as np

    if not found:
        nothing = np.zeros(0, np.int32)
        return _HeldOut(nothing, nothing, {})
    return _HeldOut(
        np.concatenate([each.best for each in found]),
        np.concatenate([each.right for each in found]),
        {
            name: np.concatenate([each.features[name] for each in found])
            for name in found[0].features
        },
    )


def _known(held: _HeldOut) -> tuple[Linear, float]:
    """What tells known from unknown, and from where on a message counts as known."""
    import numpy as np

    if not len(held.best):
        return _constant(len(KNOWN_FROM)), ALWAYS
    columns, is_known = held.columns(KNOWN_FROM), held.right >= 0
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(scale > 1e-6, scale, 1.0)
    weights, bias = _separation((columns - mean) / scale, is_known)
    fused = Linear(tuple(mean.tolist()), tuple(scale.tolist()), tuple(weights.tolist()), bias)
    well = columns[is_known & (held.best == held.right)]
    if not len(well):
        return fused, ALWAYS
    return fused, float(np.quantile(((well - mean) / scale) @ weights + bias, REJECTED))


def _separation(columns: Matrix, is_known: Any) -> tuple[Any, float]:
    """Weights and bias of a regression that minds both kinds alike; with known messages only,
    energy and nearness count the same (Liu et al. 2020; Sun et al. 2022)."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    if is_known.all() or not is_known.any():
        return np.array([1.0, 1.0, 0.0]), 0.0
    fitted = LogisticRegression(class_weight="balanced").fit(columns, is_known)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _scorer(held: _HeldOut, fused: Linear, threshold: float) -> Scorer:
    """The chance that what the head says is right, unknown included."""
    if not len(held.best):
        return _certain()
    rows, right = [], []
    for i in range(len(held.best)):
        row = {name: float(column[i]) for name, column in held.features.items()}
        row["known"] = fused([row[name] for name in KNOWN_FROM])
        row["unknown"] = float(row["known"] < threshold)
        rows.append(row)
        said = UNKNOWN if row["unknown"] else held.best[i]
        right.append(bool(said == held.right[i]))
    return fit_scorer(rows, right)


# -- nothing to fit on -----------------------------------------------------------------------------


def _constant(features: int) -> Linear:
    return Linear((0.0,) * features, (1.0,) * features, (0.0,) * features, 0.0)


def _certain() -> Scorer:
    """Of a head that nothing is known about: as likely right as wrong."""
    return Scorer(FEATURES, _constant(len(FEATURES)), Platt(1.0, 0.0))


def _thinned(heads: Heads) -> Heads:
    """At most so many messages to remember, evenly out of all."""
    import numpy as np

    count = len(heads.memory)
    if count <= MOST_REMEMBERED:
        return heads
    kept = np.linspace(0, count - 1, MOST_REMEMBERED).astype(int)
    fewer = {
        name: Head(
            head.labels,
            head.weight,
            head.bias,
            head.places[kept],
            head.known,
            head.threshold,
            head.scorer,
        )
        for name, head in heads.heads.items()
    }
    return Heads(fewer, heads.memory[kept], heads.embedding)
