"""Tiny random models in Hugging Face layout, made once a test session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import blas

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CHAT_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TAG_TOKENS = ["<pad>", "<s>", "</s>", "<decompose>", "<recompose>", "<sep>", "<t>", "<r>", "<o>"]
CORPUS = [
    "Ada Lovelace was born in London and worked with Charles Babbage.",
    "The leader of Aarhus is Jacob Bundsgaard; the city has 290,598 people.",
    "subject relation object | answer the question with triples",
] * 4


@pytest.fixture(scope="session")
def make_tokenizer() -> Callable[..., None]:
    return _make_tokenizer


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("models") / "llama", "llama")


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("models") / "qwen", "qwen2")


@pytest.fixture(scope="session")
def tiny_4bit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("models") / "qwen-4bit", "qwen2", bits=4)


@pytest.fixture(scope="session")
def tiny_tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("models") / "tags", "llama", tags=True)


def _make(folder: Path, kind: str, bits: int | None = None, tags: bool = False) -> Path:
    _make_tokenizer(folder, tags)
    _make_weights(folder, kind, bits)
    return folder


def _make_tokenizer(folder: Path, tags: bool = False, template: str | None = CHATML) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=TAG_TOKENS if tags else CHAT_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    named: dict[str, Any] = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    if tags:
        named = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)
    fast.chat_template = None if tags else template
    folder.mkdir(parents=True, exist_ok=True)
    fast.save_pretrained(folder)


def _make_weights(folder: Path, kind: str, bits: int | None) -> None:
    blas.enable()
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.utils import _get_classes, quantize_model

    config: dict[str, Any] = {
        "model_type": kind,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "vocab_size": 400,
        "max_position_embeddings": 256,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "eos_token_id": 2,
    }
    build, arguments = _get_classes(config)
    mx.random.seed(7)
    model = build(arguments.from_dict(config))
    # far apart, so that greedy choices do not hang on rounding
    model.update({"lm_head": {"weight": mx.random.normal((400, 64)) * 0.5}})
    if bits is not None:
        model, config = quantize_model(model, config, group_size=32, bits=bits)
    weights = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture
def make_adapter() -> Callable[..., Path]:
    """Writes a random adapter for a model folder."""

    def make(model: Path, folder: Path, rank: int = 4, seed: int = 1) -> Path:
        import mlx.core as mx

        from models import adapters, loading, lora, machine
        from models.folder import ModelFolder

        loaded = loading.load(ModelFolder.open(model), machine.this())
        lora.adapt(loaded.model, rank, 2.0, seed)
        weights = {
            name: mx.random.normal(array.shape) * 0.2
            for name, array in lora.weights(loaded.model).items()
        }
        modules = [name.rpartition(".")[0] for name in weights]
        adapters.save(folder, weights, adapters.config_of(rank, 2.0, modules))
        return folder

    return make
