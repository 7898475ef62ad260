"""The gate's report: what is written by hand stays, and another start is tested as the product
tests its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gate_report
import gate_start
import numpy as np
import pytest

from valence.gate import fit_gate

REPORT: dict[str, Any] = {
    "base": "tiny", "rows": [], "ablations": [], "forms": [], "shares": [], "started": [],
    "simulated": [],
}  # fmt: skip


def drawn(seed: int, right: float = 0.9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(confidences, right, traffic) of a score that tells a good deal."""
    chance = np.random.default_rng(seed)
    good = chance.random(1000) < right
    sure = 1 / (1 + np.exp(-chance.normal(size=1000) - 2.5 * good))
    return sure[:700], good[:700], sure[700:]


def test_what_was_written_by_hand_is_kept(tmp_path: Path) -> None:
    gate_report.write(REPORT, tmp_path)
    page = tmp_path / "bench_gate.md"
    assert page.read_text("utf-8").endswith(gate_report.BY_HAND)
    page.write_text(page.read_text("utf-8") + "\n## Decided\n\nThis goes.\n", "utf-8")
    gate_report.write(REPORT | {"base": "other"}, tmp_path)
    after = page.read_text("utf-8")
    assert after.endswith(gate_report.BY_HAND + "\n## Decided\n\nThis goes.\n")
    assert "`other`" in after
    assert "`tiny`" not in after


@pytest.mark.parametrize("seed", range(5))
def test_from_half_on_it_certifies_what_the_product_does(seed: int) -> None:
    """With fewer labels than a second start takes."""
    sure, right, traffic = (column[:500] for column in drawn(seed))
    coverage, threshold = gate_start.certified(sure, right, traffic, 0.05, 0.5)
    gate = fit_gate(sure.tolist(), right.tolist(), traffic.tolist(), 0.05, 0.95, look=0)
    assert gate.state == "open"
    assert threshold == gate.threshold
    assert coverage == pytest.approx(gate.certified_coverage, abs=0.01)


def test_a_smaller_start_opens_where_only_the_surest_are_right() -> None:
    sure, right = np.linspace(0.01, 1, 1000), np.arange(1000) >= 700
    assert gate_start.certified(sure, right, sure, 0.05, 0.5) == (0.0, math.inf)
    coverage, threshold = gate_start.certified(sure, right, sure, 0.05, 0.2)
    assert 0.2 < coverage < 0.35
    assert 0.65 < threshold < 0.8


def test_a_smaller_start_needs_labels_enough_for_its_first_test() -> None:
    sure, right = np.linspace(0.01, 1, 320), np.full(320, True)
    assert gate_start.certified(sure, right, sure, 0.05, 0.1)[0] == 0  # 32 of the 65 it takes
    assert gate_start.certified(sure, right, sure, 0.05, 0.5)[0] == 1
