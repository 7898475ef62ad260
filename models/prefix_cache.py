"""Key-value caches of prompt prefixes (system prompts), so that each is computed once.

A prefix is known by the adapter that runs it and its exact token ids. Knows nothing of text.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

from mlx_lm.models.cache import make_prompt_cache

from models.decoding import Cache, prefill

# below this a copy of the cache costs about what it saves
WORTH_KEEPING = 32
KEPT = 8


class PrefixCache:
    """The last few prefixes of one model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: OrderedDict[tuple[str | None, tuple[int, ...]], Cache] = OrderedDict()

    def start(self, adapter_id: str | None, prefix: tuple[int, ...]) -> tuple[Cache, int]:
        """A cache of its own for one generation that holds the prefix, or nothing.

        Returns (cache, tokens held); the adapter must be the one in use. What is held is 0 for
        a short prefix: the caller runs that with the rest of the prompt.
        """
        if len(prefix) < WORTH_KEEPING:
            return make_prompt_cache(self._model), 0
        key = (adapter_id, prefix)
        if key not in self._kept:
            self._kept[key] = make_prompt_cache(self._model)
            prefill(self._model, self._kept[key], prefix)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return copy.deepcopy(self._kept[key]), len(prefix)

    def holds(self, adapter_id: str | None, prefix: tuple[int, ...]) -> bool:
        """Whether `start` would find the prefix computed."""
        return (adapter_id, prefix) in self._kept
