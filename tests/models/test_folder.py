from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models.errors import ModelNotFound, UnsafeModel
from models.folder import ModelFolder, find, markers
from models.prompting import LINES, TAGS


@pytest.fixture
def copy(tiny_llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama, tmp_path / "copy"))


def change(path: Path, **values: object) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**found, **values}), encoding="utf-8")


def test_a_model_folder_says_what_it_is(tiny_llama: Path, tiny_4bit: Path) -> None:
    plain, small = ModelFolder.open(tiny_llama), ModelFolder.open(tiny_4bit)
    assert (plain.quantised, small.quantised) == (False, True)
    assert plain.window == 256
    assert plain.size_bytes > small.size_bytes > 0


def test_the_revision_changes_with_the_weights(copy: Path, tiny_llama: Path) -> None:
    before = ModelFolder.open(tiny_llama).revision
    assert ModelFolder.open(copy).revision == before
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert ModelFolder.open(copy).revision != before


@pytest.mark.parametrize("key", ["auto_map", "model_file"])
@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_folder_that_wants_code_run_is_refused(copy: Path, file: str, key: str) -> None:
    change(copy / file, **{key: "modeling.py"})
    with pytest.raises(UnsafeModel, match=key):
        ModelFolder.open(copy)


def test_a_model_type_outside_the_library_is_refused(copy: Path) -> None:
    change(copy / "config.json", model_type="..elsewhere.code")
    with pytest.raises(UnsafeModel):
        ModelFolder.open(copy)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_weights_that_can_run_code_are_refused(copy: Path, name: str) -> None:
    (copy / "model.safetensors").rename(copy / name)
    with pytest.raises(UnsafeModel, match=name):
        ModelFolder.open(copy)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_what_is_missing_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelNotFound, match=r"config\.json|tokenizer\.json|safetensors"):
        ModelFolder.open(copy)


def test_broken_json_is_not_a_model(copy: Path) -> None:
    (copy / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelNotFound, match="cannot be read"):
        ModelFolder.open(copy)


@pytest.mark.parametrize("place", ["org--tiny", "org/tiny"])
def test_an_id_is_found_among_stored_models(copy: Path, tmp_path: Path, place: str) -> None:
    target = tmp_path / "models" / place
    target.parent.mkdir(parents=True)
    copy.rename(target)
    assert find("org/tiny", tmp_path / "models").path == target


def test_an_id_is_found_in_the_hubs_cache(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = tmp_path / "hub" / "models--org--tiny"
    (cached / "snapshots").mkdir(parents=True)
    copy.rename(cached / "snapshots" / "abc123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc123", encoding="utf-8")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert find("org/tiny", tmp_path / "none").revision == "abc123"
    assert find("org/tiny", tmp_path / "none", "abc123").revision == "abc123"
    with pytest.raises(ModelNotFound):
        find("org/tiny", tmp_path / "none", "other")


@pytest.mark.parametrize("model", ["org/absent", "/no/such/folder", "../x", ""])
def test_what_is_not_there_is_said_so(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    with pytest.raises(ModelNotFound):
        find(model, tmp_path)


def test_markers_follow_the_vocabulary(tiny_tags: Path, tiny_qwen: Path) -> None:
    assert markers(ModelFolder.open(tiny_tags)) == TAGS
    assert markers(ModelFolder.open(tiny_qwen)) == LINES
