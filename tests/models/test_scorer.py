"""Features to confidences: calibrated, plain and safe on bad input."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models.errors import ScorerError
from models.fusion import HAIR, Isotonic, Linear, Platt, Trees
from models.metrics import auroc, brier, ece
from models.scorer import Scorer, fit_scorer

Rows = list[dict[str, float]]

SIZES = [60, 300, 600, 1200]
"""Few labels for a line, and enough for each of the richer forms."""


def outputs(count: int, seed: int) -> tuple[Rows, list[bool]]:
    """Outputs whose chance of being right is a logistic function of one feature of three."""
    chance = np.random.default_rng(seed)
    signal = chance.normal(size=count)
    right = chance.random(count) < 1 / (1 + np.exp(-(2 * signal + 1)))
    noise = chance.normal(size=count) * 100
    rows = [
        {"signal": float(s), "noise": float(n), "same": 3.0}
        for s, n in zip(signal, noise, strict=True)
    ]
    return rows, right.tolist()


def bent(count: int, seed: int) -> tuple[Rows, list[bool]]:
    """The same features; right in the middle of one and wrong on both of its sides."""
    rows, _ = outputs(count, seed)
    values = np.array([row["signal"] for row in rows])
    chance = np.random.default_rng(seed + 1000)
    right = chance.random(count) < np.where(np.abs(values) < 0.8, 0.95, 0.2)
    return rows, right.tolist()


def noise(count: int, seed: int) -> tuple[Rows, list[bool]]:
    """Outputs that are right as chance has it, whatever their features."""
    chance = np.random.default_rng(seed)
    rows = [{f"f{place}": float(chance.normal()) for place in range(12)} for _ in range(count)]
    return rows, (chance.random(count) < 0.7).tolist()


SOURCES = {60: outputs, 300: outputs, 600: bent, 1200: bent}
FITTED = {size: fit_scorer(*source(size, 0)) for size, source in SOURCES.items()}


# -- what is fitted --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "count", "model", "link"),
    [
        (bent, 499, Linear, Platt),
        (bent, 500, Trees, Platt),
        (bent, 999, Trees, Platt),
        (bent, 1000, Trees, Isotonic),
        (outputs, 1200, Linear, Platt),
        (noise, 1200, Linear, Platt),
    ],
)
def test_trees_come_with_many_labels_and_where_they_are_better(
    source: Callable[[int, int], tuple[Rows, list[bool]]],
    count: int,
    model: type[object],
    link: type[object],
) -> None:
    scorer = fit_scorer(*source(count, 0))
    assert (type(scorer.model), type(scorer.link)) == (model, link)


@pytest.mark.parametrize(("count", "most"), [(300, 0.05), (600, 0.05), (1200, 0.04)])
def test_confidences_are_calibrated_on_new_outputs(count: int, most: float) -> None:
    rows, right = SOURCES[count](4000, 1)
    confidences = [FITTED[count](row) for row in rows]
    assert ece(confidences, right) < most
    assert (auroc(confidences, right) or 0) > 0.83
    assert brier(confidences, right) < 0.16


def test_trees_see_what_a_line_does_not() -> None:
    rows, right = bent(2000, 1)
    found = [
        auroc([scorer(row) for row in rows], right) or 0.0
        for scorer in (fit_scorer(*bent(450, 0)), fit_scorer(*bent(1000, 0)))
    ]
    assert found[0] < 0.6
    assert found[1] > 0.8


def test_the_link_is_fitted_on_outputs_that_the_model_had_not_seen() -> None:
    """Pure noise beside the bend: a link fitted on what trees know by heart would be sure."""

    def noisy(count: int, seed: int) -> tuple[Rows, list[bool]]:
        rows, right = bent(count, seed)
        return [row | more for row, more in zip(rows, noise(count, seed)[0], strict=True)], right

    scorer = fit_scorer(*noisy(600, 0))
    new, labels = noisy(1000, 1)
    assert isinstance(scorer.model, Trees)
    assert ece([scorer(row) for row in new], labels) < 0.06


def test_the_line_is_scikit_learns() -> None:
    rows, right = outputs(300, 0)
    values = np.array([[row[name] for name in FITTED[300].features] for row in rows])
    scaled = StandardScaler().fit_transform(values)
    scores = LogisticRegression(max_iter=1000).fit(scaled, right).decision_function(scaled)
    assert [FITTED[300].model(v) for v in values.tolist()] == pytest.approx(scores.tolist())


@pytest.mark.parametrize("seed", range(2))
def test_the_trees_are_scikit_learns(seed: int) -> None:
    """On ties, on the thresholds themselves, next to them, and far outside."""
    from models import scorer as under_test

    chance = np.random.default_rng(seed)
    values = np.c_[chance.normal(size=600), chance.integers(0, 4, 600), chance.exponential(9, 600)]
    right = chance.random(600) < 1 / (1 + np.exp(-values[:, 0] - values[:, 1] + 1))
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=0)
    model.fit(values, right)
    copied = under_test._exported(model)
    assert isinstance(copied, Trees)
    edges = [t for tree in copied.trees for t in thresholds(tree)]
    near = [math.nextafter(t, side) for t in edges[:100] for side in (-math.inf, math.inf)]
    extremes = [0.0, -0.0, 1e-300, 1e300, -1e300, sys.float_info.max]
    pool = np.array(edges + near + extremes)
    asked = np.r_[values, chance.choice(pool, (400, 3))]
    chances = [1 / (1 + math.exp(-copied(row))) for row in asked.tolist()]
    assert chances == pytest.approx(model.predict_proba(asked)[:, 1].tolist(), rel=1e-12)


def thresholds(tree: Any) -> list[float]:
    if not isinstance(tree, tuple):
        return []
    return [tree[1], *thresholds(tree[2]), *thresholds(tree[3])]


# -- poor labels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "rate"), [(True, 21 / 22), (False, 1 / 22)])
def test_labels_of_one_kind_give_the_smoothed_rate(label: bool, rate: float) -> None:
    rows, _ = outputs(20, 0)
    scorer = fit_scorer(rows, [label] * 20)
    assert scorer(rows[0]) == pytest.approx(rate)
    assert scorer(dict.fromkeys(rows[0], 1e6)) == pytest.approx(rate)


@pytest.mark.parametrize("count", SIZES)
def test_features_that_never_differ_give_the_rate(count: int) -> None:
    right = [place % 10 != 0 for place in range(count)]
    scorer = fit_scorer([{"same": 1.0, "too": -2.0}] * count, right)
    assert scorer({"same": 1.0, "too": -2.0}) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("label", [True, False])
@pytest.mark.parametrize(("count", "rarer"), [(60, 1), (60, 2), (60, 4), (500, 1), (1000, 2)])
def test_a_handful_of_one_kind_is_enough(count: int, rarer: int, label: bool) -> None:
    rows, _ = outputs(count, 0)
    labels = [label if place < rarer else not label for place in range(count)]
    scorer = fit_scorer(rows, labels)
    confidences = [scorer(row) for row in rows]
    assert all(0 < confidence < 1 for confidence in confidences)
    rate = labels.count(True) / count
    assert sum(confidences) / count == pytest.approx(rate, abs=0.1)


def test_two_labels_are_enough() -> None:
    scorer = fit_scorer([{"a": 1.0}, {"a": 2.0}], [False, True])
    assert 0 < scorer({"a": 1.0}) < scorer({"a": 2.0}) < 1


@pytest.mark.parametrize("count", [60, 300])
def test_duplicated_rows_change_little(count: int) -> None:
    rows, right = outputs(count, 0)
    twice = fit_scorer(rows * 2, right * 2)
    new, labels = outputs(1000, 1)
    assert ece([twice(row) for row in new], labels) < 0.12
    assert (auroc([twice(row) for row in new], labels) or 0.0) > 0.8


def test_one_row_with_both_labels_gives_the_rate() -> None:
    scorer = fit_scorer([{"a": 1.0}] * 1000, [True, True, True, False] * 250)
    assert scorer({"a": 1.0}) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("count", [60, 600])
def test_rows_without_numbers_are_left_out_of_the_fit(count: int) -> None:
    rows, right = SOURCES[count](count, 0)
    bad = [rows[0] | {"signal": value} for value in (math.nan, math.inf, -math.inf)]
    assert fit_scorer([*bad, *rows], [True, False, True, *right]) == FITTED[count]


@pytest.mark.parametrize(
    "rows", [[], [{"a": math.nan}], [{"a": 1.0}, {"b": 1.0}], [{}, {}], [{"a": 1.0}, {}]]
)
def test_nothing_to_fit_on_is_an_error(rows: Rows) -> None:
    with pytest.raises(ScorerError):
        fit_scorer(rows, [True] * len(rows))


# -- using one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", SIZES)
def test_a_feature_that_is_no_number_is_never_trusted(count: int) -> None:
    rows, _ = outputs(1, 0)
    for bad in (math.nan, math.inf, -math.inf):
        assert FITTED[count](rows[0] | {"signal": bad}) == 0.0


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("far", [1e3, 1e9, 1e300, -1e3, -1e9, -1e300])
def test_no_confidence_is_exactly_0_or_1(count: int, far: float) -> None:
    """0 means "never served" to whoever decides, 1 that nothing can be wrong."""
    rows, _ = outputs(1, 0)
    assert 0 < FITTED[count](rows[0] | {"signal": far}) < 1


def test_a_free_curve_stays_within_what_so_many_labels_can_show() -> None:
    rows = [{"a": float(place)} for place in range(1000)]
    scorer = fit_scorer(rows, [250 <= place < 750 for place in range(1000)])
    assert isinstance(scorer.link, Isotonic)
    assert scorer({"a": 0.0}) == pytest.approx(1 / 1002, abs=HAIR)
    assert scorer({"a": 500.0}) == pytest.approx(1001 / 1002, abs=HAIR)


def test_a_free_curve_ranks_what_it_calls_equally_sure() -> None:
    """A gate takes or leaves equal confidences together, and one level can hold most answers."""
    curve = Isotonic((0.0, 2.0, 3.0, 5.0), (0.5, 0.5, 0.9, 0.9))
    places = [-40.0, -1.0, 0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 9.0]
    ranked = [curve(place) for place in places]
    assert all(low < high for low, high in pairwise(ranked))
    assert curve(1.0) == pytest.approx(0.5, abs=HAIR)
    assert curve(4.0) == pytest.approx(0.9, abs=HAIR)


def test_a_sum_that_overflows_is_never_trusted() -> None:
    line = Linear((0.0, 0.0), (1.0, 1.0), (1e300, -1e300), 0.0)
    scorer = Scorer(("a", "b"), line, Platt(1.0, 0.0))
    assert scorer({"a": 1e300, "b": 1e300}) == 0.0


def test_a_missing_feature_is_named_and_one_too_many_ignored() -> None:
    with pytest.raises(ScorerError, match="'noise'"):
        FITTED[60]({"signal": 1.0, "same": 3.0})
    row = {"signal": 1.0, "noise": 2.0, "same": 3.0}
    assert FITTED[60](row | {"new": math.nan}) == FITTED[60](row)


def test_surer_scores_are_never_less_confident() -> None:
    """Outputs where the features mislead: each was right where its like were wrong."""
    rows = [{"a": float(place % 2)} for place in range(40)]
    scorer = fit_scorer(rows, [place % 2 == 0 for place in range(39)] + [True])
    low, high = sorted(rows, key=lambda row: scorer.model([row["a"]]))[:: len(rows) - 1]
    assert scorer(low) <= scorer(high)


# -- JSON ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", SIZES)
def test_json_keeps_it_exactly(count: int) -> None:
    scorer = replace(FITTED[count], weights_sha256="ab12")
    text = json.dumps(scorer.to_json(), allow_nan=False)
    assert Scorer.from_json(json.loads(text)) == scorer
    assert Scorer.from_json(json.loads(text)).weights_sha256 == "ab12"


LINE = {"kind": "linear", "mean": [0.0], "scale": [1.0], "weights": [1.0], "bias": 0.0}
LEVEL = {"kind": "isotonic", "scores": [0.0, 1.0], "confidences": [0.5, 0.5]}
WHOLE: dict[str, Any] = {
    "features": ["a"],
    "model": {"kind": "trees", "baseline": 0, "trees": [[0, 0.5, -1.0, [0, 2.5, 1.0, 2.0]], 0.5]},
    "link": LEVEL,
    "weights_sha256": "",
}


def trees(*grown: object) -> dict[str, object]:
    return {"model": {"kind": "trees", "baseline": 0.0, "trees": list(grown)}}


def deep(levels: int) -> object:
    tree: object = 1.0
    for _ in range(levels):
        tree = [0, 0.0, 1.0, tree]
    return tree


@pytest.mark.parametrize(
    "spoiled",
    [
        {"features": None},
        {"features": "a"},
        {"features": []},
        {"features": ["a", "a"], "model": LINE | {"mean": [0, 0]}},
        {"features": [1]},
        {"features": ["a", "b"], "model": LINE},
        {"model": None},
        {"model": {"kind": "pickle"}},
        {"model": {"kind": ["linear"]}},
        {"model": LINE | {"bias": "x"}},
        {"model": LINE | {"bias": "1.0"}},
        {"model": LINE | {"bias": True}},
        {"model": LINE | {"bias": 10**400}},
        {"model": LINE | {"weights": [1.0, 2.0]}},
        {"model": LINE | {"scale": [0.0]}},
        {"model": LINE | {"mean": [math.nan]}},
        {"model": {"kind": "trees", "trees": [1.0]}},
        trees([1, 0.5, 0.0, 1.0]),
        trees([-1, 0.5, 0.0, 1.0]),
        trees([0.0, 0.5, 0.0, 1.0]),
        trees([True, 0.5, 0.0, 1.0]),
        trees([0, math.inf, 0.0, 1.0]),
        trees([0, 0.5, 0.0]),
        trees([0, 0.5, 0.0, None]),
        trees("abcd"),
        trees(deep(100_000)),
        {"link": {"kind": "platt", "slope": 1.0}},
        {"link": {"kind": "platt", "slope": -1.0, "offset": 0.0}},
        {"link": LEVEL | {"scores": [0.0]}},
        {"link": LEVEL | {"scores": [], "confidences": []}},
        {"link": LEVEL | {"scores": [1.0, 1.0]}},
        {"link": LEVEL | {"confidences": [0.5, 0.4]}},
        {"link": LEVEL | {"confidences": [0.0, 0.4]}},
        {"link": LEVEL | {"confidences": [0.5, 1.0]}},
        {"link": LEVEL | {"confidences": [0.5, math.nan]}},
        {"weights_sha256": None},
    ],
)
def test_what_is_no_scorer_is_refused(spoiled: dict[str, object]) -> None:
    assert Scorer.from_json(WHOLE)({"a": 1.0}) == pytest.approx(0.5, abs=HAIR)
    with pytest.raises(ScorerError, match="this is no scorer"):
        Scorer.from_json(WHOLE | spoiled)


@pytest.mark.parametrize("data", [[], "x", None, {}, 3])
def test_what_is_not_even_a_mapping_is_refused(data: Any) -> None:
    with pytest.raises(ScorerError, match="this is no scorer"):
        Scorer.from_json(data)


def test_using_one_loads_nothing_heavy() -> None:
    code = f"""
import json, sys
from models.scorer import Scorer
print(Scorer.from_json(json.loads(sys.argv[1]))({outputs(1, 0)[0][0]!r}))
print(sorted({{"numpy", "scipy", "sklearn"}} & set(sys.modules)))
"""
    data = json.dumps(FITTED[1200].to_json())
    done = subprocess.run(
        [sys.executable, "-c", code, data], capture_output=True, text=True, check=True
    )
    confidence, loaded = done.stdout.splitlines()
    assert float(confidence) == FITTED[1200](outputs(1, 0)[0][0])
    assert loaded == "[]"
