"""Fetching a model from the Hub, when a person asks for it and only then.

Takes safetensors, JSON and tokenizer text; never code or pickle. The Hub's client notes the
commit beside the files, so that it can be pinned.
"""

from __future__ import annotations

from pathlib import Path

from models.errors import ModelNotFound
from models.folder import ModelFolder

PATTERNS = ["*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt", "LICENSE*"]


def fetch(model: str, revision: str | None, models_dir: Path) -> ModelFolder:
    """Downloads `model` (a Hub id) under `models_dir`, with the Hub client's progress bars.

    A connection that breaks is taken up where it was; after a kill the files that were whole stay
    and the others begin anew. Raises ModelNotFound with the Hub's reason.
    """
    from huggingface_hub import HfApi, snapshot_download

    folder = models_dir / model.replace("/", "--")
    drop_leftovers(folder)
    try:
        commit = HfApi().model_info(model, revision=revision).sha
        snapshot_download(model, revision=commit, local_dir=folder, allow_patterns=PATTERNS)
    except Exception as error:
        # The client raises errors of three libraries; each means that nothing was fetched.
        raise ModelNotFound(f"{model} could not be fetched: {error}") from error
    return ModelFolder.open(folder)


def drop_leftovers(folder: Path) -> None:
    """Gigabytes that a killed download left: the client gives its parts a new name each time."""
    for part in folder.glob(".cache/huggingface/download/**/*.incomplete"):
        part.unlink(missing_ok=True)
