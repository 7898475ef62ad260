"""The settings as a person looks through them: value, meaning, where it comes from, what it may be.

It reads; `valence.config` writes. It does not know how a setting is shown, nor what it is used for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic_settings import EnvSettingsSource

from valence.config import GateSettings, Settings, describe, load_settings, read_settings_file

Origin: TypeAlias = Literal["default", "file", "environment"]

EFFECTS = {
    "local": "From the next call on; the model is loaded anew.",
    "frontier": "From the next call on.",
    "gate": "From the next call on; a gate that was fitted for less than is promised closes.",
    "training": "From the next training run on.",
    "memory": "From the next thing told or asked on.",
    "privacy": "From the next call on.",
}
"""When a change of a section's settings takes effect."""
AT_ONCE = "At once."
NOTHING = "none"
"""How the lack of a value is written."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting. `value` and `default` are written as in the settings file, "none" for nothing.

    `choices` are all that it may be, empty where it is free. `variable` is the environment's name
    for it: where `origin` is the environment, a change in the file would change nothing.
    """

    key: str
    meaning: str
    value: str
    default: str
    origin: Origin
    choices: tuple[str, ...]
    variable: str
    effect: str

    @property
    def section(self) -> str:
        """The part of the key before the dot."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The part of the key behind the dot."""
        return self.key.partition(".")[2]

    @property
    def editable(self) -> bool:
        """Whether a change in the file changes anything."""
        return self.origin != "environment"


def options(path: Path) -> list[Option]:
    """Every setting as it is now: the file at `path` under the environment. Raises ConfigError."""
    settings, written = load_settings(path), read_settings_file(path)
    environment = EnvSettingsSource(Settings)()
    return [
        _option(settings, section, name, meaning, _origin(environment, written, section, name))
        for section, keys in describe().items()
        for name, meaning in keys.items()
    ]


def promise(gate: GateSettings) -> str:
    """What the gate's two figures mean together."""
    return (
        f"Of what is served locally at most {_percent(gate.max_error)} is wrong, "
        f"with {_percent(gate.confidence_level)} confidence."
    )


def as_text(value: Any) -> str:
    """A value as it is written into the settings file."""
    if value is None:
        return NOTHING
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _option(settings: Settings, section: str, name: str, meaning: str, origin: Origin) -> Option:
    chosen = getattr(settings, section)
    field = type(chosen).model_fields[name]
    return Option(
        key=f"{section}.{name}",
        meaning=meaning,
        value=as_text(getattr(chosen, name)),
        default=as_text(field.default),
        origin=origin,
        choices=_choices(field.annotation),
        variable=f"VALENCE_{section}__{name}".upper(),
        effect=EFFECTS.get(section, AT_ONCE),
    )


def _origin(
    environment: dict[str, Any], written: dict[str, Any], section: str, name: str
) -> Origin:
    if name in environment.get(section, {}):
        return "environment"
    return "file" if name in written.get(section, {}) else "default"


def _choices(annotation: Any) -> tuple[str, ...]:
    if annotation is bool:
        return ("true", "false")
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _percent(share: float) -> str:
    return f"{100 * share:g}%"
