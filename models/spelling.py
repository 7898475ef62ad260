"""One output as the text that its tokens spell: which of them spell a word, which a piece.

Works on the texts of single tokens, joined once, so that its cost grows with the output and no
faster. Knows no tokenizer and no model; where a word or a piece means something is others' to say.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

BROKEN = "\ufffd"
"""What a token that holds a part of a character says."""
WORD = re.compile(rf"(?:[^\W_]|{BROKEN})+(?:(?:['’-]|(?<=\d)[.,](?=\d))(?:[^\W_]|{BROKEN})+)*")


class Spelling:
    """The tokens of one output and what they spell together.

    `texts` are what the tokens say, in order; `values` the positions of those that carry values,
    ascending. What stands from the text `stop` on counts no more ("" for nothing).
    """

    def __init__(self, texts: Sequence[str], values: Sequence[int], stop: str = "") -> None:
        self._values = values
        self._starts = [0, *accumulate(map(len, texts))]
        self.text = "".join(texts)
        if stop:
            self.text = self.text.partition(stop)[0]

    def pieces(self, separator: str) -> list[list[int]]:
        """Of each piece between separators that is not blank: its value tokens.

        A token that reaches over a separator belongs to both sides.
        """
        spans, start = [], 0
        for piece in self.text.split(separator):
            end = start + len(piece)
            if piece.strip():
                spans.append((start, end))
            start = end + len(separator)
        return [self._within(*span) for span in spans]

    def words(self) -> Iterator[tuple[str, list[int]]]:
        """Each whole word that value tokens spell, with those tokens."""
        for found in WORD.finditer(self.text):
            tokens = self._within(*found.span())
            if tokens:
                yield found[0], tokens

    def _within(self, start: int, end: int) -> list[int]:
        """Value tokens that spell any of the characters from `start` to before `end`."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_left(self._starts, end)
        low, high = bisect_left(self._values, first), bisect_left(self._values, last)
        return list(self._values[low:high])
