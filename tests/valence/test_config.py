"""Settings from a file and the environment, and writing one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from valence.config import Settings, describe, load_settings, set_value
from valence.errors import ConfigError


@pytest.fixture
def path(home: Path) -> Path:
    home.mkdir()
    return home / "config.toml"


def test_the_defaults_are_those_of_the_contract(path: Path) -> None:
    settings = load_settings(path)
    assert (settings.gate.max_error, settings.gate.confidence_level) == (0.05, 0.95)
    assert (settings.gate.audit_rate, settings.gate.shadow_rate) == (0.02, 1.0)
    training = settings.training
    assert training.trigger_examples == 1000
    assert (training.rank, training.alpha, training.epochs, training.batch_size) == (16, 32, 3, 4)
    assert settings.frontier.provider == "none"
    assert settings.frontier.monthly_budget_usd is None
    assert settings.local.enabled
    assert not settings.privacy.offline
    assert settings.privacy.learn == "all"
    assert not path.exists()


def test_every_setting_is_explained() -> None:
    for section, keys in describe().items():
        for name, meaning in keys.items():
            assert meaning, f"{section}.{name}"


def test_the_environment_stands_above_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("[gate]\nmax_error = 0.1\naudit_rate = 0.5\n")
    monkeypatch.setenv("VALENCE_GATE__MAX_ERROR", "0.2")
    settings = load_settings(path)
    assert (settings.gate.max_error, settings.gate.audit_rate) == (0.2, 0.5)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[gate]\nmax_eror = 0.1\n", "gate.max_eror"),
        ("[gate]\nmax_error = 2\n", "gate.max_error"),
        ("[gates]\nmax_error = 0.1\n", "gates"),
        ("gate = 5\n", "gate"),
        ('[privacy]\nlearn = "some"\n', "privacy.learn"),
        ("[gate\n", "config.toml"),
        ("[gate]\nmax_error = \n", "config.toml"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(path: Path, text: str, named: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        load_settings(path)


def test_a_file_that_is_no_text_is_named(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_settings(path)


@pytest.mark.parametrize(
    ("name", "value"), [("VALENCE_GATE__MAX_ERROR", "much"), ("VALENCE_GATE", "{not JSON")]
)
def test_a_wrong_variable_is_a_config_error(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"gate|VALENCE_"):
        load_settings(path)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("gate.max_error", "0.01", 0.01),
        ("training.epochs", "5", 5),
        ("local.enabled", "false", False),
        ("local.model", "org/name", "org/name"),
        ("local.revision", "7e10", "7e10"),
        ("frontier.model", "2024-01-01", "2024-01-01"),
        ("frontier.provider", "openai", "openai"),
        ("frontier.monthly_budget_usd", "20", 20.0),
        ("frontier.monthly_budget_usd", "none", None),
        ("frontier.provider", "none", "none"),
    ],
)
def test_a_setting_is_written_and_read_back(path: Path, key: str, text: str, value: object) -> None:
    section, name = key.split(".")
    for settings in (set_value(path, key, text), load_settings(path)):
        assert getattr(getattr(settings, section), name) == value
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_other_settings_stay(path: Path) -> None:
    path.write_text("# mine\n[gate]\nmax_error = 0.1  # strict\n")
    set_value(path, "training.rank", "8")
    text = path.read_text()
    assert "# mine" in text
    assert "# strict" in text
    assert load_settings(path) == Settings(
        gate={"max_error": 0.1},  # type: ignore[arg-type]
        training={"rank": 8},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("gate.max_eror", "0.1"),
        ("gate", "0.1"),
        ("max_error", "0.1"),
        ("gate.max_error", "7"),
        ("gate.max_error", "none"),
        ("training.epochs", "many"),
        ("privacy.learn", "some"),
    ],
)
def test_a_wrong_setting_is_not_written(path: Path, key: str, text: str) -> None:
    path.write_text("[gate]\nmax_error = 0.1\n")
    with pytest.raises(ConfigError):
        set_value(path, key, text)
    assert path.read_text() == "[gate]\nmax_error = 0.1\n"


def test_what_cannot_be_written_leaves_the_file_as_it_was(path: Path) -> None:
    path.write_text("[gate]\nmax_error = 0.1\n")
    with pytest.raises(ConfigError, match=r"as they were.*config\.toml"):
        set_value(path, "frontier.model", "\udcff")
    (path.parent / ".config.toml.new").mkdir()
    with pytest.raises(ConfigError, match=r"as they were.*config\.toml"):
        set_value(path, "frontier.model", "a-model")
    assert path.read_text() == "[gate]\nmax_error = 0.1\n"


def test_a_wrong_value_in_the_file_can_be_set_right(path: Path) -> None:
    path.write_text("[gate]\nmax_error = 7\n")
    assert set_value(path, "gate.max_error", "0.05").gate.max_error == 0.05


@pytest.mark.parametrize("text", ["[gate\n", "gate = 5\n"])
def test_nothing_is_set_in_a_file_that_cannot_be_read(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"[Mm]end"):
        set_value(path, "gate.max_error", "0.05")
    assert path.read_text() == text
