"""Masks secrets before text leaves the machine or becomes an example.

Known forms only: API keys, tokens, private keys, passwords after their word, payment cards and
bank accounts with a right checksum. It finds neither names nor addresses, and knows nothing of
where the text goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

T = TypeVar("T")

# Every pattern is linear: it starts only where a run of its own characters starts, and its
# repetitions are bounded or possessive.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]|-(?!----))*+(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
_KEY = re.compile(
    r"(?<![\w-])(?:"
    r"sk-(?=[\w-]{0,60}\d)[\w-]{16,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|A(?:KIA|SIA)[A-Z0-9]{16}(?!\w)"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}"
    r"|AIza[\w-]{35}"
    r"|(?:hf|npm)_[A-Za-z0-9]{20,}"
    r")"
)
_TOKEN = re.compile(
    r"(?<![\w-])eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)?"
    r"|(?<=[Bb]earer )(?=[\w.~+/-]{0,60}\d)[\w.~+/-]{16,}=*"
)
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@\[]{0,64}:)([^\s/@\[]{1,128})(?=@)")
_VALUE = r"""(["']?)(?!\[masked:)([^\s"',;]*[^\s"',;.)\]}])"""
_PASSWORD = re.compile(
    r"((?<![A-Za-z])(?:password|passwort|passwd|passphrase|pwd)[\"']?"
    r"(?:\s*+[:=]\s*+|\s++is\s++(?=[\"']?[^\s\d]{0,60}+\d)))" + _VALUE,
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"((?<![A-Za-z])(?:(?:api|access|secret|private|auth)[ _-]?(?:key|token)|token|secret)[\"']?"
    r"(?:\s*+=\s*+(?=\S{4})|\s*+:\s*+(?=[\"']?[^\s\d]{0,60}+\d)(?=\S{8})))" + _VALUE,
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9])*+")
_GROUP = re.compile(r"[0-9]+")
_CARD = re.compile(  # Visa, Mastercard, American Express, Diners Club, JCB, Discover and UnionPay
    r"4\d{12}(?:\d{3}){0,2}|5\d{15}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15,18}",
    re.ASCII,
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")

# Length by country, ISO 13616 registry.
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}

_MARK = re.compile(r"\[masked:(\w+)\]")


@dataclass(frozen=True)
class Masked:
    """Text without its secrets, and how many of each kind were found.

    Kinds: 'private_key', 'key', 'token', 'password', 'iban', 'card'.
    """

    text: str
    counts: dict[str, int]


def mask(text: str) -> Masked:
    """Replaces each secret by `[masked:kind]`. Masking what is masked changes nothing."""
    counts: Counter[str] = Counter()
    # A secret that touched another shows itself only when that one is gone.
    while found := _mask_once(text):
        text, kinds = found
        counts += kinds
    return Masked(text, dict(counts))


def masked_in(text: str) -> dict[str, int]:
    """How many secrets of each kind were masked in a text that is masked already."""
    return dict(Counter(_MARK.findall(text)))


def mask_parts(value: T) -> tuple[T, dict[str, int]]:
    """A text, or a tuple of tuples of texts, each text masked; with the counts of them all.
    Numbers among them stay."""
    counts: Counter[str] = Counter()

    def walk(part: Any) -> Any:
        if isinstance(part, int):
            return part
        if not isinstance(part, str):
            return tuple(walk(each) for each in part)
        masked = mask(part)
        counts.update(masked.counts)
        return masked.text

    return walk(value), dict(counts)


def _mask_once(text: str) -> tuple[str, Counter[str]] | None:
    counts: Counter[str] = Counter()
    for kind, replace in _STEPS:
        text, found = replace(text, f"[masked:{kind}]")
        counts[kind] += found
    return (text, counts) if counts.total() else None


def _whole(pattern: re.Pattern[str]) -> Callable[[str, str], tuple[str, int]]:
    return lambda text, mark: pattern.subn(lambda _: mark, text)


def _last_group(pattern: re.Pattern[str]) -> Callable[[str, str], tuple[str, int]]:
    """Keeps what leads up to the secret: the word, the sign, the quote."""

    def kept(match: re.Match[str], mark: str) -> str:
        return "".join(match.groups()[:-1]) + mark

    return lambda text, mark: pattern.subn(lambda match: kept(match, mark), text)


def _spans(
    find: Callable[[str], Iterator[tuple[int, int]]],
) -> Callable[[str, str], tuple[str, int]]:
    def replace(text: str, mark: str) -> tuple[str, int]:
        parts, end, found = [], 0, 0
        for start, stop in find(text):
            parts += [text[end:start], mark]
            end, found = stop, found + 1
        return "".join([*parts, text[end:]]), found

    return replace


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _DIGITS.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            last = _card_from(text, groups, first)
            if last is not None:
                yield groups[first][0], groups[last][1]
            first = first + 1 if last is None else last + 1


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Index of the group with which a card number that starts at group `first` ends."""
    window = groups[first : first + 19]
    for index, digits in enumerate(accumulate(stop - start for start, stop in window)):
        if digits > 19:
            return None
        if digits >= 13 and _is_card(text[window[0][0] : window[index][1]]):
            return first + index
    return None


def _is_card(text: str) -> bool:
    """A network's prefix and length, and the Luhn checksum (ISO/IEC 7812-1)."""
    number = text.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(number):
        return False
    digits = [int(digit) for digit in number]
    doubled = [2 * d - 9 if d > 4 else 2 * d for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for start in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(text[start.start() : start.start() + 2].upper())
        if length is None or start.start() < end:
            continue
        stop = _after(text, start.start(), length)
        if stop is not None and _is_iban(text[start.start() : stop]):
            end = stop
            yield start.start(), stop


def _after(text: str, start: int, length: int) -> int | None:
    """Where `length` letters and digits end, single spaces and hyphens between them allowed."""
    seen = 0
    for position in range(start, min(len(text), start + 2 * length)):
        seen += text[position].isascii() and text[position].isalnum()
        if seen == length:
            rest = text[position + 1 : position + 2]
            return None if rest.isascii() and rest.isalnum() else position + 1
        if text[position] in " -" and text[position - 1] in " -":
            return None
    return None


def _is_iban(text: str) -> bool:
    """ISO 7064 MOD 97-10: the first four characters to the end, letters as 10…35."""
    plain = re.sub("[ -]", "", text).upper()
    if not (plain.isascii() and plain.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


_STEPS: list[tuple[str, Callable[[str, str], tuple[str, int]]]] = [
    ("private_key", _whole(_PRIVATE_KEY)),
    ("key", _whole(_KEY)),
    ("token", _whole(_TOKEN)),
    ("password", _last_group(_URL_PASSWORD)),
    ("password", _last_group(_PASSWORD)),
    ("token", _last_group(_ASSIGNED)),
    ("iban", _spans(_ibans)),
    ("card", _spans(_cards)),
]
