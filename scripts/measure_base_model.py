"""Measure a base model on decomposing texts: F1, exact matches, and how well it reads the texts.

Greedy decoding; triples are compared as lower-cased sets. F1 is over all triples of all texts.

  python scripts/measure_base_model.py models/small --pairs dev.jsonl --count 150
  python scripts/measure_base_model.py tests/models/tiny-base --made-up
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from base_corpus import Sample, Wording, corpus, held_out_corpus
from base_format import BEGIN, END, PAD, prompt_and_completion
from base_pairs import read_pairs
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm
from transformers import LlamaForCausalLM

BATCH = 25
LONGEST_ANSWER = 256
FRESH_SEED = 1_000_003  # far from any seed a base is trained with
Triples = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Measured:
    """Figures of one model on one set.

    `text_nll` is in nats a token of the input texts; `chance` is ln(vocabulary).
    """

    texts: int
    f1: float
    exact: float
    text_nll: float
    chance: float


def parse(answer: str) -> Triples:
    """The well-formed triples of an answer in the compact form, lower-cased."""
    pieces = (
        piece.replace("<r>", "<o>").split("<o>")
        for piece in answer.split("</s>")[0].split("<t>")[1:]
    )
    return frozenset(
        tuple(part.strip().lower() for part in piece) for piece in pieces if len(piece) == 3
    )


def wanted(sample: Sample) -> Triples:
    """The true triples, lower-cased."""
    return frozenset(tuple(part.lower() for part in triple) for triple in sample.triples)


def score(answers: Sequence[Triples], truths: Sequence[Triples]) -> tuple[float, float]:
    """Micro F1 and the share of exact matches."""
    hits = sum(len(a & t) for a, t in zip(answers, truths, strict=True))
    size = sum(map(len, answers)) + sum(map(len, truths))
    exact = sum(a == t for a, t in zip(answers, truths, strict=True))
    return 2 * hits / max(1, size), exact / len(truths)


def _prompts(tokenizer: Tokenizer, samples: Sequence[Sample]) -> list[list[int]]:
    """Token ids of what the model is asked."""
    return [tokenizer.encode(prompt_and_completion(s, "decompose")[0]).ids for s in samples]


def answers(
    model: LlamaForCausalLM, tokenizer: Tokenizer, samples: Sequence[Sample]
) -> list[Triples]:
    """Greedy answers to a batch of texts."""
    prompts = _prompts(tokenizer, samples)
    width = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    generate: Any = model.generate  # type: ignore[misc]  # declared for a protocol it lacks
    made: Tensor = generate(
        ids, attention_mask=mask, max_new_tokens=LONGEST_ANSWER, do_sample=False,
        pad_token_id=PAD, eos_token_id=END,
    )  # fmt: skip
    return [
        parse(tokenizer.decode(row[width:], skip_special_tokens=False)) for row in made.tolist()
    ]


def text_loss(model: LlamaForCausalLM, tokenizer: Tokenizer, samples: Sequence[Sample]) -> float:
    """Mean loss of the input texts' tokens, in nats."""
    total, count = 0.0, 0
    for prompt in _prompts(tokenizer, samples):
        ids = torch.tensor([prompt[:-1]])
        each: Tensor = functional.cross_entropy(
            model(ids).logits[0, 1:-1].float(), ids[0, 2:], reduction="sum"
        )
        total, count = total + each.item(), count + len(prompt) - 3
    return total / count


@torch.no_grad()
def measure(folder: Path, samples: Sequence[Sample]) -> Measured:
    """All figures of the model in `folder` on the samples."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, bos_token_id=BEGIN)
    found: list[Triples] = []
    ordered = sorted(samples, key=lambda s: len(s.text))
    for at in tqdm(range(0, len(ordered), BATCH), unit="batch"):
        found += answers(model, tokenizer, ordered[at : at + BATCH])
    f1, exact = score(found, [wanted(s) for s in ordered])
    return Measured(
        len(ordered),
        f1,
        exact,
        text_loss(model, tokenizer, ordered),
        math.log(model.config.vocab_size),
    )


def _samples(options: argparse.Namespace) -> list[Sample]:
    """What to measure on."""
    if options.pairs:
        return random.Random(options.seed).sample(read_pairs(options.pairs), options.count)
    made_up = corpus(FRESH_SEED + options.seed, Wording(most_facts=options.facts))
    return list(
        islice(
            held_out_corpus(FRESH_SEED + options.seed) if options.held_out else made_up,
            options.count,
        )
    )


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of the base model")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--pairs", type=Path, metavar="FILE", help='JSON lines {"text", "triples"} to draw from'
    )
    source.add_argument("--made-up", action="store_true", help="fresh texts of the made-up corpus")
    source.add_argument(
        "--held-out",
        action="store_true",
        help="made-up texts with relations that no base was shown",
    )
    parser.add_argument("--count", type=int, default=150, help="how many texts (default: 150)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument(
        "--facts", type=int, default=2, help="most facts in a made-up text (default: 2)"
    )
    options = parser.parse_args()
    figures = measure(options.model, _samples(options))
    print(json.dumps({"model": str(options.model), **asdict(figures)}))


if __name__ == "__main__":
    main()
