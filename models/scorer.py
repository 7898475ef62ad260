"""From the features of an attempt to a confidence: the calibrated chance that its output is right.

A straight line, whose log-odds are a probability as they are. Where labels are many, trees may
take its place, if on attempts that neither had seen they prove better beyond chance. Trees need a
link: a sigmoid, or with more labels any rising curve, fitted on scores of attempts that they had
not seen. Fitting takes scikit-learn and is seeded; using a scorer does not.
Knows numbers only: not what an output is, nor what a confidence is for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.errors import ScorerError
from models.fusion import Isotonic, Linear, Platt, Tree, Trees, link_of, model_of

TREES_FROM = 500
"""Labels from which gradient boosting is tried beside the straight line."""

ISOTONIC_FROM = 1000
"""Labels from which a free curve beats a sigmoid (Niculescu-Mizil & Caruana 2005)."""

FOLDS = 5
RARER_FEWEST = 2 * FOLDS
"""Labels of the rarer kind that trees need: some are held out for the link, some to judge by."""

BEYOND_CHANCE = 2.326
"""Standard errors, one-sided 99%: on attempts unlike the known ones trees go astray more."""

SEED = 0
AS_IT_IS = Platt(1.0, 0.0)


@dataclass(frozen=True)
class Scorer:
    """What an attempt is scored with; `weights_sha256` names the adapter that it was fitted for,
    and no other one's attempts mean the same to it."""

    features: tuple[str, ...]
    model: Linear | Trees
    link: Platt | Isotonic
    weights_sha256: str = ""

    def __call__(self, features: Mapping[str, float]) -> float:
        """The confidence, between 0 and 1; exactly 0 where a feature is not finite, so that it is
        never accepted. Raises ScorerError when a feature is missing."""
        try:
            values = [features[name] for name in self.features]
        except KeyError as error:
            raise ScorerError(f"the scorer needs the feature {error}") from error
        if not all(map(math.isfinite, values)):
            return 0.0
        score = self.model(values)
        return self.link(score) if math.isfinite(score) else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "model": self.model.to_json(),
            "link": self.link.to_json(),
            "weights_sha256": self.weights_sha256,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scorer:
        """Raises ScorerError when the data is no scorer, whatever else it is."""
        try:
            return cls(
                features=_read_names(data["features"]),
                model=model_of(data["model"], len(data["features"])),
                link=link_of(data["link"]),
                weights_sha256=_text(data["weights_sha256"]),
            )
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ScorerError(f"this is no scorer: {error}") from error


def fit_scorer(
    features: Sequence[Mapping[str, float]], correct: Sequence[bool], weights_sha256: str = ""
) -> Scorer:
    """The scorer of n attempts; each mapping has the same features, finite or not.

    Rows with a feature that is not finite are left out: such attempts are never accepted anyway.
    Labels of one kind only give a constant, the rate smoothed by one success and one failure
    (Laplace). `weights_sha256` is the sum of the adapter that made the attempts. Raises ScorerError
    when no row is left, there are no features, or the names differ between rows.
    """
    names = _names(features)
    kept = [
        ([row[name] for name in names], right)
        for row, right in zip(features, correct, strict=True)
        if all(math.isfinite(row[name]) for name in names)
    ]
    if not kept:
        raise ScorerError("there is no attempt with finite features to fit a scorer on")
    rows, labels = [row for row, _ in kept], [bool(right) for _, right in kept]
    if len(set(labels)) == 1:
        zeros = (0.0,) * len(names)
        constant = Linear(zeros, (1.0,) * len(names), zeros, _log_odds(labels))
        return Scorer(names, constant, AS_IT_IS, weights_sha256)
    from threadpoolctl import threadpool_limits

    # Threads wait for one another busily: beside a training that costs many times what they gain.
    with threadpool_limits(1):
        return Scorer(names, *_fit(rows, labels), weights_sha256)


def _names(features: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    names = tuple(sorted(features[0])) if features else ()
    if features and not names:
        raise ScorerError("the attempts have no features")
    if any(tuple(sorted(row)) != names for row in features):
        raise ScorerError("the attempts do not all have the same features")
    return names


def _fit(rows: list[list[float]], labels: list[bool]) -> tuple[Linear | Trees, Platt | Isotonic]:
    """The line as it is, for a link on top of it only adds noise, or trees with their link, where
    they earn it: they seldom do (docs/bench_gate.md)."""
    line = straight_line()
    rarer = min(labels.count(True), labels.count(False))
    if len(rows) >= TREES_FROM and rarer >= RARER_FEWEST:
        trees = linked_trees(len(rows))
        if _is_better(trees, line, rows, labels):
            [pair] = trees.fit(rows, labels).calibrated_classifiers_
            [link] = pair.calibrators
            return _exported(pair.estimator), _linked(link, labels)
    return _exported(line.fit(rows, labels)), AS_IT_IS


def _is_better(trees: Any, line: Any, rows: list[list[float]], labels: list[bool]) -> bool:
    """Whether the first has the smaller log loss out of fold, by more than chance explains."""
    import numpy as np
    from sklearn.model_selection import cross_val_predict

    def losses(estimator: Any) -> Any:
        folds, least = held_out_folds(), 1 / (len(labels) + 2)
        sure = cross_val_predict(estimator, rows, labels, cv=folds, method="predict_proba")
        return -np.log(np.clip(np.where(labels, sure[:, 1], sure[:, 0]), least, 1 - least))

    gained = losses(line) - losses(trees)
    return bool(gained.mean() > BEYOND_CHANCE * gained.std(ddof=1) / math.sqrt(len(gained)))


def straight_line() -> Any:
    """Logistic regression on standardised features, to be fitted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def linked_trees(count: int) -> Any:
    """Trees with the link that so many labels bear, to be fitted: the link on out-of-fold scores,
    then the trees on all."""
    from sklearn.calibration import CalibratedClassifierCV

    method = "isotonic" if count >= ISOTONIC_FROM else "sigmoid"
    return CalibratedClassifierCV(_boosting(), method=method, cv=held_out_folds(), ensemble=False)


def held_out_folds() -> Any:
    """The same seeded folds each time."""
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)


def _boosting() -> Any:
    """Small and slow for 500 to 2,000 rows; no early stopping, which would cost a tenth of them."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=80,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )


def _exported(estimator: Any) -> Linear | Trees:
    """A fitted estimator in plain numbers. scikit-learn has no public door to boosted trees; a
    test holds the copy against `predict_proba`."""
    if not hasattr(estimator, "_predictors"):
        scaler, model = estimator[0], estimator[1]
        return Linear(
            mean=tuple(scaler.mean_.tolist()),
            scale=tuple(scaler.scale_.tolist()),
            weights=tuple(model.coef_[0].tolist()),
            bias=float(model.intercept_[0]),
        )
    baseline = float(estimator._baseline_prediction.item())
    return Trees(baseline, tuple(_grown(tree.nodes, 0) for [tree] in estimator._predictors))


def _grown(nodes: Any, place: int) -> Tree:
    node = nodes[place]
    if node["is_leaf"]:
        return float(node["value"])
    low, high = (_grown(nodes, int(node[side])) for side in ("left", "right"))
    return int(node["feature_idx"]), float(node["num_threshold"]), low, high


def _linked(link: Any, labels: list[bool]) -> Platt | Isotonic:
    """A fitted link in plain numbers. Where surer scores were wrong more often, as chance has it
    when the features say nothing, the confidence is the plain rate."""
    if hasattr(link, "a_"):  # scikit-learn's sigmoid has both signs turned round
        slope = -float(link.a_)
        return Platt(slope, -float(link.b_)) if slope > 0 else Platt(0.0, _log_odds(labels))
    lowest, highest = 1 / (len(labels) + 2), (len(labels) + 1) / (len(labels) + 2)
    confidences = [min(max(c, lowest), highest) for c in link.y_thresholds_.tolist()]
    return Isotonic(tuple(link.X_thresholds_.tolist()), tuple(confidences))


def _log_odds(labels: list[bool]) -> float:
    """Of the rate of right ones, smoothed by one success and one failure (Laplace)."""
    return math.log((labels.count(True) + 1) / (labels.count(False) + 1))


def _read_names(data: Any) -> tuple[str, ...]:
    names = tuple(map(_text, data))
    if isinstance(data, str) or not names or len(set(names)) < len(names):
        raise ValueError("its features have no names of their own")
    return names


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise TypeError(f"{data!r} is no text")
    return data
