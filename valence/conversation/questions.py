"""What a message asks and what it tells: sentences, intent, and the words that carry meaning.

Simple rules for English and German, until a classifier takes over. It knows no facts: which
words name something is for whoever has the names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from valence.boundaries.text import WORD, clean, fold
from valence.memory.holding import Asked, time_asked

Expected = Literal["time", "number", "name", ""]

_GRAMMAR = (
    "a an the this that these those and or but nor so as of in on at by to from for with about "
    "into over under between than then there here is are was were be been being am do does did "
    "done has have had having can could will would shall should may might must it its he she "
    "they them their his her him we us our you your what who whom whose which where when why "
    "how many much s t d ll re ve not no yes please tell me show give list know "
    "called named does exactly also any some "
    "der die das den dem des ein eine einen einem einer eines und oder aber von vom im am zu "
    "zum zur mit auf aus bei nach für über ist sind war waren sein bin bist wird werden hat "
    "haben hatte es er sie ihr ihre ihn ihm wir uns unser ihnen was wer wem wen wessen wo wann "
    "warum wie welche welcher welches welchen viel viele nicht kein keine ja nein bitte sag"
)
_SPEAKER = "i me my mine myself ich mir mich mein meine meinen meinem meiner"
_BACKWARD = (
    "it its he him his she her hers they them their theirs this that there er sie ihn ihm ihr ihre "
    "ihres dessen deren dort"
)
FUNCTION_WORDS = frozenset(_GRAMMAR.split())
SPEAKER = dict.fromkeys(_SPEAKER.split(), "i")
"""Words for the one who speaks; facts about that person have the subject "I"."""
BACKWARD = frozenset(_BACKWARD.split())
"""Words that may mean what was spoken of before."""

_EMPTY = FUNCTION_WORDS | SPEAKER.keys()

_SHORT = ("Dr", "Mr", "Mrs", "Ms", "St", "Prof", "[A-Z]", r"e\.g", r"i\.e", r"z\.B", "bzw", "Nr")
_ENDS = re.compile(
    "".join(rf"(?<!\b{short}\.)" for short in _SHORT)
    + r"(?<=[.!?…。！？؟])[\"”»)]*\s+|(?<=[。！？])|\n+"
)
_ASKED = re.compile(r"[?？؟⁇][\s\"”»)!.]*$")
_STATED = re.compile(r"[.!…。！][\s\"”»)]*$")
_WISHES = re.compile(
    r"(?:please |bitte )?(?:(?:tell|remind|show|give) (?:me|us)|list|describe|explain|define|find|"
    r"look up|(?:nenne|zeige?|erzähle?|erkläre?|beschreibe?|sage?)(?: mir| uns))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:¿|(?:who|whom|whose|what|which|why)(?:['’]s)? "
    r"|(?:where|when)(?:['’]s| (?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|"
    r"should|may|might|must|am))\b"
    r"|how(?:['’]s|(?: \w+){0,2} (?:is|are|was|were|do|does|did|has|have|had|can|could|will|"
    r"would|should|may|might|must|am))\b"
    r"|(?:is|are|was|were|am|do|does|did|has|had) (?:the|an?|my|your|his|her|its|there|it|he|she|"
    r"they|we|you|i|(?-i:[A-Z])\w*) "
    r"|(?:can|could|will|would|may|should) (?:i|you|he|she|it|we|they|the|my) "
    r"|(?:wer|wem|wen|wessen|warum|wieso|weshalb|welche[rsnm]?|woher|wohin|wieviele?) "
    r"|(?:was|wo|wann|wie)(?: \w+)? (?:ist|sind|war|waren|hat|haben|hatte|wird|kann|heißt|"
    r"macht|wohnt|lebt|liegt|weißt|bin|habe|geht)\b"
    r"|(?:wo|wann|wie) "
    r"|(?:ist|sind|hat|haben|weißt|kennst|kannst) )",
    re.IGNORECASE,
)
_REMEMBER = re.compile(
    r"^(?:please |bitte )?(?:remember|note|keep in mind|don['’]t forget|merke? dir|notiere?)"
    r"(?:,? (?:that|dass)\b|:|,)?\s*",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FIRST = r"^(?:(?:and|but|und|aber) )?"
_TIME = re.compile(
    _FIRST + r"(?:when|wann|since when|seit wann)\b"
    r"|\b(?:what|which|welche[sm]?) (?:year|date|day|month|time|jahr|datum|tag)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    _FIRST + r"(?:how (?:many|much|old|tall|long|high|wide|deep|far|big|large|heavy|fast)"
    r"|wie ?(?:viele?|alt|groß|lang|hoch|breit|tief|weit|schwer|schnell))\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    _FIRST + r"(?:who|whom|whose|where|wer|wem|wen|wo|woher|wohin)\b",
    re.IGNORECASE,
)


_AROUND_NAMES = "?!.,;:()[]\"'“”„‘’«»¿¡？！。"


@dataclass(frozen=True)
class Understood:
    """A message as it was taken: what it tells (one text, or none) and what it asks."""

    told: str
    asked: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"told": self.told, "asked": list(self.asked)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Understood:
        return cls(data["told"], tuple(data["asked"]))


@dataclass(frozen=True)
class Question:
    """One question. `tokens` are its folded words, camelCase taken apart; `stems` those that
    carry meaning, by their place among the tokens."""

    text: str

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        return tuple(fold(self.text).split())

    @cached_property
    def stems(self) -> dict[int, tuple[str, ...]]:
        words = [self._plain[start:stop] for start, stop in self._spans] or self.tokens
        return {i: stems for i, word in enumerate(words) if (stems := content(word))}

    def written(self, start: int, stop: int) -> str:
        """The tokens from `start` to before `stop` as they are written, with the signs on them."""
        if not self._spans:
            return ""
        first, last = self._spans[start][0], self._spans[stop - 1][1]
        while first > 0 and not self._plain[first - 1].isspace():
            first -= 1
        while last < len(self._plain) and not self._plain[last].isspace():
            last += 1
        return self._plain[first:last].strip(_AROUND_NAMES)

    @cached_property
    def _plain(self) -> str:
        return unicodedata.normalize("NFKC", self.text)

    @cached_property
    def _spans(self) -> tuple[tuple[int, int], ...]:
        """Where each token stands; nothing where case folding has changed the number of words."""
        spans = tuple(found.span() for found in WORD.finditer(self._plain))
        return spans if len(spans) == len(self.tokens) else ()

    @cached_property
    def expected(self) -> Expected:
        """What kind of thing would answer it, where the first words say so."""
        if _TIME.search(self.text):
            return "time"
        if _NUMBER.search(self.text):
            return "number"
        return "name" if _NAME.search(self.text) else ""

    @cached_property
    def when(self) -> Asked | None:
        """The time that it is about; None for any."""
        return time_asked(self._plain)

    @cached_property
    def time_places(self) -> frozenset[int]:
        """The places of the words that name that time."""
        start, stop = (self.when.words if self.when else None) or (0, 0)
        return frozenset(i for i, (a, b) in enumerate(self._spans) if start <= a and b <= stop)

    @property
    def looks_back(self) -> bool:
        """Whether it may be about what was spoken of before."""
        return not BACKWARD.isdisjoint(self.tokens)


def understand(message: str, action: str | None = None) -> Understood:
    """What a message tells and what it asks, sentence by sentence, the same question once.

    `action` is what the whole message wants, where that is known: where all of it seems to be told
    and it is `ask`, all of it is asked, and the other way round.
    """
    told, asked = [], []
    for sentence in sentences(message):
        if is_question(sentence):
            asked.append(sentence)
        else:
            told.append(_REMEMBER.sub("", sentence))
    if action in ("ask", "recall") and not asked:
        return Understood("", tuple(dict.fromkeys(told)))
    if action == "tell" and not told:
        return Understood(" ".join(asked), ())
    return Understood(" ".join(part for part in told if part), tuple(dict.fromkeys(asked)))


def sentences(text: str) -> list[str]:
    """The sentences of a text; a period after a title or an initial ends none."""
    return [part for piece in _ENDS.split(text.strip()) if (part := clean(piece or ""))]


def is_question(sentence: str) -> bool:
    """Whether the sentence wants an answer: by its mark at the end, or, without one, by
    how it begins."""
    if _ASKED.search(sentence) or _WISHES.match(sentence):
        return True
    return not _STATED.search(sentence) and bool(_ASKS.match(sentence))


def content(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order; `birthPlace` has two."""
    words = fold(_HUMP.sub(" ", text.replace("_", " "))).split()
    return tuple(stem(word) for word in words if word not in _EMPTY)


@cache
def stem(word: str) -> str:
    """The English Snowball stem (Porter 2001) of a folded word."""
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def keywords(texts: Iterable[str]) -> list[str]:
    """The words that carry meaning, each once, as they stand."""
    found = (word for text in texts for word in fold(text).split() if word not in _EMPTY)
    return list(dict.fromkeys(found))
