"""The settings: one TOML file, each key overridable by `VALENCE_<SECTION>__<KEY>`.

A docstring under each field says what it means; `valence config` prints them.
Knows nothing of what the settings are used for. Keys of frontier APIs are never settings.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal, get_args

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from store.whole import write_whole
from valence.errors import ConfigError

DEFAULT_EMBEDDING_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MODEL = "mlx-community/Qwen2.5-1.5B-Instruct-4bit"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class LocalSettings(Section):
    model: str = DEFAULT_MODEL
    """Hub id (fetched by `valence models fetch`) or a folder in Hugging Face format."""
    revision: str | None = None
    """Commit of the Hub id; what `valence models fetch` got is pinned here."""
    enabled: bool = True
    """Whether the local model may be used at all."""


class FrontierSettings(Section):
    provider: Literal["anthropic", "openai", "none"] = "none"
    """Which protocol the frontier speaks; `none` stays local."""
    model: str | None = None
    """The provider's name of the model."""
    base_url: str | None = None
    """Another server that speaks the provider's protocol."""
    timeout_s: float = Field(60.0, gt=0)
    """Seconds after which one attempt is given up."""
    monthly_budget_usd: float | None = Field(None, ge=0)
    """Past it the frontier is not called until the next month."""
    input_usd_per_mtok: float | None = Field(None, ge=0)
    """Price of a million input tokens, in place of the price table's."""
    output_usd_per_mtok: float | None = Field(None, ge=0)
    """Price of a million output tokens, in place of the price table's."""


class GateSettings(Section):
    max_error: float = Field(0.05, gt=0, lt=1)
    """Of what is served locally at most this share is wrong, ..."""
    confidence_level: float = Field(0.95, gt=0, lt=1)
    """... with this confidence."""
    audit_rate: float = Field(0.02, ge=0, le=1)
    """Share of locally served calls that the frontier answers too, unseen."""
    shadow_rate: float = Field(1.0, ge=0, le=1)
    """Share of frontier calls that an adapter behind a closed gate answers too, unseen."""
    partial: bool = False
    """Serve the facts it is sure of where the whole answer is not sure enough."""


class TrainingSettings(Section):
    trigger_examples: int = Field(1000, ge=1)
    """New train examples of a boundary that start a run by themselves."""
    rank: int = Field(16, ge=1)
    """LoRA rank."""
    alpha: float = Field(32.0, gt=0)
    """LoRA alpha; the update is scaled by alpha / rank."""
    epochs: int = Field(3, ge=1)
    """Passes over the training examples, at most (early stop may end sooner)."""
    batch_size: int = Field(4, ge=1)
    """Examples a step."""
    learning_rate: float = Field(2e-4, gt=0)
    """Peak learning rate of AdamW."""
    replay: float = Field(1.0, ge=0)
    """Old examples rehearsed for each new one, of those learnt earlier and of the base each."""
    max_seq_length: int = Field(512, ge=16)
    """Tokens of prompt and completion; longer examples are left out and counted."""


class MemorySettings(Section):
    notes_dir: Path | None = None
    """A folder of notes (Markdown, text, PDF, HTML) that is read and kept up with."""
    embedding_model: str = DEFAULT_EMBEDDING_MODEL
    """Hub id or folder of the sentence-transformers model that finds texts by their meaning."""
    embedding_revision: str | None = None
    """Commit of the Hub id."""


class StrategySettings(Section):
    holdout: float = Field(0.1, ge=0, le=1)
    """Share of turns whose proposed approach is held back, so that its effect can be measured."""
    trigger_trajectories: int = Field(500, ge=1)
    """New trajectories that have the strategies learned anew by themselves."""


class PrivacySettings(Section):
    offline: bool = False
    """True: no network connection, at all."""
    learn: Literal["all", "corrections", "none"] = "all"
    """What may become an example: every call, corrections alone, or nothing."""


class TerminalSettings(Section):
    theme: Literal["dark", "light", "ansi"] = "dark"
    """The terminal app's colours; `ansi` are the terminal's own."""
    reduced_motion: bool = False
    """True: nothing glides or blinks."""


class Settings(BaseSettings):
    """All settings; made by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix="VALENCE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    local: LocalSettings = LocalSettings()
    frontier: FrontierSettings = FrontierSettings()
    gate: GateSettings = GateSettings()
    training: TrainingSettings = TrainingSettings()
    memory: MemorySettings = MemorySettings()
    strategies: StrategySettings = StrategySettings()
    privacy: PrivacySettings = PrivacySettings()
    terminal: TerminalSettings = TerminalSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load_settings(path: Path) -> Settings:
    """The settings of the file at `path` (which need not exist) under the environment's.

    Raises ConfigError that names the file, the key and what is wrong with it.
    """
    return _validated(read_settings_file(path), path)


def read_settings_file(path: Path) -> dict[str, Any]:
    """What the file itself says, section by section, unchecked. Raises ConfigError where it is no
    TOML."""
    return _document(path).unwrap()


def set_value(path: Path, key: str, text: str) -> Settings:
    """Writes one `section.key` into the file, comments kept; a wrong one is not written."""
    section, name = _known(key)
    document = _document(path)
    table = document.setdefault(section, tomlkit.table())
    if not isinstance(table, MutableMapping):
        raise ConfigError(f"{section!r} is no section", where=str(path), do="Mend or remove it.")
    value = _value(section, name, text)
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    settings = _validated(document.unwrap(), path)
    _write(path, tomlkit.dumps(document))
    return settings


def check(key: str, text: str) -> str | None:
    """What is wrong with `text` as the value of one `section.key`, in one sentence; None if it can
    be set."""
    section, name = _known(key)
    if not text.strip() and not _optional(section, name):
        return "It cannot be empty."
    try:
        _section(section).model_validate({name: _value(section, name, text)})
    except ValidationError as error:
        return error.errors()[0]["msg"].replace("Input should", "It should", 1) + "."
    return None


def describe() -> dict[str, dict[str, str]]:
    """section → key → what it means."""
    return {
        section: {
            name: field.description or "" for name, field in _section(section).model_fields.items()
        }
        for section in Settings.model_fields
    }


def _document(path: Path) -> tomlkit.TOMLDocument:
    """The file with its comments; empty where there is none."""
    if not path.exists():
        return tomlkit.document()
    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; mend or remove it") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for its owner alone."""
    try:
        write_whole(path, text, private=True)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"the settings are as they were: {error}", where=str(path)) from error


def _validated(values: dict[str, Any], path: Path) -> Settings:
    try:
        return Settings(**values)
    except SettingsError as error:
        raise ConfigError(f"a variable VALENCE_… cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"setting {key!r} ({path} or environment): {first['msg']}") from error


def _section(name: str) -> type[Section]:
    annotation = Settings.model_fields[name].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, Section)
    return annotation


def _known(key: str) -> tuple[str, str]:
    section, _, name = key.partition(".")
    if name not in describe().get(section, {}):
        raise ConfigError(f"there is no setting {key!r}; `valence config` lists them all")
    return section, name


def _value(section: str, name: str, text: str) -> Any:
    """What `text` stands for; None takes an optional setting back."""
    if text.lower() in ("none", "null", "") and _optional(section, name):
        return None
    return text if _takes_text(section, name) else _typed(text)


def _optional(section: str, name: str) -> bool:
    return _section(section).model_fields[name].default is None


def _takes_text(section: str, name: str) -> bool:
    """Whether the setting is text as it stands: a model's name may look like a number."""
    annotation = _section(section).model_fields[name].annotation
    return not {str, Path}.isdisjoint((annotation, *get_args(annotation)))


def _typed(text: str) -> Any:
    """A TOML value where `text` is one (true, 0.1, 5), else the string itself."""
    try:
        return tomlkit.parse(f"value = {text}")["value"]
    except tomlkit.exceptions.ParseError:
        return text
