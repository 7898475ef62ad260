"""The base models' format: special tokens, tokenizer, chat template, and samples as token ids.

decompose: <s><decompose> TEXT<sep>  →  <t> SUBJECT<r> RELATION<o> OBJECT<t> …</s>
recompose: <s><recompose><t> SUBJECT<r> …<sep>  →   TEXT</s>
Each piece has one leading space, so that a name has the same tokens in a text and in a triple.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from base_corpus import Sample
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = ("<pad>", "<s>", "</s>", "<decompose>", "<recompose>", "<sep>", "<t>", "<r>", "<o>")
PAD, BEGIN, END = 0, 1, 2
CHAT_TEMPLATE = (
    "{%- set ns = namespace(task='<decompose>') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' and 'recompose' in message['content'] | lower -%}"
    "{%- set ns.task = '<recompose>' -%}{%- endif -%}{%- endfor -%}"
    "{%- for message in messages -%}"
    "{%- set content = message['content'] | trim -%}"
    "{%- set piece = content if content.startswith('<t>') else ' ' + content -%}"
    "{%- if message['role'] == 'user' -%}{{- '<s>' + ns.task + piece + '<sep>' -}}"
    "{%- elif message['role'] == 'assistant' -%}{{- piece + '</s>' -}}{%- endif -%}"
    "{%- endfor -%}"
)


@dataclass(frozen=True)
class Encoded:
    """One sample in one direction: all its token ids, and how many of them are prompt."""

    ids: list[int]
    prompt: int


def triples_text(sample: Sample) -> str:
    """The triples in the compact form."""
    return "".join(f"<t> {s}<r> {r}<o> {o}" for s, r, o in sample.triples)


def prompt_and_completion(sample: Sample, direction: str) -> tuple[str, str]:
    """Both halves of a sample; `direction` is "decompose" or "recompose"."""
    if direction == "decompose":
        return f"<s><decompose> {sample.text}<sep>", f"{triples_text(sample)}</s>"
    return f"<s><recompose>{triples_text(sample)}<sep>", f" {sample.text}</s>"


def train_tokenizer(samples: Iterable[Sample], vocabulary: int) -> Tokenizer:
    """A byte-level BPE of `vocabulary` tokens, the special ones first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = (
        f" {part}"
        for sample in samples
        for part in (sample.text, *(r for _, r, _ in sample.triples))
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, samples: list[Sample], directions: list[str]) -> list[Encoded]:
    """The samples as token ids, each in its direction."""
    halves = [prompt_and_completion(s, d) for s, d in zip(samples, directions, strict=True)]
    prompts = tokenizer.encode_batch([prompt for prompt, _ in halves])
    completions = tokenizer.encode_batch([completion for _, completion in halves])
    return [Encoded(p.ids + c.ids, len(p.ids)) for p, c in zip(prompts, completions, strict=True)]


def save_tokenizer(tokenizer: Tokenizer, folder: Path, longest: int) -> None:
    """tokenizer.json and tokenizer_config.json; `longest` is in tokens."""
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL[BEGIN],
        "eos_token": SPECIAL[END],
        "pad_token": SPECIAL[PAD],
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(
        json.dumps(config, indent=2) + "\n", encoding="utf-8"
    )
