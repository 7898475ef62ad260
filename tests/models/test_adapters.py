from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models import adapters
from models.errors import AdapterMismatch


@pytest.fixture
def adapter(tiny_llama: Path, make_adapter: Callable[..., Path], tmp_path: Path) -> Path:
    return make_adapter(tiny_llama, tmp_path / "adapters" / "one")


def test_a_saved_adapter_is_read_back(adapter: Path) -> None:
    stored = adapters.load(adapter)
    assert (stored.rank, stored.scale) == (4, 2.0)
    assert len(stored.modules) == 2 * 7
    assert stored.weights["model.layers.0.mlp.up_proj.lora_a"].shape == (64, 4)


def test_saving_over_an_adapter_replaces_it_whole(
    adapter: Path, tiny_llama: Path, make_adapter: Callable[..., Path]
) -> None:
    before = adapters.sha256(adapter)
    make_adapter(tiny_llama, adapter, seed=9)
    assert adapters.sha256(adapter) != before
    assert [path.name for path in adapter.parent.iterdir()] == ["one"]


def test_what_a_crash_left_beside_is_no_hindrance(
    adapter: Path, tiny_llama: Path, make_adapter: Callable[..., Path]
) -> None:
    for name in (".one.new", ".one.old"):
        (adapter.parent / name).mkdir()
        (adapter.parent / name / "half").touch()
    make_adapter(tiny_llama, adapter, seed=9)
    assert [path.name for path in adapter.parent.iterdir()] == ["one"]


def test_torn_weights_are_refused(adapter: Path) -> None:
    weights = adapter / adapters.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(AdapterMismatch, match="cannot be read"):
        adapters.load(adapter)


@pytest.mark.parametrize("config", ["{", "{}", '{"fine_tune_type": "dora"}', "[]"])
def test_a_config_that_is_none_is_refused(adapter: Path, config: str) -> None:
    (adapter / adapters.CONFIG).write_text(config, encoding="utf-8")
    with pytest.raises(AdapterMismatch):
        adapters.load(adapter)


def test_only_lora_is_served(adapter: Path) -> None:
    config = json.loads((adapter / adapters.CONFIG).read_text(encoding="utf-8"))
    text = json.dumps({**config, "fine_tune_type": "full"})
    (adapter / adapters.CONFIG).write_text(text, encoding="utf-8")
    with pytest.raises(AdapterMismatch, match="full"):
        adapters.load(adapter)


def test_modules_that_the_base_lacks_are_named(adapter: Path) -> None:
    with pytest.raises(AdapterMismatch, match="does not have"):
        adapters.check(adapters.load(adapter), {}, adapter)


def test_a_folder_without_weights_has_no_sum(tmp_path: Path) -> None:
    with pytest.raises(AdapterMismatch):
        adapters.sha256(tmp_path)
