"""Make a base language model from nothing, for machines and tests that can fetch no weights.

It learns text to triples and triples to text on made-up texts, with --pairs also on real ones whose
names are swapped, and is saved in Hugging Face layout, as mlx_lm.load and transformers read it.

  python scripts/make_base_model.py --size tiny --minutes 5 --out tests/models/tiny-base
  python scripts/make_base_model.py --size small --pairs pairs.jsonl --out models/small
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from base_corpus import MOST_FACTS, Sample, Wording, corpus
from base_format import BEGIN, END, PAD, save_tokenizer, train_tokenizer
from base_pairs import read_pairs, swapped_pairs
from base_training import Budget, Size, batches, train
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

PAIRS_SHARE = 0.65
TOKENIZER_SAMPLES = 60_000


SIZES = {
    "micro": Size(512, 32, 2, 2, 64, 3e-3, 1024, 256, 1),
    "tiny": Size(1024, 128, 4, 4, 352, 4e-3, 2048, 256, 2),
    "small": Size(4096, 256, 6, 4, 640, 2e-3, 3072, 512, MOST_FACTS),
    "medium": Size(8192, 512, 12, 8, 1408, 1e-3, 16384, 512, MOST_FACTS),
}


def sample_stream(size: Size, pairs: Path | None, seed: int) -> Iterator[Sample]:
    """Made-up samples, mixed with swapped real ones where there are any."""
    made_up = corpus(seed, Wording(most_facts=size.most_facts))
    if pairs is None:
        yield from made_up
        return
    real, rng = swapped_pairs(read_pairs(pairs), seed + 1), random.Random(seed + 2)
    while True:
        yield next(real if rng.random() < PAIRS_SHARE else made_up)


def new_model(size: Size) -> LlamaForCausalLM:
    """An untrained Llama of the given shape with tied embeddings."""
    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        intermediate_size=size.inner,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
        use_cache=False,
    )
    return LlamaForCausalLM(config)


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path, size: Size) -> None:
    """Everything that loading needs, the weights in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.detach().cpu().half().contiguous()
        for name, tensor in model.state_dict().items()
    }
    weights.pop("lm_head.weight")  # tied to the embeddings
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.use_cache = True
    model.config.dtype = torch.float16
    model.config.save_pretrained(folder)
    save_tokenizer(tokenizer, folder, model.config.max_position_embeddings)


def _arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--size",
        choices=SIZES,
        default="small",
        help="tiny: 1.9 MB for tests; small: 11 MB; medium: 76 MB",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the finished model"
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        metavar="FILE",
        help='JSON lines {"text", "triples"} to learn from as well',
    )
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--minutes", type=float, default=60, help="train for so long (default: 60)")
    ends.add_argument(
        "--tokens",
        type=int,
        help="train on so many tokens instead: the same result whatever the speed",
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="DIR",
        help="go on from a model that this script made (with another --seed)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of texts, order and weights (default: 0)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    return parser.parse_args()


def _begun(size: Size, options: argparse.Namespace) -> tuple[LlamaForCausalLM, Tokenizer]:
    """An untrained model and a tokenizer of its own, or those of `--start`."""
    if options.start is not None:
        model = LlamaForCausalLM.from_pretrained(options.start, dtype=torch.float32)
        model.config.use_cache = False
        return model, Tokenizer.from_file(str(options.start / "tokenizer.json"))
    samples = sample_stream(size, options.pairs, options.seed)
    tokenizer = train_tokenizer(islice(samples, TOKENIZER_SAMPLES), size.vocabulary)
    return new_model(size), tokenizer


def main() -> None:
    """Make a model and say what was made."""
    options = _arguments()
    size, seed = SIZES[options.size], options.seed
    torch.manual_seed(seed)
    model, tokenizer = _begun(size, options)
    chosen = (
        ("cuda" if torch.cuda.is_available() else "cpu")
        if options.device == "auto"
        else options.device
    )
    torch.nn.Module.to(model, torch.device(chosen))
    stream = batches(sample_stream(size, options.pairs, seed + 10), tokenizer, size, seed)
    done = train(model, stream, size, Budget(options.minutes, options.tokens))
    save(model, tokenizer, options.out, size)
    parameters = sum(p.numel() for p in model.parameters())
    minutes = (time.monotonic() - done.started) / 60
    size_and_tokens = f"{parameters / 1e6:.2f}M parameters, {done.tokens / 1e6:.1f}M tokens"
    print(f"{options.out}: {size_and_tokens}, {minutes:.1f} min, loss {done.loss:.3f}")


if __name__ == "__main__":
    main()
