"""API keys: from the environment first, then from the system's keychain.

A key is never written anywhere but the keychain. It knows neither configuration nor network.
"""

from __future__ import annotations

import os
from typing import Literal

from models.errors import ModelError

VARIABLES = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
SERVICE = "valence"

Source = Literal["environment", "keychain"]


class KeychainUnavailable(ModelError):
    """The system offers no keychain, or the keychain refused."""


class KeyUnusable(ModelError):
    """The text cannot be a key: empty, or with spaces or unprintable characters."""


def get_key(provider: str) -> str | None:
    """The key of `provider` ('anthropic' or 'openai'), or None."""
    return _from_environment(provider) or _from_keychain(provider)


def source(provider: str) -> Source | None:
    """Where `get_key` finds the key."""
    if _from_environment(provider):
        return "environment"
    return "keychain" if _from_keychain(provider) else None


def unusable(key: str) -> str | None:
    """One sentence on why a text cannot be a key; None where it can."""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        return "this is not a key: it is empty or has characters no key has"
    return None


def set_key(provider: str, key: str) -> None:
    """Stores the key in the keychain. Raises KeyUnusable, KeychainUnavailable."""
    key = key.strip()
    if problem := unusable(key):
        raise KeyUnusable(problem)
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, _variable(provider), key)
    except KeyringError as error:
        raise KeychainUnavailable(_advice(provider)) from error


def forget_key(provider: str) -> bool:
    """Removes the key from the keychain; False when there was none. Raises KeychainUnavailable."""
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        keyring.delete_password(SERVICE, _variable(provider))
    except PasswordDeleteError:
        return False
    except KeyringError as error:
        raise KeychainUnavailable(_advice(provider)) from error
    return True


def missing(provider: str) -> str | None:
    """One sentence on what to do when there is no key; None when there is one."""
    if get_key(provider):
        return None
    if keychain_works():
        return f"no key for {provider}: set {_variable(provider)}, or store one in the keychain"
    return f"no key for {provider}: {_advice(provider)}"


def keychain_works() -> bool:
    """Whether this machine has a keychain that keyring can use."""
    import keyring
    from keyring.backends import fail, null

    return not isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring)


def _advice(provider: str) -> str:
    return (
        f"the keychain of this machine cannot be used; set the environment variable "
        f"{_variable(provider)} instead"
    )


def _variable(provider: str) -> str:
    if provider not in VARIABLES:
        raise KeyUnusable(f"no keys are kept for provider {provider!r}")
    return VARIABLES[provider]


def _from_environment(provider: str) -> str | None:
    return os.environ.get(_variable(provider), "").strip() or None


def _from_keychain(provider: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, _variable(provider)) or None
    except KeyringError:
        # No backend, or locked: the environment is the other way, and `missing` says so.
        return None
