"""Saying an answer: its words as they come, and taken back where they do not stand.

A frontier's words are said while it writes them; what is accepted in the end is what counts. It
does not know who answers, nor how anything is shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from valence.conversation.working import Listen, nobody

if TYPE_CHECKING:
    from valence.predictors import Hear

_WORD = re.compile(r"\s*\S+\s*")


class Saying:
    """Tells one listener the parts of an answer, one after the other."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._said = ""

    @property
    def hear(self) -> Hear | None:
        """Takes what a frontier has said so far of the next part; None where nobody listens."""
        return None if self._listen is nobody else self._so_far

    def part(self, text: str) -> None:
        """A part that stands: it has been accepted, whoever gave it."""
        for word in _WORD.findall(self._new(text)):
            self._listen("words", {"text": word})
        self._said = ""
        self._listen("said", {"text": text})

    def _so_far(self, text: str) -> None:
        if text == self._said:
            self._listen("waiting", {})
        elif new := self._new(text):
            self._listen("words", {"text": new})
        self._said = text

    def _new(self, text: str) -> str:
        """What of the text has not been said yet; said words that it does not begin with are
        taken back."""
        if text.startswith(self._said):
            return text[len(self._said) :]
        self._listen("unsaid", {"text": self._said})
        return text
