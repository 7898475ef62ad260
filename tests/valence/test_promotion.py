"""Who is promoted, who is not, and that the reason names figures."""

from __future__ import annotations

import numpy as np
import pytest

from valence.boundaries import get
from valence.evaluation import Evaluated, Trial, evaluate
from valence.promotion import decide

A, B = ("Ada", "born", "London"), ("Ada", "field", "maths")


def variant(name: str, rates: tuple[float, float], count: int = 60, seed: int = 0) -> Evaluated:
    """A variant that is right on the first share of items and cannot be read on the second."""
    right, unreadable = rates
    order = np.random.default_rng(seed).permutation(count)
    outputs = [
        (A, B) if place < right * count else None if place >= (1 - unreadable) * count else (A,)
        for place in order
    ]
    trials = [Trial("text", (A, B), output) for output in outputs]
    return evaluate(get("decompose"), name, trials)


def test_better_than_all_beyond_chance_is_promoted() -> None:
    decision = decide(
        variant("candidate", (0.9, 0.0)),
        {"builtin": variant("builtin", (0.1, 0.5)), "base": variant("base", (0.0, 1.0))},
    )
    assert decision.promote
    assert "better than builtin" in decision.reason
    assert "base" in decision.reason
    assert set(decision.comparisons) == {"builtin", "base"}


def test_better_by_chance_is_rejected() -> None:
    decision = decide(
        variant("candidate", (0.52, 0.0), seed=1), {"previous": variant("previous", (0.48, 0.0))}
    )
    assert not decision.promote
    assert decision.reason.startswith("not better than previous beyond chance: score ")
    assert "p = " in decision.reason


@pytest.mark.parametrize("rate", [0.5, 0.7])
def test_no_better_than_one_of_them_is_rejected(rate: float) -> None:
    decision = decide(
        variant("candidate", (0.5, 0.0)),
        {"base": variant("base", (0.0, 0.9)), "previous": variant("previous", (rate, 0.0))},
    )
    assert not decision.promote
    assert decision.reason.startswith("not better than previous: score ")


def test_what_cannot_be_read_is_rejected_whatever_it_beats() -> None:
    decision = decide(variant("candidate", (0.4, 0.6)), {"base": variant("base", (0.0, 1.0))})
    assert not decision.promote
    assert decision.reason == "only 40% of its answers can be read; at least 50% must be"


def test_a_variant_does_not_beat_itself() -> None:
    same = variant("candidate", (0.9, 0.0))
    assert not decide(same, {"previous": same}).promote
