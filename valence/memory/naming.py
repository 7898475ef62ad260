"""When two names are written for the same thing: the folded forms that the graph compares.

It knows letters and signs. It does not know what a name means, nor any other name.
"""

from __future__ import annotations

import re
import unicodedata

from valence.boundaries.text import caseless, clean, fold

_HUMP = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"[-−+]\d|\d\S*[^\w\s]\d")
_DIGITS = re.compile(r"\d+")
_ARTICLE = re.compile(r"(?:the|an?)\s+")
_QUOTES = "\"'“”„‘’«»"


def entity_key(name: str) -> str:
    """The form by which names of things are compared: `fold`, as long as the signs in the name are
    decoration. "C++" and "C", "-7" and "7", "1/5" and "1.5" stay apart."""
    bare = clean(name).strip(_QUOTES)
    if _NUMBER.match(bare) or any(map(_is_meant, bare)):
        return caseless(bare)
    return fold(bare) or caseless(name)


def has_signs(text: str) -> bool:
    """Whether a name in the text may have a key that differs from its folded words."""
    return bool(_NUMBER.search(text)) or any(map(_is_meant, text))


def relation_key(relation: str) -> str:
    """The form by which relations are compared: `birthPlace`, `birth_place` and "birth place" are
    the same."""
    return fold(_HUMP.sub(" ", relation).replace("_", " ")) or caseless(relation)


def same_numbers(a: str, b: str) -> bool:
    """Whether two names hold the same numbers; those that do not are never the same thing."""
    return _DIGITS.findall(a) == _DIGITS.findall(b)


def same_letters(a: str, b: str) -> bool:
    """Whether two names differ only in accents, spaces, punctuation or an article before them."""
    return _letters(a) == _letters(b)


def _letters(name: str) -> str:
    bare = _ARTICLE.sub("", caseless(name), count=1) if _ARTICLE.match(caseless(name)) else name
    decomposed = unicodedata.normalize("NFKD", entity_key(bare))
    return "".join(c for c in decomposed if not unicodedata.combining(c) and not c.isspace())


def _is_meant(character: str) -> bool:
    """A sign that changes what a name means: mathematics, money, degrees, `#` and `%`."""
    return character in "#%" or unicodedata.category(character) in ("Sm", "Sc", "So")
