"""From a system prompt and a person's text to token ids, and from an answer to what is learned.

Text from outside never becomes control tokens: whatever looks like one (`<|im_end|>`, `</s>`,
`<sep>`) is encoded as the plain characters that it is. Knows tokenizers, not models.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.errors import ModelLoadFailed


@dataclass(frozen=True)
class Markers:
    """What stands before a triple's subject, relation and object."""

    start: str
    relation: str
    object: str


LINES = Markers("", " | ", " | ")
TAGS = Markers("<t> ", "<r> ", "<o> ")
TAG_TOKENS = ("<decompose>", "<recompose>", "<sep>", "<t>", "<r>", "<o>")
MARKS = re.compile("(<t>|<r>|<o>)")
PLACEHOLDER = "\ue000user text\ue001"
FRAMES_KEPT = 64


@dataclass(frozen=True)
class Prompt:
    """Token ids: `prefix` depends on the system prompt alone, `rest` on the user's text too."""

    prefix: tuple[int, ...]
    rest: tuple[int, ...]

    @property
    def ids(self) -> list[int]:
        return [*self.prefix, *self.rest]


@dataclass(frozen=True)
class _Frame:
    prefix: tuple[int, ...]
    spaces: str
    suffix: tuple[int, ...]


class Prompter:
    """Renders prompts and completions with one tokenizer (transformers', or mlx-lm's wrapper)."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = {int(i): str(token) for i, token in tokenizer.added_tokens_decoder.items()}
        # runs of spaces are added tokens in some vocabularies; they control nothing
        control = {i: text for i, text in added.items() if text.strip() and len(text) > 1}
        self._control_ids = frozenset(control)
        longest_first = sorted(control.values(), key=len, reverse=True)
        self._control = re.compile(f"(?={'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self._frames: dict[tuple[str, str], _Frame] = {}
        self.tags = set(added.values()).issuperset(TAG_TOKENS)
        self.eos_id = int(tokenizer.eos_token_id)

    def prompt(self, system: str, user: str) -> Prompt:
        """The chat template filled in; see `render`."""
        marked = self.tags and "recompose" in system.lower() and user.startswith("<t>")
        head = "<t>" if marked else ""
        frame = self._frame(system, head)
        text = frame.spaces + user[len(head) :]
        ids = self._marked(text) if marked else self._plain(text)
        return Prompt(frame.prefix, (*ids, *frame.suffix))

    def completion(self, text: str) -> list[int]:
        """What is learned after a prompt; see `completion_ids`."""
        if not self.tags:
            return [*self._plain(text), self.eos_id]
        if text.startswith("<t>"):
            return [*self._marked(text), self.eos_id]
        return [*self._plain(" " + text), self.eos_id]

    def plain(self, text: str) -> list[int]:
        """Ids of bare text, control tokens in it neutralised."""
        return self._plain(text)

    def _frame(self, system: str, head: str) -> _Frame:
        found = self._frames.get((system, head))
        if found is None:
            if len(self._frames) >= FRAMES_KEPT:
                self._frames.clear()
            found = self._frames[system, head] = self._build_frame(system, head)
        return found

    def _build_frame(self, system: str, head: str) -> _Frame:
        parts = self._template(system, head + PLACEHOLDER).split(PLACEHOLDER)
        if len(parts) != 2:
            raise ModelLoadFailed("the model's chat template does not show a user's text once")
        # a space before a word is part of the word's token
        before = parts[0].rstrip(" ")
        return _Frame(
            prefix=tuple(self._encode(before)),
            spaces=parts[0][len(before) :],
            suffix=tuple(self._encode(parts[1])),
        )

    def _template(self, system: str, user: str) -> str:
        if _has_template(self._tokenizer):
            return _chat(self._tokenizer, system, user)
        bos = self._tokenizer.bos_token or ""
        if self.tags:
            task = "<recompose>" if "recompose" in system.lower() else "<decompose>"
            space = "" if user.startswith("<t>") else " "
            return f"{bos}{task}{space}{user}<sep>"
        return f"{bos}{system}\n\n{user}\n"

    def _marked(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in MARKS.split(text):
            encode = self._encode if MARKS.fullmatch(piece) else self._plain
            ids.extend(encode(piece))
        return ids

    def _plain(self, text: str) -> list[int]:
        ids = self._encode(text)
        if self._control_ids.isdisjoint(ids):
            return ids
        # cut after the first character of each marker: neither half is one
        cuts = [0, *(found.start() + 1 for found in self._control.finditer(text)), len(text)]
        pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
        ids = _joined(self._encode, pieces)
        if self._control_ids.isdisjoint(ids):
            return ids
        # a marker that only the tokenizer's own normalisation brings about
        return [i for i in _joined(self._encode, list(text)) if i not in self._control_ids]

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False)) if text else []


def render(tokenizer: Any, system: str, user: str) -> list[int]:
    """Prompt ids: the tokenizer's chat template; without one, `system`, a blank line, `user`.

    A vocabulary with the tags and no template gets `<s><decompose> TEXT<sep>` (`<recompose>`
    when the system prompt says so). Only there, and only in a user text that begins with `<t>`,
    are `<t>`, `<r>`, `<o>` control tokens; all else in `user` is plain text.
    """
    return Prompter(tokenizer).prompt(system, user).ids


def completion_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of an answer, end-of-sequence included; control tokens in it are plain text.

    With the tags in the vocabulary: an answer that begins with `<t>` keeps `<t>`, `<r>`, `<o>`
    as control tokens, any other is encoded with one leading space.
    """
    return Prompter(tokenizer).completion(text)


def _joined(encode: Callable[[str], list[int]], pieces: list[str]) -> list[int]:
    return [i for piece in pieces for i in encode(piece)]


def _has_template(tokenizer: Any) -> bool:
    known = getattr(tokenizer, "has_chat_template", None)
    return bool(tokenizer.chat_template if known is None else known)


def _chat(tokenizer: Any, system: str, user: str) -> str:
    from jinja2.exceptions import TemplateError

    turn = {"role": "user", "content": user}
    messages = [{"role": "system", "content": system}, turn] if system else [turn]
    try:
        return _apply(tokenizer, messages)
    except TemplateError:
        # some templates know no system role; what it says then opens the user's turn
        return _apply(tokenizer, [{"role": "user", "content": f"{system}\n\n{user}"}])


def _apply(tokenizer: Any, messages: list[dict[str, str]]) -> str:
    return str(
        tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )
