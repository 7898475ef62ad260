"""Triples as values: their normal form, their JSON, and the compact form a local model writes.

Two compact forms, by the model's markers: one triple a line with bars between its parts
(`Ada | bornIn | London`), or tags before each part (`<t> Ada<r> bornIn<o> London`).
Text that holds a marker of its own is escaped with a backslash, so that both forms read back
exactly; `read_triples(write_triples(t)) == t`. Knows nothing of prompts or of what a triple means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from valence.boundaries.text import clean, is_literal, is_text
from valence.errors import InvalidOutput

if TYPE_CHECKING:
    from models.prompting import Markers

Triple: TypeAlias = tuple[str, str, str]
Triples: TypeAlias = tuple[Triple, ...]

MAX_TRIPLES = 20

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "triples": {
            "type": "array",
            "description": "The facts, each as exactly three strings: subject, relation, object.",
            "items": {"type": "array", "items": {"type": "string"}},
        }
    },
    "required": ["triples"],
    "additionalProperties": False,
}

_BAR = re.compile(r"(\\*)\|")
_ESCAPED_BAR = re.compile(r"(\\+)\|")


def normal(triples: Iterable[Triple]) -> Triples:
    """Parts cleaned (NFC, spaces), duplicates removed, order kept."""
    cleaned = ((clean(s), clean(r), clean(o)) for s, r, o in triples)
    return tuple(dict.fromkeys(cleaned))


def triples_from_json(data: object) -> Triples:
    """Normalised triples of `{"triples": [[s, r, o], …]}` or of the bare list. Raises
    InvalidOutput that says which triple is wrong."""
    rows = data.get("triples") if isinstance(data, dict) else data
    if not isinstance(rows, (list, tuple)):
        raise InvalidOutput('there is no list of "triples"')
    return normal([_triple(row, number) for number, row in enumerate(rows, 1)])


def triples_to_json(triples: Triples) -> dict[str, Any]:
    return {"triples": [list(triple) for triple in triples]}


def values(triples: Triples) -> tuple[str, ...]:
    """Subjects and objects, each once, in order."""
    return tuple(dict.fromkeys(value for s, _, o in triples for value in (s, o)))


def f1(output: Triples, reference: Triples) -> float:
    """F1 of two sets of triples, 0 to 1; two empty sets agree."""
    found, wanted = set(output), set(reference)
    if not found and not wanted:
        return 1.0
    return 2 * len(found & wanted) / (len(found) + len(wanted))


def write_triples(triples: Triples, markers: Markers) -> str:
    """The compact form; empty for no triples."""
    between = "" if _tagged(markers) else "\n"
    return between.join(_write(triple, markers) for triple in triples)


def read_triples(raw: str, markers: Markers) -> Triples:
    """The normalised triples of the compact form. Raises InvalidOutput for a line (or tag group)
    that is not one full triple."""
    pieces = _groups(raw, markers) if _tagged(markers) else raw.strip().splitlines()
    parted = [_parts(piece, markers) for piece in pieces if piece.strip()]
    return normal([_triple(parts, number) for number, parts in enumerate(parted, 1)])


def separator(markers: Markers) -> str:
    """What stands between two triples of the compact form."""
    return markers.start.strip() or "\n"


def read_apart(raw: str, markers: Markers) -> list[Triples]:
    """What each piece between separators that is not blank says by itself. Raises InvalidOutput."""
    pieces = raw.split(separator(markers))
    return [read_triples(markers.start + piece, markers) for piece in pieces if piece.strip()]


def literal_share(triples: Triples, text: str) -> float:
    """Share of the subjects and objects that stand literally in the text; 0 without any."""
    wanted = values(triples)
    return sum(is_literal(value, text) for value in wanted) / len(wanted) if wanted else 0.0


def escape(text: str, markers: Markers) -> str:
    """The text with a backslash in everything that would read as a marker."""
    if _tagged(markers):
        return _tag_pattern(markers).sub(r"<\\\1\2>", text)
    return _BAR.sub(lambda bar: bar[1] * 2 + r"\|", text)


def unescape(text: str, markers: Markers) -> str:
    """Takes back `escape`, exactly; leaves text that was never escaped as it is."""
    if _tagged(markers):
        return _escaped_tag_pattern(markers).sub(r"<\1\2>", text)
    return _ESCAPED_BAR.sub(lambda bar: bar[1][: len(bar[1]) // 2] + "|", text)


def _write(triple: Triple, markers: Markers) -> str:
    subject, relation, object = (escape(part, markers) for part in triple)
    return f"{markers.start}{subject}{markers.relation}{relation}{markers.object}{object}"


def _groups(raw: str, markers: Markers) -> list[str]:
    head, *groups = raw.split(markers.start.strip())
    if head.strip():
        raise InvalidOutput(f"{head.strip()[:40]!r} stands before the first triple")
    return groups


def _parts(piece: str, markers: Markers) -> list[str]:
    """The parts between the markers, unescaped; a wrong number of them is the caller's to see."""
    relation, object = markers.relation, markers.object
    if _tagged(markers):
        relation, object = relation.strip(), object.strip()
    subject, *rest = piece.split(relation, 1)
    last = rest[0].split(object) if rest else []
    stray = relation != object and any(relation in part for part in last)
    parts = [subject, *last, *(["stray"] if stray else [])]
    return [unescape(part.strip(), markers) for part in parts]


def _triple(row: object, number: int) -> Triple:
    if not isinstance(row, (list, tuple)) or len(row) != 3:
        raise InvalidOutput(f"triple {number} does not have exactly three parts: {_short(row)}")
    if not all(isinstance(part, str) and clean(part) and is_text(part) for part in row):
        raise InvalidOutput(f"triple {number} has a part that is empty or no text: {_short(row)}")
    subject, relation, object = row
    return subject, relation, object


def _short(row: object) -> str:
    text = repr(row)
    return text if len(text) <= 80 else text[:79] + "…"


def _tagged(markers: Markers) -> bool:
    return bool(markers.start.strip())


def _names(markers: Markers) -> str:
    tags = (markers.start, markers.relation, markers.object)
    return "|".join(re.escape(tag.strip()[1:-1]) for tag in tags)


def _tag_pattern(markers: Markers) -> re.Pattern[str]:
    return re.compile(rf"<(\\*)({_names(markers)})>")


def _escaped_tag_pattern(markers: Markers) -> re.Pattern[str]:
    return re.compile(rf"<\\(\\*)({_names(markers)})>")
