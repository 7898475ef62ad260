"""What this machine has and lacks for Valence, each with what it costs and what to do."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass

from valence.config import Settings
from valence.locations import Locations


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's; `ok` is False where something is missing."""

    name: str
    ok: bool
    detail: str


def examine(settings: Settings, locations: Locations) -> list[Finding]:
    """All findings; makes no network connection and loads no model."""
    return [
        Finding("python", sys.version_info >= (3, 11), platform.python_version()),
        _home(locations),
        _sqlite(),
        _blas(),
        _model(settings, locations),
        _embedding(settings, locations),
        _boundaries(locations),
        _frontier(settings),
        _key(settings),
        Finding("privacy", True, f"learn from: {settings.privacy.learn}"),
    ]


def _home(locations: Locations) -> Finding:
    nearest = next(p for p in (locations.home, *locations.home.parents) if p.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("home", True, f"{locations.home} (`valence locations` lists all)")
    lack = f"{nearest} is no folder that can be written; set VALENCE_HOME to one"
    return Finding("home", False, lack)


def _sqlite() -> Finding:
    from store.database import sqlite_warning

    warning = sqlite_warning()
    return Finding("sqlite", warning is None, warning or sqlite3.sqlite_version)


def _blas() -> Finding:
    from models.blas import missing

    lack = missing()
    return Finding("blas", lack is None, lack or "fast matrix products are there")


def _model(settings: Settings, locations: Locations) -> Finding:
    from models.errors import ModelError
    from models.folder import find

    if not settings.local.enabled:
        return Finding("local model", True, "switched off (local.enabled)")
    try:
        folder = find(settings.local.model, locations.models, settings.local.revision)
    except ModelError as error:
        return Finding("local model", False, f"{error}. {_until_then(settings)}")
    return Finding("local model", True, f"{folder.path.name}, {folder.size_bytes / 1e9:.2f} GB")


def _embedding(settings: Settings, locations: Locations) -> Finding:
    from models.embedding import Embedder
    from models.errors import ModelError

    chosen = settings.memory
    embedder = Embedder(chosen.embedding_model, locations.models, chosen.embedding_revision)
    try:
        return Finding("embedding model", True, f"{embedder.name}: texts are found by meaning")
    except ModelError as error:
        return Finding("embedding model", False, f"{error}. Until then words and structure find.")


def _boundaries(locations: Locations) -> Finding:
    from valence.boundaries.registry import Boundaries

    boundaries = Boundaries(locations.boundaries)
    broken = "; ".join(map(str, boundaries.broken().values()))
    there = f"classifiers: {', '.join(boundaries.classifiers())}"
    return Finding("boundaries", not broken, broken or there)


def _until_then(settings: Settings) -> str:
    """What answers without a model, and which one suits this machine, if another than is set."""
    from models.machine import facts
    from valence.recommending import choices

    best = next(choice.base for choice in choices(facts()) if choice.recommended)
    answers = "Until then a builtin reader and writer answer."
    if best.model == settings.local.model:
        return answers
    return f"{answers} `valence models fetch {best.model}` gets what suits this machine."


def _frontier(settings: Settings) -> Finding:
    frontier = settings.frontier
    if settings.privacy.offline:
        return Finding("frontier", True, "offline: no connection is made")
    if frontier.provider == "none":
        return Finding(
            "frontier",
            True,
            "none: everything stays on this machine, and there is nothing to learn from but "
            "corrections and imports (`valence config set frontier.provider anthropic`)",
        )
    known = frontier.model is not None
    lack = "frontier.model is not set"
    return Finding("frontier", known, f"{frontier.provider}: {frontier.model or lack}")


def _key(settings: Settings) -> Finding:
    from models.frontier_wire import is_loopback
    from models.keys import missing, source

    provider, url = settings.frontier.provider, settings.frontier.base_url
    if provider == "none" or (url and is_loopback(url)):
        return Finding("key", True, "none is needed")
    lack = missing(provider)
    return Finding("key", lack is None, lack or f"for {provider}, from the {source(provider)}")
