"""Features to confidences: calibrated, plain and safe on bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import CalibrationError, Calibrator, auroc, brier, ece, fit_calibrator


def outputs(count: int, seed: int) -> tuple[list[dict[str, float]], list[bool]]:
    """Outputs whose chance of being right is a logistic function of one feature of three."""
    chance = np.random.default_rng(seed)
    signal = chance.normal(size=count)
    right = chance.random(count) < 1 / (1 + np.exp(-(2 * signal + 1)))
    noise = chance.normal(size=count) * 100
    rows = [
        {"signal": float(s), "noise": float(n), "same": 3.0}
        for s, n in zip(signal, noise, strict=True)
    ]
    return rows, [bool(r) for r in right]


def test_confidences_are_calibrated_on_new_outputs() -> None:
    calibrator = fit_calibrator(*outputs(800, 0))
    rows, right = outputs(4000, 1)
    confidences = [calibrator(row) for row in rows]
    assert ece(confidences, right) < 0.03
    assert (auroc(confidences, right) or 0) > 0.83
    assert brier(confidences, right) < 0.16


@pytest.mark.parametrize(("label", "rate"), [(True, 21 / 22), (False, 1 / 22)])
def test_labels_of_one_kind_give_the_smoothed_rate(label: bool, rate: float) -> None:
    rows, _ = outputs(20, 0)
    calibrator = fit_calibrator(rows, [label] * 20)
    assert calibrator(rows[0]) == pytest.approx(rate)
    assert calibrator(dict.fromkeys(rows[0], 1e6)) == pytest.approx(rate)


def test_a_feature_that_is_no_number_is_never_trusted() -> None:
    rows, right = outputs(50, 0)
    calibrator = fit_calibrator(rows, right)
    for bad in (math.nan, math.inf, -math.inf):
        assert calibrator(rows[0] | {"signal": bad}) == 0.0


def test_rows_without_numbers_are_left_out_of_the_fit() -> None:
    rows, right = outputs(50, 0)
    spoiled = [*rows, rows[0] | {"signal": math.nan}]
    assert fit_calibrator(spoiled, [*right, True]) == fit_calibrator(rows, right)


@pytest.mark.parametrize("rows", [[], [{"a": math.nan}], [{"a": 1.0}, {"b": 1.0}]])
def test_nothing_to_fit_on_is_an_error(rows: list[dict[str, float]]) -> None:
    with pytest.raises(CalibrationError):
        fit_calibrator(rows, [True] * len(rows))


def test_a_missing_feature_is_named() -> None:
    calibrator = fit_calibrator(*outputs(50, 0))
    with pytest.raises(CalibrationError, match="'noise'"):
        calibrator({"signal": 1.0, "same": 3.0})


def test_json_keeps_it_exactly() -> None:
    calibrator = fit_calibrator(*outputs(50, 0))
    assert Calibrator.from_json(json.loads(json.dumps(calibrator.to_json()))) == calibrator


@pytest.mark.parametrize(
    "spoiled",
    [
        {"bias": "x"},
        {"weights": [1.0]},
        {"scale": [1.0, 0.0, 1.0]},
        {"mean": [math.nan] * 3},
        {"features": None},
    ],
)
def test_what_is_no_calibrator_is_refused(spoiled: dict[str, object]) -> None:
    data = fit_calibrator(*outputs(50, 0)).to_json() | spoiled
    with pytest.raises(CalibrationError):
        Calibrator.from_json(data)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), max_size=30)
)
def test_auroc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    right = [c for c, label in pairs if label]
    wrong = [c for c, label in pairs if not label]
    found = auroc([c for c, _ in pairs], [label for _, label in pairs])
    if not right or not wrong:
        assert found is None
        return
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    assert found == pytest.approx(wins / (len(right) * len(wrong)))


def test_ece_and_brier_of_known_answers() -> None:
    assert ece([0.95] * 10, [True] * 10) == pytest.approx(0.05)
    assert ece([1.0, 0.0], [True, False]) == 0.0
    assert brier([1.0, 0.0], [False, True]) == 1.0
    assert brier([], []) == ece([], []) == 0.0
