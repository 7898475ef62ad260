"""Single tokens as text, and one output as it grows: where it stops and what it says.

Knows a tokenizer; knows no model and no mlx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.generation import Finished


class Words:
    """What single tokens of a vocabulary say, remembered."""

    def __init__(self, tokenizer: Any, eos_ids: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.added_tokens_decoder) | eos_ids
        self._texts: dict[int, str] = {}
        self.eos_ids = eos_ids

    def text(self, token: int) -> str:
        found = self._texts.get(token)
        if found is None:
            found = self._texts[token] = str(self._tokenizer.decode([token]))
        return found

    def is_value(self, token: int) -> bool:
        """Whether the token carries a value: a letter or a digit, or part of one."""
        if token in self._special:
            return False
        # a piece of a character outside ASCII decodes to U+FFFD
        return any(c.isalnum() or c == "\ufffd" for c in self.text(token))

    def joined(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens)))


class Output:
    """One output as it grows; `emitted` has the end-of-sequence token too, `tokens` has not."""

    def __init__(self, words: Words, stop: str, max_tokens: int) -> None:
        self._words = words
        self._stop = stop
        self._max_tokens = max_tokens
        self.emitted: list[int] = []
        self.finished: Finished | None = None

    def add(self, token: int) -> bool:
        """Take the next token; True when the output is finished."""
        self.emitted.append(token)
        if token in self._words.eos_ids:
            self.finished = "eos"
        elif self._stops(token):
            self.finished = "stop"
        elif len(self.emitted) >= self._max_tokens:
            self.finished = "length"
        return self.finished is not None

    @property
    def tokens(self) -> list[int]:
        return self.emitted[:-1] if self.finished == "eos" else self.emitted

    @property
    def values(self) -> list[int]:
        """Positions of emitted tokens that carry values."""
        return [i for i, token in enumerate(self.emitted) if self._words.is_value(token)]

    @property
    def scored(self) -> list[int]:
        """Positions that the score looks at: `values`, or all where there are none."""
        return self.values or list(range(len(self.emitted)))

    def text(self) -> str:
        """What was written, before `stop`, without spaces around it."""
        text = self._words.joined(self.tokens)
        if self.finished == "stop":
            text = text[: text.index(self._stop)]
        return text.strip()

    def _stops(self, token: int) -> bool:
        if not self._stop or self._stop[-1] not in self._words.text(token):
            return False
        return self._stop in self._words.joined(self.tokens)
