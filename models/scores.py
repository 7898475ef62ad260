"""Score features of one output: how sure the model was of the tokens that carry values.

Works on plain numbers a token (log-probability, top-2 margin, entropy; all in nats). Knows
neither models nor tokenizers, nor what the features are used for; imports nothing heavy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEATURES = (
    "mean_logprob",
    "min_logprob",
    "q10_logprob",
    "q25_logprob",
    "first_logprob",
    "mean_margin",
    "min_margin",
    "mean_entropy",
    "max_entropy",
    "n_tokens",
)


@dataclass(frozen=True)
class TokenScores:
    """Of each emitted token, in order: nats; `value` says whether the token carries a value.

    The last token may be the end-of-sequence token; it never carries a value.
    """

    logprobs: Sequence[float]
    margins: Sequence[float]
    entropies: Sequence[float]
    value: Sequence[bool]


def features(scores: TokenScores) -> dict[str, float]:
    """The features named by `FEATURES`, all finite, over value tokens only.

    Without a value token all emitted tokens count (an empty answer is scored by how sure the
    model was to end there) and `n_tokens` is 0; without any token everything is 0.
    """
    chosen = [i for i, is_value in enumerate(scores.value) if is_value]
    rows = chosen or range(len(scores.value))
    if not rows:
        return dict.fromkeys(FEATURES, 0.0)
    logprobs = [scores.logprobs[i] for i in rows]
    margins = [scores.margins[i] for i in rows]
    entropies = [scores.entropies[i] for i in rows]
    return {
        "mean_logprob": math.fsum(logprobs) / len(rows),
        "min_logprob": min(logprobs),
        "q10_logprob": quantile(logprobs, 0.10),
        "q25_logprob": quantile(logprobs, 0.25),
        "first_logprob": logprobs[0],
        "mean_margin": math.fsum(margins) / len(rows),
        "min_margin": min(margins),
        "mean_entropy": math.fsum(entropies) / len(rows),
        "max_entropy": max(entropies),
        "n_tokens": float(len(chosen)),
    }


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile by linear interpolation (numpy's default); `values` not empty."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
