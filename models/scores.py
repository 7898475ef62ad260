"""Score features of one output: how sure the model was of the tokens that carry values.

Works on plain numbers a token (log-probability, top-2 margin, entropy; all in nats: divided by
ln 2 = 0.693 they are bits). Knows neither models nor tokenizers, nor what the features are used
for; imports nothing heavy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Stats = Sequence[float]
"""Of one token, in nats: log-probability, margin over the best other token, entropy."""

FEATURES = (
    "mean_logprob",
    "q10_logprob",
    "min_margin",
    "max_entropy",
    "n_tokens",
)
"""What earned its place beside the others (docs/bench_gate.md)."""


@dataclass(frozen=True)
class TokenScores:
    """Of each scored token, in order: nats. These are the `values` tokens that carry values.

    Where none does, they are all emitted tokens, the end-of-sequence token included: an empty
    answer is scored by how sure the model was to end there.
    """

    logprobs: Sequence[float]
    margins: Sequence[float]
    entropies: Sequence[float]
    values: int

    @classmethod
    def of(cls, stats: Mapping[int, Stats], positions: Iterable[int], values: int) -> TokenScores:
        """Those of the tokens at `positions`, out of the stats of tokens by position."""
        columns = zip(*(stats[position] for position in positions), strict=True)
        logprobs, margins, entropies = tuple(columns) or ((), (), ())
        return cls(logprobs, margins, entropies, values)


def features(scores: TokenScores) -> dict[str, float]:
    """The features named by `FEATURES`, all finite; without any token all are 0."""
    logprobs, count = scores.logprobs, len(scores.logprobs)
    if not count:
        return dict.fromkeys(FEATURES, 0.0)
    return {
        "mean_logprob": math.fsum(logprobs) / count,
        "q10_logprob": quantile(logprobs, 0.10),
        "min_margin": min(scores.margins),
        "max_entropy": max(scores.entropies),
        "n_tokens": float(scores.values),
    }


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile by linear interpolation (numpy's default); `values` not empty."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
