"""The settings as a person looks through them."""

from __future__ import annotations

from pathlib import Path

import pytest

from valence.config import GateSettings, check, load_settings, set_value
from valence.errors import ConfigError
from valence.options import Option, options, promise


@pytest.fixture
def path(home: Path) -> Path:
    home.mkdir()
    return home / "config.toml"


def option(path: Path, key: str) -> Option:
    return next(each for each in options(path) if each.key == key)


def test_each_setting_says_where_its_value_comes_from(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("[gate]\nmax_error = 0.1\naudit_rate = 0.5\n")
    monkeypatch.setenv("valence_gate__max_error", "0.2")
    monkeypatch.setenv("VALENCE_PRIVACY", '{"offline": true}')
    overridden = option(path, "gate.max_error")
    assert (overridden.value, overridden.origin, overridden.editable) == (
        "0.2", "environment", False
    )  # fmt: skip
    assert overridden.variable == "VALENCE_GATE__MAX_ERROR"
    assert option(path, "privacy.offline").origin == "environment"
    written = option(path, "gate.audit_rate")
    assert (written.value, written.default, written.origin) == ("0.5", "0.02", "file")
    assert option(path, "privacy.learn").origin == "default"


def test_what_is_shown_can_be_written_back_and_changes_nothing(path: Path) -> None:
    before = load_settings(path)
    for each in options(path):
        assert check(each.key, each.value) is None, each.key
        assert set_value(path, each.key, each.value) == before
        assert each.meaning
        assert each.effect


def test_choices_are_named_where_there_are_any(path: Path) -> None:
    assert option(path, "frontier.provider").choices == ("anthropic", "openai", "none")
    assert option(path, "privacy.offline").choices == ("true", "false")
    assert option(path, "training.rank").choices == ()


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("gate.max_error", "7", "It should be less than 1."),
        ("gate.max_error", "much", "It should be a valid number, unable to parse string"),
        ("privacy.learn", "some", "It should be 'all', 'corrections' or 'none'."),
        ("training.rank", "0", "It should be greater than or equal to 1."),
        ("local.model", " ", "It cannot be empty."),
        ("gate.max_error", "0.1", None),
        ("frontier.model", "none", None),
    ],
)
def test_what_is_wrong_with_a_value_is_one_sentence(
    path: Path, key: str, text: str, problem: str | None
) -> None:
    said = check(key, text)
    assert said == problem or (problem and said and said.startswith(problem))
    assert not path.exists()


def test_a_file_that_cannot_be_read_is_said(path: Path) -> None:
    path.write_text("[gate\n")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        options(path)
    with pytest.raises(ConfigError, match="no setting"):
        check("gate.nothing", "1")


def test_the_promise_is_in_words() -> None:
    assert promise(GateSettings()) == (
        "Of what is served locally at most 5% is wrong, with 95% confidence."
    )
    assert "at most 0.5% is wrong, with 99.9%" in promise(
        GateSettings(max_error=0.005, confidence_level=0.999)
    )
