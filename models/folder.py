"""A model folder in Hugging Face format: found, checked, and named by a revision.

Reads JSON and looks at file names; never goes to the network, loads no weights, imports no
mlx, and refuses whatever would have code of the folder run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ModelNotFound, UnsafeModel
from models.prompting import LINES, TAG_TOKENS, TAGS, Markers

CODE_KEYS = frozenset({"auto_map", "model_file", "custom_pipelines", "trust_remote_code"})
UNSAFE_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5", "*.msgpack")
MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
MODEL_TYPE = re.compile(r"[A-Za-z0-9_-]+")
SAMPLE_BYTES = 1 << 16
SAMPLES = 16


@dataclass(frozen=True)
class ModelFolder:
    """A checked model folder: safetensors and JSON only.

    `revision` is the commit that the folder was fetched at, where that is recorded (the Hub's
    cache layout), else a sha256 over its JSON files, its weights' sizes and samples of them.
    """

    path: Path
    revision: str
    config: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path) -> ModelFolder:
        """Check the folder. Raises ModelNotFound (not a model folder), UnsafeModel."""
        path = Path(path)
        config = _json(path / "config.json")
        _refuse_code(config, path / "config.json")
        if (path / "tokenizer_config.json").exists():
            tokenizer_config = _json(path / "tokenizer_config.json")
            _refuse_code(tokenizer_config, path / "tokenizer_config.json")
        _check_weights(path)
        if not (path / "tokenizer.json").is_file():
            raise ModelNotFound(f"{path} has no tokenizer.json")
        return cls(path=path, revision=_recorded(path) or _fingerprint(path), config=config)

    @property
    def quantised(self) -> bool:
        """Whether the weights are stored in fewer than 16 bits."""
        return "quantization" in self.config or "quantization_config" in self.config

    @property
    def window(self) -> int:
        """The most tokens of prompt and answer together."""
        text = self.config.get("text_config", self.config)
        return int(text.get("max_position_embeddings", 4096))

    @property
    def size_bytes(self) -> int:
        """Bytes of weights on disk."""
        return sum(file.stat().st_size for file in self.path.glob("model*.safetensors"))


def find(model: str, models_dir: Path, revision: str | None = None) -> ModelFolder:
    """The folder of a model that is on this machine; no network, ever.

    `model` is a folder, or a Hub id (`org/name`) stored as `models_dir/org--name`, as
    `models_dir/org/name`, or in the Hub's own cache. Raises ModelNotFound, UnsafeModel.
    """
    as_path = Path(model).expanduser()
    if as_path.is_dir():
        return ModelFolder.open(as_path)
    if not MODEL_ID.fullmatch(model):
        raise ModelNotFound(f"no model folder at {model}")
    for candidate in _places(model, models_dir, revision):
        if (candidate / "config.json").is_file():
            return ModelFolder.open(candidate)
    raise ModelNotFound(f"{model} is not on this machine (valence models fetch {model})")


def markers(folder: ModelFolder) -> Markers:
    """How triples are written for this model: TAGS when its vocabulary has the tags."""
    tokenizer = _json(folder.path / "tokenizer.json")
    added = {token["content"] for token in tokenizer.get("added_tokens", ())}
    return TAGS if added.issuperset(TAG_TOKENS) else LINES


def _places(model: str, models_dir: Path, revision: str | None) -> Iterator[Path]:
    folder_name = model.replace("/", "--")
    yield models_dir / folder_name
    yield models_dir / model
    cached = _hub_cache() / f"models--{folder_name}"
    reference = cached / "refs" / (revision or "main")
    if revision is not None:
        yield cached / "snapshots" / revision
    if reference.is_file():
        yield cached / "snapshots" / reference.read_text(encoding="utf-8").strip()


def _hub_cache() -> Path:
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named)
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(home).expanduser() / "hub"


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelNotFound(f"{path.parent} is not a model folder: no {path.name}") from None
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ModelNotFound(f"{path} is not a JSON object")
    return found


def _refuse_code(config: Mapping[str, Any], path: Path) -> None:
    asked = sorted(CODE_KEYS & config.keys())
    if asked:
        raise UnsafeModel(f"{path} asks for code of its own to be run ({', '.join(asked)})")
    if path.name == "config.json" and not MODEL_TYPE.fullmatch(str(config.get("model_type", ""))):
        raise UnsafeModel(f"{path} names no plain model_type")


def _check_weights(path: Path) -> None:
    if any(path.glob("model*.safetensors")):
        return
    other = sorted(file.name for kind in UNSAFE_WEIGHTS for file in path.glob(kind))
    if other:
        raise UnsafeModel(f"{path} has weights only as {other[0]}; safetensors are needed")
    raise ModelNotFound(f"{path} has no model*.safetensors")


def _recorded(path: Path) -> str | None:
    if path.parent.name == "snapshots":
        return path.name
    # written by huggingface_hub beside each file that it fetches into a plain folder
    noted = path / ".cache" / "huggingface" / "download" / "config.json.metadata"
    return noted.read_text(encoding="utf-8").split("\n", 1)[0].strip() if noted.is_file() else None


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted([*path.glob("*.json"), *path.glob("model*.safetensors")]):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        for block in _blocks(file):
            digest.update(block)
    return digest.hexdigest()


def _blocks(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    if file.suffix == ".json":
        yield file.read_bytes()
        return
    # two models of one shape differ everywhere: samples tell them apart without reading gigabytes
    with file.open("rb") as stream:
        for i in range(SAMPLES):
            stream.seek(max(0, size - SAMPLE_BYTES) * i // (SAMPLES - 1))
            yield stream.read(SAMPLE_BYTES)


def present(used: str, models_dir: Path) -> list[tuple[str, ModelFolder]]:
    """The models on this machine: those under `models_dir`, and the one in use, by name."""
    names = {folder.name.replace("--", "/") for folder in models_dir.glob("*") if folder.is_dir()}
    found = []
    for name in sorted(names | {used}):
        try:
            found.append((name, find(name, models_dir)))
        except ModelNotFound:
            continue
    return found
