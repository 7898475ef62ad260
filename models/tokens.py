"""Single tokens as text, and one output as it grows: where it stops and what it says.

Knows a tokenizer; knows no model and no mlx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.generation import Finished
from models.scores import Stats
from models.spelling import BROKEN, WORD, Spelling

UNCERTAIN_WORDS = 5


class Words:
    """What single tokens of a vocabulary say, remembered."""

    def __init__(self, tokenizer: Any, eos_ids: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.added_tokens_decoder) | eos_ids
        self._before: list[int] = list(tokenizer.encode("a", add_special_tokens=False))
        self._texts: dict[int, str] = {}
        self.eos_ids = eos_ids

    def text(self, token: int) -> str:
        """What the token says inside a text, the space that belongs to it included."""
        found = self._texts.get(token)
        if found is None:
            found = self._texts[token] = self._spelled(token)
        return found

    def _spelled(self, token: int) -> str:
        # some vocabularies drop the space of the first token that they decode
        before, both = self.joined(self._before), self.joined([*self._before, token])
        return both[len(before) :] if both.startswith(before) else self.joined([token])

    def is_value(self, token: int) -> bool:
        """Whether the token carries a value: a letter or a digit, or part of one."""
        if token in self._special:
            return False
        # a piece of a character outside ASCII decodes to U+FFFD
        return any(c.isalnum() or c == BROKEN for c in self.text(token))

    def joined(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens)))


class Output:
    """One output as it grows; `emitted` has the end-of-sequence token too, `tokens` has not.

    `values` are the positions of emitted tokens that carry values.
    """

    def __init__(self, words: Words, stop: str, max_tokens: int) -> None:
        self._words = words
        self._stop = stop
        self._max_tokens = max_tokens
        self.emitted: list[int] = []
        self.values: list[int] = []
        self.finished: Finished | None = None

    def add(self, token: int) -> bool:
        """Take the next token; True when the output is finished."""
        if self._words.is_value(token):
            self.values.append(len(self.emitted))
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
    def scored(self) -> Sequence[int]:
        """Positions that the score looks at: `values`, or all where there are none."""
        return self.values or range(len(self.emitted))

    @property
    def spelling(self) -> Spelling:
        """What the tokens spell, up to `stop`."""
        texts = [self._words.text(token) for token in self.tokens]
        return Spelling(texts, self.values, self._stop if self.finished == "stop" else "")

    def uncertain(
        self, spelling: Spelling, stats: Mapping[int, Stats]
    ) -> tuple[tuple[str, float], ...]:
        """The words with the highest entropy in nats (a word's is its highest token's), each
        once, the highest first."""
        highest: dict[str, tuple[float, list[int]]] = {}
        for word, tokens in spelling.words():
            entropy = max(stats[token][2] for token in tokens)
            if word not in highest or highest[word][0] < entropy:
                highest[word] = entropy, tokens
        ranked = sorted(highest.items(), key=lambda item: -item[1][0])[:UNCERTAIN_WORDS]
        return tuple((self._whole(word, at), entropy) for word, (entropy, at) in ranked)

    def text(self) -> str:
        """What was written, before `stop`, without spaces around it."""
        text = self._words.joined(self.tokens)
        if self.finished == "stop":
            text = text[: text.index(self._stop)]
        return text.strip()

    def _whole(self, word: str, tokens: Sequence[int]) -> str:
        """The word, read again from its tokens together where one of them is no whole character."""
        if BROKEN not in word:
            return word
        found = WORD.findall(self._words.joined([self.emitted[token] for token in tokens]))
        return max(found, key=len, default=word)

    def _stops(self, token: int) -> bool:
        if not self._stop or self._stop[-1] not in self._words.text(token):
            return False
        return self._stop in self._words.joined(self.tokens)
