"""Training a base model: batches of equal length, the weighted loss, the schedule, the loop.

Knows neither where samples come from nor how a model is saved.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Never

import torch
from base_corpus import Sample
from base_format import PAD, Encoded, encode
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm
from transformers import LlamaForCausalLM

PROMPT_WEIGHT = 0.2
DECOMPOSE_SHARE = 0.65
POOL = 2048


@dataclass(frozen=True)
class Size:
    """A model's shape and how it is trained.

    `batch` is padded tokens a step, `longest` tokens a sample, `rate` the highest learning rate.
    """

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    inner: int
    rate: float
    batch: int
    longest: int
    most_facts: int


@dataclass(frozen=True)
class Budget:
    """When training ends: after so many minutes or so many tokens, whichever is given."""

    minutes: float | None
    tokens: int | None

    def spent(self, started: float, tokens: int) -> float:
        """The share of the budget that is spent, 0 to 1."""
        if self.tokens:
            return min(1.0, tokens / self.tokens)
        return min(1.0, (time.monotonic() - started) / (60 * (self.minutes or 1)))


@dataclass
class Progress:
    """What training has done so far; `loss` is a running mean in nats a completion token."""

    started: float
    tokens: int = 0
    steps: int = 0
    loss: float = 0.0

    def add(self, tokens: int, loss: float) -> None:
        """Count one step."""
        self.loss = loss if not self.steps else 0.98 * self.loss + 0.02 * loss
        self.tokens += tokens
        self.steps += 1


def batches(
    samples: Iterator[Sample], tokenizer: Tokenizer, size: Size, seed: int
) -> Iterator[list[Encoded]]:
    """Endless batches of about equally long samples, so that little is padding, in random order."""
    rng = random.Random(seed)
    while True:
        pool = list(islice(samples, POOL))
        directions = ["decompose" if rng.random() < DECOMPOSE_SHARE else "recompose" for _ in pool]
        fitting = [e for e in encode(tokenizer, pool, directions) if len(e.ids) <= size.longest]
        cut = list(_cut(sorted(fitting, key=lambda e: len(e.ids)), size.batch))
        rng.shuffle(cut)
        yield from cut


def _cut(ordered: list[Encoded], limit: int) -> Iterator[list[Encoded]]:
    """Slices of samples in order of length, each of at most `limit` tokens with its padding."""
    batch: list[Encoded] = []
    for encoded in ordered:
        if batch and len(encoded.ids) * (len(batch) + 1) > limit:
            yield batch
            batch = []
        batch.append(encoded)
    yield batch


def tensors(batch: list[Encoded], device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids and the weight of predicting each, 0 for padding; both (batch, length)."""
    longest = max(len(e.ids) for e in batch)
    ids = [e.ids + [PAD] * (longest - len(e.ids)) for e in batch]
    weights = [
        [PROMPT_WEIGHT] * e.prompt
        + [1.0] * (len(e.ids) - e.prompt)
        + [0.0] * (longest - len(e.ids))
        for e in batch
    ]
    return torch.tensor(ids, device=device), torch.tensor(weights, device=device)


def losses(model: LlamaForCausalLM, ids: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The weighted loss to descend, and the mean loss of completion tokens to show.

    Padding is on the right, where causal attention lets nothing else see it: no mask, and so the
    fast kernels.
    """
    with torch.autocast(ids.device.type, torch.bfloat16):
        logits = model(input_ids=ids[:, :-1]).logits.float()
    each = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    weight = weights[:, 1:].flatten()
    completion = weight == 1.0
    return (each * weight).sum() / weight.sum(), each.detach()[completion].mean()


def optimizers_for(model: LlamaForCausalLM, size: Size) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) on the matrices between layers, AdamW on embeddings and norms.

    Muon's updates are scaled to the size of AdamW's (Liu et al. 2025), so that one rate serves
    both. After as many minutes on a CPU it is far ahead of AdamW alone: docs/base_models.md.
    """
    inner = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    taken = {id(p) for p in inner}
    others = [p for p in model.parameters() if id(p) not in taken]
    return [
        torch.optim.Muon(inner, lr=size.rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=size.rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def rate_at(spent: float, steps: int, peak: float) -> float:
    """A hundred steps of warm-up, then a cosine down to zero at the end of the budget."""
    cosine = 0.5 * (1 + torch.cos(torch.tensor(spent * torch.pi)).item())
    return peak * min(1.0, (steps + 1) / 100) * cosine


def step(
    model: LlamaForCausalLM,
    optimizers: list[torch.optim.Optimizer],
    ids: Tensor,
    weights: Tensor,
) -> float:
    """One update; the mean loss of completion tokens before it, in nats."""
    loss, shown = losses(model, ids, weights)
    model.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return shown.item()


def train(
    model: LlamaForCausalLM, stream: Iterator[list[Encoded]], size: Size, budget: Budget
) -> Progress:
    """Train until the budget is spent; what was done."""
    device = next(model.parameters()).device
    optimizers = optimizers_for(model, size)
    if size.hidden >= 128:  # half again as fast on a CPU, after a minute of compiling
        _compile(model, [tensors(next(stream), device) for _ in range(3)])
    progress = Progress(time.monotonic())
    layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
    bar: tqdm[Never] = tqdm(total=100.0, bar_format=layout)
    while (spent := budget.spent(progress.started, progress.tokens)) < 1.0:
        for group in (group for each in optimizers for group in each.param_groups):
            group["lr"] = rate_at(spent, progress.steps, size.rate)
        batch = next(stream)
        loss = step(model, optimizers, *tensors(batch, device))
        progress.add(sum(len(e.ids) for e in batch), loss)
        _show(bar, progress, spent)
    bar.close()
    return progress


def _compile(model: LlamaForCausalLM, shapes: list[tuple[Tensor, Tensor]]) -> None:
    """Compile before time counts; it takes batches of more than one shape."""
    model.model.compile(dynamic=True)
    for ids, weights in shapes:
        losses(model, ids, weights)[0].backward()  # type: ignore[no-untyped-call]


def _show(bar: tqdm[Never], progress: Progress, spent: float) -> None:
    """Loss and speed beside the bar."""
    speed = progress.tokens / (time.monotonic() - progress.started)
    bar.set_postfix_str(
        f"loss {progress.loss:.3f}, {speed:,.0f} tokens/s, {progress.tokens / 1e6:.1f}M tokens",
        refresh=False,
    )
    bar.update(100 * spent - bar.n)
