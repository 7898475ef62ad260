"""Fine-tunes a sentence embedding on labelled messages, for classifier heads to stand on.

Supervised contrastive loss (Khosla et al. 2020) over pairs of messages of one class: near to each
other, far from those of other classes and from messages without a class. The word embeddings stay
as they are. Gives weights to replace; knows nothing of heads, nor what the classes mean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights: TypeAlias = Mapping[str, NDArray[np.float16]]

STEPS = 120
"""Batches, however many messages there are: each of PAIRS pairs, and STRANGERS without a class."""
PAIRS = 32
STRANGERS = 8
RATE = 5e-5
TEMPERATURE = 0.07
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; after them it falls to nothing."""

Batch = list[tuple[str, int]]


def fine_tune(
    model: Path,
    texts: Sequence[str],
    labels: Sequence[Mapping[str, str | None]],
    before_step: Callable[[], None],
) -> Weights:
    """Weights by name for the embedding model in a checked folder, tuned on n messages and their
    labels by head (None: none fits), one head after the other; no weights where no head has two
    labels said twice."""
    import torch

    classes = list(filter(None, (_classes(texts, labels, head) for head in _heads(labels))))
    if not classes:
        return {}
    torch.manual_seed(0)
    network = _loaded(model)
    tuned = {n: p for n, p in network[0].model.named_parameters() if not n.startswith("embeddings")}
    optimiser = torch.optim.AdamW(tuned.values(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rate)
    draw = random.Random(0)
    for step in range(STEPS):
        before_step()
        loss = _loss(network, _batch(draw, classes[step % len(classes)]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return {name: weight.detach().numpy().astype("float16") for name, weight in tuned.items()}


def _loaded(model: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    network: Any = SentenceTransformer(
        str(model),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
    network[0].model.embeddings.requires_grad_(False)
    return network.train()


def _heads(labels: Sequence[Mapping[str, str | None]]) -> list[str]:
    return sorted({head for each in labels for head in each})


def _classes(
    texts: Sequence[str], labels: Sequence[Mapping[str, str | None]], head: str
) -> dict[str | None, list[str]]:
    """The messages of each label of a head that has at least two, and under None those without a
    label; empty where there are not two such labels."""
    found: dict[str | None, list[str]] = {None: []}
    for text, label in zip(texts, labels, strict=True):
        if head in label:
            found.setdefault(label[head], []).append(text)
    usable = {label: some for label, some in found.items() if label is None or len(some) > 1}
    return usable if len(usable) > 2 else {}


def _rate(step: int) -> float:
    """What of RATE a step has, 0 to 1."""
    return min((step + 1) / (WARM_UP * STEPS + 1), 1.0) * (1 - step / STEPS)


def _batch(draw: random.Random, classes: Mapping[str | None, list[str]]) -> Batch:
    """Messages with the number of their class; what has none is a class of its own."""
    labels, strangers = sorted(filter(None, classes)), classes[None]
    pairs = [
        (text, number)
        for number, label in enumerate(draw.sample(labels, min(PAIRS, len(labels))))
        for text in draw.sample(classes[label], 2)
    ]
    others = draw.sample(strangers, min(STRANGERS, len(strangers)))
    return pairs + [(text, -1 - number) for number, text in enumerate(others)]


def _loss(network: Any, batch: Batch) -> Any:
    import torch

    tokens = network.preprocess([text for text, _ in batch])
    rows = torch.nn.functional.normalize(network(tokens)["sentence_embedding"], dim=1)
    kind = torch.tensor([number for _, number in batch])
    itself = torch.eye(len(batch), dtype=torch.bool)
    similar = (rows @ rows.T / TEMPERATURE).masked_fill(itself, -1e9)
    log_share = similar - torch.logsumexp(similar, dim=1, keepdim=True)
    same = (kind[:, None] == kind[None, :]) & ~itself
    paired = same.any(dim=1)
    return -((log_share * same).sum(dim=1)[paired] / same.sum(dim=1)[paired]).mean()
