"""Classifier heads by themselves: what they say of vectors, and what a file of them must be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models import heads_fitting
from models.adapters import WEIGHTS
from models.errors import AdapterMismatch
from models.heads import Heads
from models.heads_fitting import fit_heads

SIZE = 32
PLACES = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5}

Matrix = NDArray[np.float32]


def cloud(place: int, count: int, seed: int = 0, spread: float = 0.15) -> Matrix:
    """Unit vectors around one axis."""
    rng = np.random.default_rng([place, seed])
    rows = rng.normal(0, spread, (count, SIZE)).astype(np.float32)
    rows[:, place] += 1
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def taught(
    counts: Mapping[str | None, int], seed: int = 0
) -> tuple[Matrix, list[dict[str, str | None]]]:
    rows = [cloud(PLACES.get(label or "", 20), n, seed) for label, n in counts.items()]
    labels = [{"h": label} for label, n in counts.items() for _ in range(n)]
    return np.concatenate(rows), labels


def test_known_messages_get_their_label_and_strange_ones_none() -> None:
    heads = fit_heads(*taught({"a": 60, "b": 60, "c": 60, None: 40}), ["h"], "m")
    for label in "abc":
        said = [read["h"].label for read in heads.read(cloud(PLACES[label], 50, seed=1))]
        assert said.count(label) >= 45
        assert set(said) <= {label, None}
    strange = [read["h"].label for read in heads.read(cloud(20, 50, seed=1))]
    assert strange.count(None) >= 45


def test_without_unknown_messages_classes_held_out_stand_in() -> None:
    heads = fit_heads(*taught(dict.fromkeys(PLACES, 30)), ["h"], "m")
    strange = [read["h"].label for read in heads.read(cloud(25, 40, seed=1))]
    known = [read["h"].label for read in heads.read(cloud(0, 40, seed=1))]
    assert strange.count(None) >= 35
    assert known.count("a") >= 35


def test_each_head_knows_what_it_was_told_alone() -> None:
    rows = np.concatenate([cloud(0, 40), cloud(1, 40)])
    red = {"colour": "red", "shape": "round"}
    labels = [red] * 40 + [{"colour": "blue", "shape": None}] * 40
    heads = fit_heads(rows, labels, ["colour", "shape", "size"], "m")
    one, other = heads.read(np.concatenate([cloud(0, 1, seed=2), cloud(1, 1, seed=2)]))
    assert (one["colour"].label, one["shape"].label) == ("red", "round")
    assert (other["colour"].label, other["shape"].label) == ("blue", None)
    assert one["size"].label is other["size"].label is None


def test_what_is_not_said_of_a_head_teaches_it_nothing() -> None:
    """Messages that speak of the colour alone are not unknown shapes."""
    rows = np.concatenate([cloud(0, 40), cloud(1, 40), cloud(0, 40, seed=5)])
    told: list[dict[str, str | None]] = [
        *[{"colour": "red", "shape": "round"}] * 40,
        *[{"colour": "blue", "shape": "long"}] * 40,
        *[{"colour": "red"}] * 40,
    ]
    both = fit_heads(rows, told, ["shape"], "m")
    without = fit_heads(rows[:80], told[:80], ["shape"], "m")
    asked = cloud(0, 20, seed=6)
    said, expected = (
        [each["shape"].label for each in heads.read(asked)] for heads in (both, without)
    )
    assert said == expected
    assert said.count("round") > 15


def test_confidences_are_chances_and_features_are_finite() -> None:
    heads = fit_heads(*taught({"a": 50, "b": 50, None: 25}), ["h"], "m")
    for read in heads.read(
        np.concatenate([cloud(0, 20, 3), cloud(20, 20, 3), np.zeros((1, SIZE))])
    ):
        assert 0 <= read["h"].confidence <= 1
        assert np.isfinite(list(read["h"].features.values())).all()


@pytest.mark.parametrize(
    "counts",
    [{"a": 60}, {"a": 1, "b": 1}, {"a": 1, "b": 80}, {"a": 40, None: 40}, {None: 30}],
    ids=["one class", "one of each", "a single one", "one class and unknown", "nothing known"],
)
def test_little_to_learn_from_gives_heads_that_answer(counts: dict[str | None, int]) -> None:
    heads = fit_heads(*taught(counts), ["h"], "m")
    read = heads.read(cloud(0, 5, seed=4))
    assert {each["h"].label for each in read} <= {*filter(None, counts), None}


def test_contradictory_labels_are_told_by_low_confidence() -> None:
    rows = np.repeat(cloud(0, 40), 2, axis=0)
    heads = fit_heads(rows, [{"h": "a"}, {"h": "b"}] * 40, ["h"], "m")
    assert max(read["h"].confidence for read in heads.read(cloud(0, 20, 5))) < 0.75


def test_ten_thousand_duplicates_are_learnt() -> None:
    rows = np.repeat(np.concatenate([cloud(0, 1), cloud(1, 1)]), 5000, axis=0)
    heads = fit_heads(rows, [{"h": "a"}] * 5000 + [{"h": "b"}] * 5000, ["h"], "m")
    assert heads.read(rows[:1])[0]["h"].label == "a"


def test_no_more_is_remembered_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads_fitting, "MOST_REMEMBERED", 100)
    heads = fit_heads(*taught({"a": 60, "b": 60, None: 30}), ["h"], "m")
    assert len(heads.memory) == len(heads.heads["h"].places) == 100


def test_the_same_messages_give_the_same_heads(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        fit_heads(*taught({"a": 30, "b": 30, None: 25}), ["h"], "m").save(tmp_path / name)
    one, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "other"))
    assert one == other


def test_a_file_says_what_was_fitted(tmp_path: Path) -> None:
    heads = fit_heads(*taught({"a": 30, "b": 30, None: 25}), ["h"], "minilm@1")
    heads.save(tmp_path)
    loaded = Heads.load(tmp_path, ["h"])
    assert loaded.embedding == "minilm@1"
    asked = np.concatenate([cloud(0, 10, 6), cloud(1, 10, 6), cloud(20, 10, 6)])
    assert [r["h"].label for r in loaded.read(asked)] == [r["h"].label for r in heads.read(asked)]


def _other_heads(path: Path) -> None:
    fit_heads(*taught({"a": 30, "b": 30}), ["other"], "m").save(path.parent)


def _no_file(path: Path) -> None:
    path.unlink()


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _fewer_labels(path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        tensors: dict[str, Any] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    metadata["heads"] = metadata["heads"].replace('["a", "b"]', '["a"]')
    save_file(tensors, path, metadata)


@pytest.mark.parametrize("spoil", [_other_heads, _no_file, _torn, _fewer_labels])
def test_what_is_no_file_of_these_heads_is_refused(tmp_path: Path, spoil: Any) -> None:
    fit_heads(*taught({"a": 30, "b": 30}), ["h"], "m").save(tmp_path)
    spoil(tmp_path / WEIGHTS)
    with pytest.raises(AdapterMismatch, match="holds no heads h"):
        Heads.load(tmp_path, ["h"])
