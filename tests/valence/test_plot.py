"""The picture of a status: what is in it, and what stands in its way."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from valence.errors import ValenceError
from valence.plot import MOST_ROWS, draw, rows
from valence.quality import Verdict, quality
from valence.status import BoundaryStatus

SIGNATURES = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
EXPECTED = ("fallback", "cost", "local answers right", "risk and coverage", "reliability")


def a_quality(answers: int) -> dict[str, Any]:
    verdicts = [
        Verdict("", None, "a", confidence=n / answers, right=n % 3 > 0, fair=True, audited=False,
                corrected=False, kept=True)
        for n in range(answers)
    ]  # fmt: skip
    return asdict(quality(verdicts))


def a_bucket(calls: int, checked: int) -> dict[str, Any]:
    found = a_quality(checked)
    told = {name: found[name] for name in ("checked", "right", "right_low", "right_high")}
    traffic = {"since": "", "calls": calls, "fallback_rate": 0.4, "latency_ms": 9.0}
    return traffic | {"cost_usd": 0.1, "cost_all_frontier_usd": 0.3} | told


FIGURES: dict[str, Any] = {
    "calls": 150,
    "fallback_rate": 0.4,
    "recent_fallback_rate": 0.4,
    "routes": {},
    "cost_usd": 0.2,
    "cost_all_frontier_usd": 0.6,
    "accuracy": a_quality(40),
    "over_time": [a_bucket(100, 0), a_bucket(50, 30)],
    "entropy_threshold": None,
    "keywords": [],
}
STATUS = BoundaryStatus(
    **FIGURES,
    boundary="decompose",
    domains={},
    gate={"state": "closed", "max_error": 0.05, "sentence": "Closed: $x_{ is missing."},
    adapter=None,
    examples={},
    until_training=1000,
    last_run=None,
)
NEW = replace(
    STATUS, boundary="recompose", calls=1, accuracy=a_quality(0), cost_all_frontier_usd=None,
    over_time=[a_bucket(1, 0)],
)  # fmt: skip


def test_a_status_is_drawn_with_all_its_panels(tmp_path: Path) -> None:
    path = tmp_path / "status.svg"
    with pytest.MonkeyPatch.context() as patch:
        import matplotlib

        patch.setitem(matplotlib.rcParams, "svg.fonttype", "none")  # words stay words
        draw([STATUS, NEW], path)
    drawn = path.read_text("utf-8")
    assert [drawn.count(f">{title}<") for title in EXPECTED] == [2] * 5
    assert drawn.count("nothing checked yet") >= 3
    assert "Closed: $x_{ is missing." in drawn


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_the_ending_says_which_form(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"status{ending}"
    draw([NEW], path)
    assert path.read_bytes().startswith(SIGNATURES[ending])


def test_domains_stand_under_their_boundary_the_most_called_first() -> None:
    domains = {f"d{n}": FIGURES | {"calls": n} for n in range(1, 40)}
    uncalled = replace(STATUS, boundary="voice", calls=0)
    titles = [title for title, _ in rows([replace(STATUS, domains=domains), uncalled])]
    assert len(titles) == MOST_ROWS
    assert titles[0] == "decompose: 150 calls. Closed: $x_{ is missing."
    assert titles[1:3] == ["decompose, d39: 39 calls", "decompose, d38: 38 calls"]


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValenceError, match="nothing to draw"):
        draw([replace(STATUS, calls=0)], tmp_path / "status.png")


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValenceError, match=r"not written: No such file.*gone"):
        draw([NEW], tmp_path / "gone" / "status.png")


def test_without_matplotlib_the_way_to_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ValenceError, match="matplotlib is not installed"):
        draw([STATUS], tmp_path / "status.png")
