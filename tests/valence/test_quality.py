"""Figures of local answers by hand-computed cases."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from store.labels import Label
from valence.boundaries import get
from valence.quality import Bin, Verdict, judged, quality, reliability

decompose = get("decompose")
GOLD = json.dumps({"triples": [["Ada", "born in", "London"]]})
OTHER = json.dumps({"triples": [["Ada", "born in", "Paris"]]})


def label(**changes: Any) -> Label:
    values: dict[str, Any] = {
        "call_id": "c", "created_at": "2026-01-01", "domain": None, "adapter_id": "a",
        "input": "Ada was born in London.", "local": GOLD, "confidence": 0.9, "features": None,
        "served": False, "audited": False, "correction": None, "frontier": GOLD, "answer": GOLD,
        "reason": "",
    }  # fmt: skip
    return Label(**values | changes)


def verdict(confidence: float | None = 0.9, right: bool = True, **changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "at": "", "domain": None, "adapter_id": "a", "fair": True, "audited": False,
        "corrected": False, "kept": right,
    }  # fmt: skip
    return Verdict(confidence=confidence, right=right, **values | changes)


def test_labels_are_judged_by_their_boundary() -> None:
    given = [
        label(served=True, audited=True),
        label(local=OTHER),
        label(served=True, frontier=None, correction=OTHER),
        label(correction=OTHER),
        label(local="not JSON"),
    ]
    found = judged(decompose, given)
    assert [v.right for v in found] == [True, False, False, False, False]
    assert [v.fair for v in found] == [True, True, False, True, True]
    assert [v.audited for v in found] == [True, False, False, False, False]
    assert [v.corrected for v in found] == [False, False, True, False, False]


def test_an_answer_served_in_part_is_kept_where_each_part_was_shown() -> None:
    both = json.dumps({"triples": [["Ada", "born in", "London"], ["Ada", "knew", "Bob"]]})
    served = {"served": True, "audited": True, "reason": "partial", "local": both}
    found = judged(decompose, [label(**served), label(**served, answer=OTHER)])
    assert [(v.right, v.kept) for v in found] == [(False, True), (False, False)]
    assert quality(found).served_right == 0.5
    assert quality(found).right == 0.0


def test_a_correction_alone_is_counted_and_moves_no_other_figure() -> None:
    fair = [verdict(0.9), verdict(0.8), verdict(0.3, right=False)]
    corrected = verdict(0.99, right=False, fair=False, corrected=True)
    with_it, without = asdict(quality([*fair, corrected])), asdict(quality(fair))
    assert (with_it.pop("corrected"), without.pop("corrected")) == (1, 0)
    assert with_it == without
    assert without["right"] == pytest.approx(2 / 3)
    assert without["auroc"] == 1.0


def test_the_served_share_is_of_audits_only() -> None:
    found = quality(
        [
            verdict(audited=True),
            verdict(audited=True),
            verdict(audited=True, right=False),
            verdict(right=False),
            verdict(right=False),
        ]
    )
    assert (found.checked, found.served_checked) == (5, 3)
    assert found.served_right == pytest.approx(2 / 3)
    assert found.served_right_low == pytest.approx(0.0943, abs=1e-4)  # Clopper-Pearson, 2 of 3
    assert found.served_right_high == pytest.approx(0.9916, abs=1e-4)


def test_nothing_checked_is_no_figure() -> None:
    found = asdict(quality([]))
    assert {name: value for name, value in found.items() if value is not None} == {
        "checked": 0, "served_checked": 0, "corrected": 0, "risk_coverage": [], "reliability": [],
    }  # fmt: skip


def test_answers_without_a_confidence_count_for_accuracy_alone() -> None:
    found = quality([verdict(None), verdict(None, right=False)])
    assert (found.checked, found.right, found.ece, found.brier, found.auroc) == (
        2, 0.5, None, None, None,
    )  # fmt: skip


def test_reliability_has_the_bins_that_hold_answers() -> None:
    found = reliability([0.91, 0.99, 1.0, 0.05], [True, True, False, False])
    assert found == [
        Bin(confidence=0.05, right=0.0, count=1),
        Bin(confidence=pytest.approx(2.9 / 3), right=pytest.approx(2 / 3), count=3),
    ]
    weight = sum(abs(b.confidence - b.right) * b.count for b in found) / 4
    known = [verdict(c, r) for c, r in [(0.91, True), (0.99, True), (1.0, False), (0.05, False)]]
    assert quality(known).ece == pytest.approx(weight)
