"""An open gate widens with use, and keeps its promise at every moment of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.valence.score_models import MODELS, Draw, true_errors
from valence.fixed_sequence import level_of
from valence.gate import Gate, fit_gate
from valence.widening import band_labels, widened

LABELS, LOOKS = 150, 4


def of_a_good_middle(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the surer half nothing is wrong, next to nothing of what follows, much of the last tenth:
    few labels show no more than the half."""
    confidences = chance.random(count)
    wrong = np.select([confidences > 0.5, confidences > 0.1], [0.0, 0.015], 0.5)
    return confidences, chance.random(count) >= wrong


def of_a_bad_half(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The surer half is right; of the other a little more is wrong than promised, all alike."""
    confidences = chance.random(count)
    return confidences, chance.random(count) >= np.where(confidences < 0.5, 0.055, 0.0)


def opened(chance: np.random.Generator, draw: Draw) -> Gate:
    """The gate as a run leaves it."""
    confidences, correct = draw(chance, LABELS)
    traffic = draw(chance, LABELS)[0].tolist()
    return fit_gate(confidences.tolist(), correct.tolist(), traffic, 0.05, 0.95, look=0)


def in_use(chance: np.random.Generator, draw: Draw, gate: Gate) -> Iterator[Gate]:
    """The open gate, and what it is after each look; what is turned away is labelled."""
    yield gate
    traffic = draw(chance, LABELS)[0].tolist()
    for look in range(1, LOOKS + 1):
        needed = band_labels(gate, look)
        assert needed is not None
        turned_away = max(0.02, 1 - gate.certified_coverage)
        confidences, correct = draw(chance, int(needed / turned_away))
        band = confidences < gate.threshold
        gate = widened(gate, confidences[band].tolist(), correct[band].tolist(), traffic, look)
        yield gate


@pytest.mark.parametrize("draw", [*MODELS, of_a_good_middle])
def test_no_more_than_one_gate_in_twenty_ever_breaks_the_promise(draw: Draw) -> None:
    chance, error = np.random.default_rng(17), true_errors(draw)
    broken = 0
    for _ in range(250):
        gate = opened(chance, draw)
        if gate.state == "open":
            broken += any(
                error(each.threshold or 1.0) > 0.05 for each in in_use(chance, draw, gate)
            )
    print(f"{draw.__name__}: {broken} of 250 gates")
    assert broken <= 0.05 * 250


def test_a_band_worse_than_promised_is_taken_no_oftener_than_the_looks_may() -> None:
    """Although all that would be served then is within the promise."""
    chance, taken = np.random.default_rng(23), 0
    gate = Gate("open", 0.5, 0.05, 0.95, 0.5)
    for _ in range(400):
        taken += any(after.threshold != 0.5 for after in in_use(chance, of_a_bad_half, gate))
    print(f"{taken} of 400 bands")
    assert 0 < taken <= (1 - level_of(0, 0.95)) / 3 * 400


def test_more_is_served_with_use() -> None:
    chance = np.random.default_rng(3)
    first, last = [], []
    for _ in range(100):
        gate = opened(chance, of_a_good_middle)
        if gate.state == "open":
            thresholds = [each.threshold or 1.0 for each in in_use(chance, of_a_good_middle, gate)]
            assert thresholds == sorted(thresholds, reverse=True)
            first, last = [*first, thresholds[0]], [*last, thresholds[-1]]
    print(f"{1 - np.mean(first):.0%} at first, {1 - np.mean(last):.0%} after {LOOKS} looks")
    assert np.mean(last) < np.mean(first) - 0.05
