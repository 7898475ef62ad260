"""Normal forms of text, and where one text stands in another. Knows no boundary and no model."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
ISO_DATE = re.compile(r"\b(\d{4})-\d\d-(\d\d)\b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
EMPTY_DECIMALS = re.compile(r"(?<=\d)\.0+\b")
ORDINALS = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
LAST_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
LEADING_ZEROS = re.compile(r"\b0+(?=\d)")


def clean(text: str) -> str:
    """NFC, inner white space collapsed to one space, stripped; case kept."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_text(text: str) -> bool:
    """Whether it can be stored and sent: half a surrogate pair, as broken JSON has, cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def fold(text: str) -> str:
    """Key of near-duplicates: NFKC, case, punctuation and spaces folded; digits kept."""
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def caseless(text: str) -> str:
    """The text for literal search: normalised, case folded, underscores as spaces."""
    return clean(text.replace("_", " ")).casefold()


def is_literal(value: str, text: str) -> bool:
    """Whether the value stands in the text as it is, but for case and spaces."""
    return caseless(value) in caseless(text)


def is_mentioned(value: str, text: str) -> bool:
    """Whether the text says the value in some form: literally, or all of its numbers and half of
    its words (`July 23rd, 2014` for `2014-07-23`); a unit in brackets at its end may be missing."""
    if is_literal(value, text):
        return True
    wanted = WORD.findall(_spoken(LAST_BRACKETS.sub("", value)))
    said = set(WORD.findall(_spoken(text)))
    numbers = [word for word in wanted if word.isdigit()]
    names = [word for word in wanted if not word.isdigit()]
    found = sum(name in said for name in names)
    return bool(wanted) and said.issuperset(numbers) and 2 * found >= len(names)


def covered(values: tuple[str, ...], text: str) -> float:
    """Share of the text's characters that stand inside a literal value, 0 to 1."""
    body = caseless(text)
    marks = bytearray(len(body))
    for value in {caseless(value) for value in values} - {""}:
        start = body.find(value)
        while start >= 0:
            marks[start : start + len(value)] = b"\x01" * len(value)
            start = body.find(value, start + len(value))
    return sum(marks) / len(body) if body else 0.0


def _spoken(text: str) -> str:
    """Numbers as a text may say them: no thousands commas, no empty decimals, no leading zeros, no
    ordinals, of a date the year and the day."""
    text = ISO_DATE.sub(r"\1 \2", caseless(text))
    for unspoken in (THOUSANDS, EMPTY_DECIMALS, ORDINALS, LEADING_ZEROS):
        text = unspoken.sub("", text)
    return text


def begun(raw: str, field: str) -> str:
    """The string at `field` of a JSON object that is still being written, normalised; "" where
    it has not been come to."""
    from jiter import from_json

    try:
        data = from_json(raw.encode(), partial_mode="trailing-strings")
    except ValueError:
        return ""
    text = data.get(field) if isinstance(data, dict) else None
    return clean(text) if isinstance(text, str) else ""
