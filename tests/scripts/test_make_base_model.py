"""A base model made in seconds loads in MLX and keeps the format that the runtime relies on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
SCRIPTS = Path(__file__).parents[2] / "scripts"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "micro"
    command = [
        sys.executable,
        str(SCRIPTS / "make_base_model.py"),
        "--size",
        "micro",
        "--tokens",
        "20000",
        "--out",
        str(folder),
    ]
    subprocess.run([*command, "--device", "cpu"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def loaded(micro: Path) -> tuple[Any, Any]:
    from mlx_lm import load

    model, tokenizer = load(str(micro))[:2]
    return model, tokenizer


def test_special_tokens_come_first_in_their_order(loaded: tuple[Any, Any]) -> None:
    names = ["<pad>", "<s>", "</s>", "<decompose>", "<recompose>", "<sep>", "<t>", "<r>", "<o>"]
    assert loaded[1].convert_tokens_to_ids(names) == list(range(9))


@pytest.mark.parametrize(
    ("system", "user", "rendered"),
    [
        ("Decompose the text.", "Aarhus is old.", "<s><decompose> Aarhus is old.<sep>"),
        (
            "Recompose the triples.",
            "<t> Aarhus<r> age<o> old",
            "<s><recompose><t> Aarhus<r> age<o> old<sep>",
        ),
    ],
)
def test_chat_template_renders_the_format(
    loaded: tuple[Any, Any], system: str, user: str, rendered: str
) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    tokenizer = loaded[1]
    assert (
        tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        == rendered
    )


def test_chat_template_renders_answers(loaded: tuple[Any, Any]) -> None:
    render = loaded[1].apply_chat_template
    assert (
        render([{"role": "assistant", "content": " Aarhus is old. "}], tokenize=False)
        == " Aarhus is old.</s>"
    )
    assert (
        render([{"role": "assistant", "content": "<t> A<r> b<o> C"}], tokenize=False)
        == "<t> A<r> b<o> C</s>"
    )


def test_mlx_reads_the_weights(loaded: tuple[Any, Any]) -> None:
    import mlx.core as mx

    model, tokenizer = loaded
    logits = model(
        mx.array([tokenizer.encode("<s><decompose> Aarhus<sep>", add_special_tokens=False)])
    )
    assert logits.shape[-1] == 512
    assert bool(mx.isfinite(logits).all())
