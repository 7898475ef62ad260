"""Texts to vectors, by a sentence-transformers model that is on this machine.

Never goes to the network and never runs code of a model folder. The libraries are loaded with
the first text (about six seconds). It does not know what the vectors are for.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from models.errors import EmbeddingModelMissing, ModelLoadFailed, ModelNotFound, UnsafeModel
from models.folder import ModelFolder, find

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.embedding_tuning import Weights

    Matrix: TypeAlias = NDArray[np.float32]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
BATCH = 32
MODULES = frozenset({"Transformer", "Pooling", "Normalize", "Dense"})
REVISION_SHOWN = 12


class Embedder:
    """One embedding model, loaded at its first text; safe to share between threads."""

    def __init__(
        self, model: str = DEFAULT_MODEL, models_dir: Path = Path(), revision: str | None = None
    ) -> None:
        self._model = model
        self._models_dir = models_dir
        self._revision = revision
        self._tuned: Weights = {}
        self._lock = threading.Lock()

    def tuned(self, weights: Weights) -> Embedder:
        """The same model with these weights of `embedding_tuning` in place of its own."""
        other = Embedder(self._model, self._models_dir, self._revision)
        other._tuned = weights
        return other

    @cached_property
    def name(self) -> str:
        """The model with its revision, as it is stored beside each vector; loads nothing heavy.

        Vectors of different names cannot be compared. Raises as `folder` does.
        """
        short = self._model.rstrip("/").rpartition("/")[2]
        return f"{short}@{self.folder.revision[:REVISION_SHOWN]}{_mark(self._tuned)}"

    @cached_property
    def folder(self) -> ModelFolder:
        """The model's folder, checked. Raises EmbeddingModelMissing, UnsafeModel."""
        try:
            folder = find(self._model, self._models_dir, self._revision)
        except ModelNotFound as error:
            raise EmbeddingModelMissing(
                f"the embedding model {self._model} is not on this machine, so nothing is found by "
                "meaning yet; `valence models fetch --embedding` gets it, or set "
                "memory.embedding_model to a folder that holds it"
            ) from error
        _check_modules(folder.path)
        return folder

    @property
    def available(self) -> bool:
        """Whether the model is on this machine."""
        try:
            return bool(self.folder)
        except EmbeddingModelMissing:
            return False

    @property
    def is_loaded(self) -> bool:
        """Whether the next text is embedded at once."""
        return "_network" in self.__dict__

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text: float32 (n, d), each of length one, so that a dot product is the cosine.

        What is longer than the model's window (256 tokens for the default) is cut there. Raises
        EmbeddingModelMissing, UnsafeModel, ModelLoadFailed.
        """
        import numpy as np

        with self._lock:
            found = self._network.encode(
                list(texts) or [""],
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.ascontiguousarray(found[: len(texts)], dtype=np.float32)

    @cached_property
    def _network(self) -> Any:
        path = self.folder.path
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # a bar for what takes no time, on a person's terminal
        try:
            network = SentenceTransformer(
                str(path),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
            _put_in(network, self._tuned)
            return network
        except Exception as error:
            # torch, transformers and safetensors each raise their own; all mean the same here.
            raise ModelLoadFailed(f"no embedding model could be built from {path}: {error}") from (
                error
            )


def _mark(weights: Weights) -> str:
    """What tells vectors by these weights from those by the model's own."""
    if not weights:
        return ""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(weights[name].tobytes())
    return f"+{digest.hexdigest()[:REVISION_SHOWN]}"


def _put_in(network: Any, weights: Weights) -> None:
    """Raises ValueError where the model has no such weights, RuntimeError for other shapes."""
    from torch import from_numpy

    inner = network[0].model
    if strange := sorted(weights.keys() - inner.state_dict().keys()):
        raise ValueError(f"the model has no weights {strange[0]}")
    inner.load_state_dict({n: from_numpy(w).float() for n, w in weights.items()}, strict=False)


def _check_modules(path: Path) -> None:
    """Only the plain parts of sentence-transformers; weights only as safetensors."""
    for module in _modules(path / "modules.json"):
        package, _, kind = str(module.get("type", "")).rpartition(".")
        if kind not in MODULES or package.partition(".")[0] != "sentence_transformers":
            raise UnsafeModel(f"{path} asks for a module that is not known: {module.get('type')}")
        part = path / str(module.get("path", ""))
        if kind == "Dense" and not any(part.glob("*.safetensors")):
            raise UnsafeModel(f"{part} has weights in another form; safetensors are needed")


def _modules(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelLoadFailed(f"{file} cannot be read: {error}") from error
    if not isinstance(found, list) or not all(isinstance(module, dict) for module in found):
        raise ModelLoadFailed(f"{file} is not a list of modules")
    return found
