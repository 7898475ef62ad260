"""An open gate widens with use, and keeps its promise at every moment of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from tests.valence.score_models import MODELS, Draw, answers, binormal, true_errors
from valence.gate import Gate, fit_gate
from valence.widening import band_labels, widened

LABELS, LOOKS = 120, 4


def careful(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Good enough nearly everywhere, which 120 labels cannot show."""
    return answers(chance, count, 0.03, 0.9)


def of_a_bad_half(chance: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The surer half is right; of the other a little more is wrong than promised, all alike."""
    confidences = chance.random(count)
    return confidences, chance.random(count) >= np.where(confidences < 0.5, 0.0505, 0.0)


def opened(chance: np.random.Generator, draw: Draw) -> Gate:
    """The gate as a run leaves it."""
    confidences, correct = draw(chance, LABELS)
    traffic = draw(chance, LABELS)[0].tolist()
    return fit_gate(confidences.tolist(), correct.tolist(), traffic, 0.05, 0.95, look=0)


def in_use(chance: np.random.Generator, draw: Draw, gate: Gate) -> Iterator[Gate]:
    """The open gate, and what it is after each look; what is turned away is labelled."""
    yield gate
    for look in range(1, LOOKS + 1):
        needed = band_labels(gate, look)
        assert needed is not None
        turned_away = max(0.02, 1 - gate.certified_coverage)
        confidences, correct = draw(chance, int(1.2 * needed / turned_away))
        band = confidences < gate.threshold
        traffic = draw(chance, 400)[0].tolist()
        gate = widened(gate, confidences[band].tolist(), correct[band].tolist(), traffic, look)
        yield gate


@pytest.mark.parametrize("draw", [*MODELS, careful])
def test_no_more_than_one_gate_in_twenty_ever_breaks_the_promise(draw: Draw) -> None:
    chance, error = np.random.default_rng(17), true_errors(draw)
    broken = 0
    for _ in range(250):
        gate = opened(chance, draw)
        if gate.state == "open":
            broken += any(error(each.threshold or 1.0) > 0.05 for each in in_use(chance, draw, gate))
    print(f"{draw.__name__}: {broken} of 250 gates")
    assert broken <= 0.05 * 250


def test_a_band_that_is_worse_than_promised_is_taken_no_oftener_than_the_looks_may() -> None:
    """Although all that would be served then is within the promise."""
    chance, taken = np.random.default_rng(23), 0
    for _ in range(400):
        gate = opened(chance, of_a_bad_half)
        taken += any(
            after.threshold != before.threshold and (after.threshold or 1.0) < 0.45
            for before, after in pairwise(in_use(chance, of_a_bad_half, gate))
            if before.threshold == gate.threshold
        )
    assert taken <= 0.0125 * 400


def test_a_careful_model_serves_more_with_use() -> None:
    chance = np.random.default_rng(3)
    first, last = [], []
    for _ in range(40):
        gates = list(in_use(chance, careful, opened(chance, careful)))
        served = [gate.certified_coverage for gate in gates]
        assert served == sorted(served)
        first, last = [*first, served[0]], [*last, served[-1]]
    print(f"{np.mean(first):.0%} at first, {np.mean(last):.0%} after {LOOKS} looks")
    assert np.mean(last) > np.mean(first) + 0.05
