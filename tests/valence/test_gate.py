"""The gate's promise: whatever the score is worth, the accepted are rarely wrong."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from tests.valence.score_models import (
    MODELS,
    Draw,
    answers,
    binormal,
    of_few_values,
    of_no_worth,
    true_errors,
)
from valence.fixed_sequence import MOST_LABELS, labels_needed, level_of, p_value
from valence.gate import Gate, fit_gate, fit_partial_gate

GATES = 1000
LABELS = 300


def naive_threshold(
    confidences: np.ndarray, correct: np.ndarray, traffic: np.ndarray
) -> float | None:
    """The lowest candidate with at most 5% wrong among the labels that it accepts."""
    surest = np.sort(traffic)[::-1]
    shares = np.arange(0.5, 1.0001, 0.025)
    candidates = surest[np.ceil(shares * len(surest) - 1e-9).astype(int) - 1]
    candidates = candidates[candidates > 0]
    order = np.argsort(-confidences)
    accepted = np.searchsorted(-confidences[order], -candidates, side="right")
    wrong = np.r_[0, np.cumsum(~correct[order])][accepted]
    fine = candidates[(accepted > 0) & (wrong <= 0.05 * accepted)]
    return float(fine[-1]) if fine.size else None


@pytest.fixture(scope="module")
def simulated() -> dict[str, tuple[float, float, float]]:
    """Model → (share of gates that break the promise, the same of naive thresholds, share that
    opened), 1,000 gates each, whose scores no scorer of ours has fitted."""
    shares = {}
    for draw in MODELS:
        chance, error = np.random.default_rng(7), true_errors(draw)
        broken, opened, naive = 0, 0, 0
        for _ in range(GATES):
            confidences, correct = draw(chance, LABELS)
            traffic = draw(chance, LABELS)[0]
            gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)
            opened += gate.state == "open"
            broken += gate.threshold is not None and error(gate.threshold) > 0.05
            guess = naive_threshold(confidences, correct, traffic)
            naive += guess is not None and error(guess) > 0.05
        shares[draw.__name__] = (broken / GATES, naive / GATES, opened / GATES)
    return shares


def test_at_most_one_gate_in_twenty_breaks_the_promise(
    simulated: dict[str, tuple[float, float, float]],
) -> None:
    for name, (broken, naive, opened) in simulated.items():
        print(f"{name}: {broken:.1%} of gates, {naive:.1%} of naive; {opened:.0%} opened")
        assert broken <= 0.05, name


def test_a_naive_threshold_would_break_it_often(
    simulated: dict[str, tuple[float, float, float]],
) -> None:
    assert all(naive > broken for broken, naive, _ in simulated.values())
    assert np.mean([naive for _, naive, _ in simulated.values()]) > 0.3


def of_a_better_quarter(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Too weak for its surer half, good in its surest quarter: what a second start is for."""
    return answers(chance, count, 0.4, 0.95)


@pytest.mark.parametrize("draw", [*MODELS, of_a_better_quarter])
def test_two_starts_share_the_promise(draw: Draw) -> None:
    chance, error = np.random.default_rng(5), true_errors(draw)
    broken = 0
    for _ in range(GATES // 4):
        confidences, correct = draw(chance, 1000)
        traffic = draw(chance, 300)[0]
        gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)
        broken += gate.threshold is not None and error(gate.threshold) > 0.05
    assert broken / (GATES // 4) <= 0.05


def test_a_weak_model_serves_what_it_is_surest_of() -> None:
    chance = np.random.default_rng(2)
    confidences, correct = of_a_better_quarter(chance, 2000)
    traffic = of_a_better_quarter(chance, 1000)[0].tolist()
    few = fit_gate(confidences[:500].tolist(), correct[:500].tolist(), traffic, 0.05, 0.95)
    many = fit_gate(confidences.tolist(), correct.tolist(), traffic, 0.05, 0.95)
    assert (few.state, many.state) == ("closed", "open")
    assert 0.1 <= many.certified_coverage < 0.5


@pytest.mark.parametrize("draw", [binormal, of_few_values, of_no_worth])
def test_fitting_again_and_again_does_not_wear_the_promise_out(draw: Draw) -> None:
    """Five looks at labels that double; a gate that opened wrongly once has broken the promise."""
    chance, error = np.random.default_rng(11), true_errors(draw)
    broken = 0
    for _ in range(GATES // 4):
        confidences, correct = draw(chance, 64 * 16)
        traffic = draw(chance, 200)[0].tolist()
        for look in range(5):
            count = 64 * 2**look
            gate = fit_gate(
                confidences[:count].tolist(),
                correct[:count].tolist(),
                traffic,
                0.05,
                0.95,
                look=look,
            )
            if gate.threshold is not None and error(gate.threshold) > 0.05:
                broken += 1
                break
    assert broken / (GATES // 4) <= 0.05


def test_the_looks_share_one_risk() -> None:
    risks = [1 - level_of(look, 0.95) for look in range(30)]
    assert sum(risks) == pytest.approx(0.05)
    assert sum(risks) <= 0.05 + 1e-12
    assert risks[0] == pytest.approx(0.0375)
    assert [labels_needed(0.0, 0.05, level_of(look, 0.95)) for look in range(4)] == [
        65, 92, 119, 146,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no look number -1"):
        level_of(-1, 0.95)


@pytest.mark.parametrize(("count", "state"), [(64, "closed"), (65, "open")])
def test_a_look_is_tested_at_its_own_level_and_says_so(count: int, state: str) -> None:
    gate = fit_gate([0.9] * count, [True] * count, [0.9] * 20, 0.05, 0.95, look=0)
    assert gate.state == state
    assert gate.evidence["look"] == 0
    assert gate.evidence["level"] == level_of(0, 0.95)
    assert gate.confidence_level == 0.95
    assert gate.labels_missing == (65 - count if state == "closed" else None)


def test_a_good_score_serves_most_of_the_traffic() -> None:
    chance = np.random.default_rng(3)
    confidences, correct = answers(chance, 2000, 0.06, 0.95)
    traffic, _ = answers(chance, 2000, 0.06, 0.95)
    gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)
    assert gate.state == "open"
    assert gate.certified_coverage >= 0.9
    assert gate.accepts(gate.threshold)
    assert not gate.accepts(math.nextafter(gate.threshold or 0.0, 0.0))


@pytest.mark.filterwarnings("ignore::UserWarning")  # it warns of risks that are not monotonic
@pytest.mark.parametrize(("labels", "starts"), [(580, [0.5]), (1000, [0.5, 0.25])])
@pytest.mark.parametrize("error", [0.07, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_mapie(seed: int, error: float, labels: int, starts: list[float]) -> None:
    """One sequence, or two that share the risk: what any of them passes is certified."""
    from mapie import risk_control as risk

    chance = np.random.default_rng(seed)
    confidences, correct = answers(chance, labels, error, 0.9)
    traffic, _ = answers(chance, 800, error, 0.9)
    gate = fit_gate(confidences.tolist(), correct.tolist(), traffic.tolist(), 0.05, 0.95)

    surest, valid = np.sort(traffic)[::-1], []
    for start in starts:
        shares = np.arange(start, 1.0001, 0.025)
        controller = risk.BinaryClassificationController(
            lambda x: np.c_[1 - x, x],
            "precision",
            target_level=0.95,
            confidence_level=1 - 0.05 / len(starts),
            list_predict_params=surest[np.ceil(shares * len(surest) - 1e-9).astype(int) - 1],
            fwer_method="fixed_sequence",
        )
        controller.calibrate(confidences, correct.astype(int))
        valid += list(controller.valid_predict_params)
    best = min(valid, default=None)
    assert gate.threshold == (None if best is None else pytest.approx(best, abs=0))


@pytest.mark.parametrize(
    ("accepted", "wrong", "passes"),
    [
        (58, 0, False),
        (59, 0, True),
        (180, 4, False),
        (181, 4, True),
        (500, 16, True),
        (500, 17, False),
    ],
)
def test_the_known_counts_certify(accepted: int, wrong: int, passes: bool) -> None:
    confidences = [0.9] * accepted
    correct = [False] * wrong + [True] * (accepted - wrong)
    gate = fit_gate(confidences, correct, [0.9] * 20, 0.05, 0.95)
    assert (gate.state == "open") is passes
    assert (p_value(wrong, accepted, 0.05) <= 0.05) is passes


def test_the_sequence_stops_at_the_first_failure() -> None:
    # The surest half has errors; the rest has none and would certify if it were looked at.
    confidences = [0.9] * 60 + [0.5] * 500
    correct = [False] * 10 + [True] * 550
    gate = fit_gate(confidences, correct, [0.9] * 50 + [0.5] * 50, 0.05, 0.95)
    assert gate.state == "closed"
    assert len(gate.evidence["steps"]) == 1
    assert "the model must get better" in gate.sentence
    assert gate.labels_missing is None


def test_a_closed_gate_says_how_many_labels_are_missing() -> None:
    confidences = [0.9] * 30 + [0.1] * 30
    gate = fit_gate(confidences, [True] * 60, [0.9] * 50 + [0.1] * 50, 0.05, 0.95)
    assert gate.state == "closed"
    assert "about 58 more checked answers are missing" in gate.sentence  # 59 · 60 / 30 − 60
    assert gate.labels_missing == 58


@pytest.mark.parametrize(
    ("wrong", "accepted", "missing"),
    [
        (0, 58, 65 - 58),  # it could not have opened: the next fit tests at the same level
        (0, 64, 65 - 64),
        (1, 65, labels_needed(1 / 65, 0.05, level_of(1, 0.95))),
    ],
)
def test_what_is_missing_is_what_the_next_fit_opens_on(
    wrong: int, accepted: int, missing: int
) -> None:
    correct = [False] * wrong + [True] * (accepted - wrong)
    gate = fit_gate([0.9] * accepted, correct, [0.9] * 20, 0.05, 0.95, look=0)
    assert gate.state == "closed"
    assert gate.labels_missing == (missing - accepted if wrong else missing)


@pytest.mark.parametrize("look", [0, 1])
def test_a_look_at_nothing_misses_what_it_missed_before(look: int) -> None:
    gate = fit_gate([], [], [0.9], 0.05, 0.95, look=look)
    assert gate.labels_missing == [65, 92][look]


def test_without_any_label_the_fewest_are_missing() -> None:
    gate = fit_gate([], [], [0.9], 0.05, 0.95)
    assert gate.labels_missing == 59
    assert "at least 59" in gate.sentence


@pytest.mark.parametrize(("max_error", "level", "fewest"), [(0.05, 0.95, 65), (0.1, 0.99, 47)])
def test_what_a_gate_without_evidence_misses_is_what_its_first_fit_opens_on(
    max_error: float, level: float, fewest: int
) -> None:
    never = Gate.never_fitted(max_error, level)
    assert never.labels_missing == fewest
    assert f"at least {fewest} are missing" in never.sentence
    for count, state in ((fewest - 1, "closed"), (fewest, "open")):
        fitted = fit_gate([0.9] * count, [True] * count, [0.9] * 20, max_error, level, look=0)
        assert fitted.state == state


@pytest.mark.parametrize(
    ("confidences", "correct", "traffic"),
    [
        ([], [], [0.5]),
        ([0.5] * 100, [True] * 100, []),
        ([0.5] * 100, [False] * 100, [0.5] * 100),
        ([math.nan] * 100, [True] * 100, [0.5] * 100),
        ([0.5] * 100, [True] * 100, [math.nan] * 100),
        ([-math.inf] * 100, [False] * 100, [-math.inf] * 100),
        ([0.0] * 100, [True] * 100, [0.0] * 100),
        ([0.1] * 100, [True] * 100, [0.9] * 100),
    ],
)
def test_bad_evidence_keeps_it_closed(
    confidences: list[float], correct: list[bool], traffic: list[float]
) -> None:
    gate = fit_gate(confidences, correct, traffic, 0.05, 0.95)
    assert gate.state == "closed"
    assert gate.threshold is None
    assert gate.sentence.startswith("Closed: ")
    assert not gate.accepts(1.0)


@pytest.mark.parametrize("never", [0.0, -math.inf, math.nan])
def test_answers_that_can_never_be_served_lower_the_coverage(never: float) -> None:
    traffic = [0.9] * 70 + [never] * 30
    gate = fit_gate([0.9] * 100, [True] * 100, traffic, 0.05, 0.95)
    assert gate.state == "open"
    assert gate.certified_coverage == pytest.approx(0.7)


def test_nothing_that_is_no_number_is_accepted() -> None:
    gate = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95)
    assert gate.accepts(0.95)
    assert not gate.accepts(math.nan)
    assert not gate.accepts(None)
    assert not Gate.never_fitted().accepts(1.0)


@pytest.mark.parametrize(
    ("max_error", "level", "serves"),
    [(0.05, 0.95, True), (0.1, 0.9, True), (0.04, 0.95, False), (0.05, 0.99, False)],
)
def test_a_gate_serves_under_no_stronger_promise_than_its_own(
    max_error: float, level: float, serves: bool
) -> None:
    fitted = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95)
    gate = fitted.under(max_error, level)
    assert gate.accepts(0.95) is serves
    assert (gate == fitted) is serves
    if not serves:
        assert gate.certified_coverage == 0.0
        assert "opened for at most 5% of them wrong with 95% confidence" in gate.sentence


def test_a_suspended_gate_serves_nothing_and_says_since_when_and_why() -> None:
    fitted = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95, look=0)
    gate = fitted.suspend("2026-11-21T10:05:07.1Z", "7 of the last 20 were wrong", {"drift": 1})
    assert gate.state == "suspended"
    assert not gate.accepts(1.0)
    assert gate.certified_coverage == 0.0
    assert "2026-11-21 10:05 UTC: 7 of the last 20 were wrong, where at most 5%" in gate.sentence
    assert "trained anew" in gate.sentence
    assert gate.evidence == fitted.evidence | {"drift": 1}
    assert gate.under(0.01, 0.99) == gate
    assert Gate.from_json(json.loads(json.dumps(gate.to_json()))) == gate


def test_json_keeps_the_whole_gate() -> None:
    gate = fit_gate([0.9] * 100, [True] * 100, [0.9] * 100, 0.05, 0.95)
    assert Gate.from_json(json.loads(json.dumps(gate.to_json()))) == gate


@pytest.mark.parametrize(("max_error", "level"), [(0.0, 0.95), (1.0, 0.95), (0.05, 1.0)])
def test_rates_outside_0_to_1_are_refused(max_error: float, level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_gate([0.5], [True], [0.5], max_error, level)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 confidences but 2 labels"):
        fit_gate([0.5], [True, False], [0.5], 0.05, 0.95)


def test_labels_needed_are_those_of_the_binomial() -> None:
    assert labels_needed(0.0, 0.05, 0.95) == 59
    assert labels_needed(0.0, 0.10, 0.95) == 29
    assert labels_needed(0.05, 0.05, 0.95) is None
    assert labels_needed(0.0499, 0.05, 0.95) is None


@pytest.mark.parametrize("error", [0.001, 0.01, 0.0234, 1 / 30, 0.04])
def test_labels_needed_are_the_fewest(error: float) -> None:
    accepted = np.arange(1, MOST_LABELS + 1)
    p_values = binom.cdf(np.ceil(error * accepted - 1e-9), accepted, 0.05)
    assert labels_needed(error, 0.05, 0.95) == accepted[p_values <= 1 - 0.95][0]


def test_an_answer_in_parts_is_wrong_where_one_served_part_is() -> None:
    right, spoilt = [(0.9, True), (0.2, False)], [(0.9, True), (0.8, False)]
    traffic = [[0.9, 0.2]] * 20
    assert fit_partial_gate([right] * 59, traffic, 0.05, 0.95).state == "open"
    assert fit_partial_gate([right] * 180 + [spoilt] * 4, traffic, 0.05, 0.95).state == "open"
    low = [[0.7, 0.2]] * 20  # a threshold that the spoilt parts pass
    assert fit_partial_gate([right] * 100 + [spoilt] * 40, low, 0.05, 0.95).state == "closed"
    assert fit_partial_gate([[]] * 100, traffic, 0.05, 0.95).state == "closed"
    assert fit_partial_gate([], [], 0.05, 0.95).state == "closed"


def test_whole_answers_are_answers_of_one_part() -> None:
    chance = np.random.default_rng(5)
    confidences, correct = answers(chance, 900, 0.07, 0.9)
    traffic = answers(chance, 900, 0.07, 0.9)[0].tolist()
    labels = list(zip(confidences.tolist(), correct.tolist(), strict=True))
    whole = fit_gate(confidences.tolist(), correct.tolist(), traffic, 0.05, 0.95)
    parts = fit_partial_gate([[label] for label in labels], [[c] for c in traffic], 0.05, 0.95)
    assert whole.state == "open"
    assert (parts.threshold, parts.evidence) == (whole.threshold, whole.evidence)
