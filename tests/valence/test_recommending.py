"""Which model suits which machine, and a download of its own process."""

from __future__ import annotations

import pytest

from models.machine import GIB, Facts
from valence import fetching
from valence.locations import Locations
from valence.recommending import choices, machine_in_words


@pytest.mark.parametrize(
    ("system", "gigabytes", "name"),
    [
        ("Darwin", 4, "Qwen2.5 0.5B"),
        ("Darwin", 8, "Qwen2.5 1.5B"),
        ("Darwin", 16, "Qwen2.5 3B"),
        ("Darwin", 128, "Qwen2.5 3B"),
        ("Linux", 64, "Qwen2.5 1.5B"),
    ],
)
def test_one_model_is_recommended_and_fits(system: str, gigabytes: int, name: str) -> None:
    machine = Facts(system=system, chip="M2", memory=gigabytes * GIB, cores=8)
    [best] = [choice for choice in choices(machine) if choice.recommended]
    assert best.base.name == name
    assert best.fits
    assert machine_in_words(machine) == f"M2 with {gigabytes} GB of memory"


def test_a_download_that_is_not_allowed_says_why(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    locations = Locations(tmp_path)  # type: ignore[arg-type]
    locations.prepare()
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path))
    monkeypatch.setenv("VALENCE_PRIVACY__OFFLINE", "true")
    fetch = fetching.start(locations, "mlx-community/none", 1.0)
    assert fetch.progress == 0.0
    fetch.process.wait(60)
    assert fetch.state == "failed"
    assert "privacy.offline is on" in fetch.problem
