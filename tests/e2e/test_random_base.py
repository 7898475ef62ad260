"""A base with random weights: never promoted, never served, and nobody is misled about why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.commands import TINY, Home, pairs


@pytest.fixture(scope="module")
def random_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny base with every weight drawn anew: a model of the same layout that knows nothing."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("models") / "random-base"
    shutil.copytree(TINY, folder)
    draw = np.random.default_rng(3)
    weights = {
        name: np.ones_like(array)
        if array.ndim == 1
        else draw.normal(0, 0.02, array.shape).astype(array.dtype)
        for name, array in load_file(folder / "model.safetensors").items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def home(tmp_path: Path, random_base: Path) -> Home:
    return Home.make(tmp_path / "home", model=random_base)


def test_a_random_base_is_rejected_and_never_answers(home: Home) -> None:
    gold = pairs(150)
    home.learn_from(gold)
    result = home.train()
    assert result["state"] == "rejected"
    assert "no better than chance" in result["reason"]
    assert "its weights are untrained" in result["reason"]
    assert "valence models use" in result["reason"]
    assert result["adapter"] is None
    assert home.rows("SELECT id FROM adapters") == []
    assert home.active is None
    assert list((home.path / "adapters").iterdir()) == []

    texts = [*list(gold)[:5], "Ada Lovelace was born in London."]
    answers = home.run("decompose", "--file", "-", "--json", given="\n".join(texts)).records
    assert [(a["route"], a["reason"]) for a in answers] == [("builtin", "unverified")] * 6
    assert answers[-1]["triples"]
    local = home.rows("SELECT decision, output FROM attempts WHERE route = 'local'")
    assert len(local) == 6  # it was tried, for want of anything better, and not believed
    assert "accepted" not in {row["decision"] for row in local}


@pytest.mark.slow
def test_even_when_it_is_trained_regardless_it_is_not_promoted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the first guard gone the second one holds: it must beat what there is."""
    import valence.training as training
    from valence.app import Valence

    home.learn_from(pairs(150))
    for name, value in home.environment.items():
        if name.startswith("VALENCE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(training, "UNTRAINED_SHARE", float("inf"))
    monkeypatch.setenv("VALENCE_TRAINING__EPOCHS", "1")
    with Valence.open() as app:
        result = training.train_boundary(app, "decompose", lambda event: None)
    assert result.state == "rejected"
    assert home.active is None
    quarantined = home.rows("SELECT state, reason FROM adapters")
    assert [row["state"] for row in quarantined] == ["rejected"]
    assert result.metrics["candidate"]["exact"] < 0.1
