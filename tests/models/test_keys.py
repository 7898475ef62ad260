"""Keys from the environment and from a keychain that lives in memory."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordDeleteError

from models import keys


class Memory(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture(autouse=True)
def keychain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in keys.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield
    keyring.set_keyring(before)


def test_a_key_is_kept_found_and_forgotten() -> None:
    assert keys.get_key("anthropic") is None
    keys.set_key("anthropic", " sk-ant-1\n")
    assert keys.get_key("anthropic") == "sk-ant-1"
    assert keys.get_key("openai") is None
    assert keys.source("anthropic") == "keychain"
    assert keys.missing("anthropic") is None
    assert keys.forget_key("anthropic")
    assert not keys.forget_key("anthropic")
    assert keys.source("anthropic") is None


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.set_key("openai", "kept")
    monkeypatch.setenv("OPENAI_API_KEY", "set")
    assert (keys.get_key("openai"), keys.source("openai")) == ("set", "environment")


def test_without_a_keychain_the_environment_is_the_advice() -> None:
    keyring.set_keyring(fail.Keyring())
    assert keys.get_key("anthropic") is None
    assert not keys.keychain_works()
    assert "ANTHROPIC_API_KEY" in (keys.missing("anthropic") or "")
    with pytest.raises(keys.KeychainUnavailable, match="ANTHROPIC_API_KEY"):
        keys.set_key("anthropic", "k")
    with pytest.raises(keys.KeychainUnavailable):
        keys.forget_key("anthropic")


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(keys.KeyUnusable):
        keys.set_key("openai", key)
