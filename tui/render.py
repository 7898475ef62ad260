"""The one render boundary: whatever is shown passes through here.

Texts of people, models, servers and files become Content that a terminal can only print: no
control, escape or bidirectional characters, no markup. What is stored stays raw. Knows no widget.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from textual.content import Content
from textual.style import Style

from valence.conversation.provenance import Provenance

MOST_CHARACTERS = 2000
MOST_FACTS = 40

JOINERS = "\u200c\u200d"  # Persian, the scripts of India and emoji are spelt with them
REPLACED = "\ufffd"

MARKS = re.compile(r"(?:\[\d+\])+")
"""The numbers of sources in an answer."""

QUIET = "$text-muted"


def safe(text: str) -> str:
    """The text with nothing in it that a terminal acts on; line ends stay, as newlines.

    Control characters become a visible mark; invisible ones, bidirectional ones among them, go.
    """
    if text.isprintable():
        return text
    return "".join(map(_safe_character, text.replace("\r\n", "\n")))


def line(text: str) -> str:
    """The safe text on one line."""
    return " ".join(safe(text).split())


def text(given: str, style: str = "") -> Content:
    """Text of any origin as it stands, with its lines."""
    return Content.styled(_clipped(safe(given)), style)


def row(cells: Sequence[str], widths: Sequence[int], style: str = "") -> Content:
    """One line of columns of these widths (in cells); what is too long ends in "…"."""
    fitted = [fit(line(cell), width) for cell, width in zip(cells, widths, strict=True)]
    return Content.styled("  ".join(fitted).rstrip(), style)


def fit(given: str, width: int) -> str:
    """One safe line cut or filled to `width` cells; a wide character takes two."""
    whole = Content(line(given))
    return whole.truncate(max(1, width), ellipsis=True, pad=True).plain


def empty(title: str, way: str = "") -> Content:
    """What stands where nothing is yet: what will be here, and the way to it."""
    return Content.assemble((line(title), "bold"), (f"\n\n{safe(way)}" if way else "", QUIET))


def choices(rows: Sequence[tuple[str, str]]) -> Content:
    """What can be chosen, one a line, each with what it does."""
    wide = max((len(name) for name, _ in rows), default=0)
    return Content("\n").join(
        Content.assemble((fit(name, wide), "bold"), ("  " + line(what), QUIET))
        for name, what in rows
    )


def choice(name: str, reason: str) -> Content:
    """One of several answers, with what speaks for it. No colour: the cursor brings its own."""
    return Content.assemble((line(name), "bold"), f"\n  {line(reason)}")


def told(text: str) -> Content:
    """What a person said."""
    return Content.styled(_clipped(safe(text).strip()), "bold")


def said(text: str) -> Content:
    """What was answered; the marks of its sources are quiet."""
    shown = Content(_clipped(safe(text).strip()))
    for found in MARKS.finditer(shown.plain):
        shown = shown.stylize(QUIET, *found.span())
    return Content("\n").join(Content("  ") + line for line in shown.split("\n"))


def waiting(what: str) -> Content:
    return Content.styled(f"  {what}", QUIET)


def failure(message: str) -> Content:
    """One sentence on what went wrong."""
    return Content.assemble(("Error: ", "bold $text-error"), _clipped(line(message)))


def facts(triples: Sequence[Sequence[str]]) -> list[Content]:
    """Facts, one a line."""
    shown = [Content("  ") + _fact(triple) for triple in triples[:MOST_FACTS]]
    if len(triples) > MOST_FACTS:
        shown.append(Content(f"  … and {len(triples) - MOST_FACTS} more"))
    return shown


def provenance(story: Provenance, citations: Sequence[tuple[int, str]] = ()) -> Content:
    """How an answer came about, on one quiet line; under it its sources, each of which opens
    (`source(number)` of the widget that shows it)."""
    figures = [
        line(story.route),
        _clipped(line(story.reason)),
        _confidence(story.confidence, story.threshold),
        _time(story.latency_ms),
        "" if story.tokens_per_s is None else f"{story.tokens_per_s:.0f} tok/s",
        _cost(story.cost_usd),
        *(f"masked: {count} {line(kind)}" for kind, count in story.masked.items()),
        "corrected by you" if story.corrected else "",
        {1: "rated good", -1: "rated bad"}.get(story.rating or 0, ""),
    ]
    told = Content.styled("  " + " · ".join(filter(None, figures)), QUIET)
    return Content("\n").join([told, *(_citation(number, name) for number, name in citations)])


def _citation(number: int, name: str) -> Content:
    opens = Style.from_meta({"@click": f"source({int(number)})"})
    return Content.assemble("  ", Content.styled(f"[{number}] {line(name)}", QUIET).stylize(opens))


def welcome(lacking: bool) -> Content:
    """The first minute; `lacking` where there is no local model yet."""
    parts: list[str | tuple[str, str]] = [
        ("Tell Valence something.", "bold"),
        " It reads the facts out of what you say and keeps them on this machine.\n",
        ("For example: My sister Anna works for Siemens in Munich.", QUIET),
        "\nThen ask: Where does Anna work?",
    ]
    if lacking:
        parts.append(("\n\nNo local model is on this machine yet: a builtin reader and writer "
                      "answer. /welcome gets one.", QUIET))  # fmt: skip
    return Content.assemble(*parts)


def _safe_character(character: str) -> str:
    if character.isprintable() or character in JOINERS or character == "\n":
        return character
    if character in "\r\u2028\u2029":
        return "\n"
    category = unicodedata.category(character)
    if character == "\t" or category == "Zs":
        return " "
    return "" if category == "Cf" else REPLACED


def _clipped(text: str) -> str:
    """A megabyte in the log would stall the screen; the ledger has it whole."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]} … ({len(text) - MOST_CHARACTERS:,} more characters)"


def _fact(triple: Sequence[str]) -> Content:
    subject, relation, object_ = (_clipped(line(part)) for part in triple)
    return Content.assemble(subject, (f" – {relation} – ", "$text-accent"), object_)


def _confidence(confidence: float | None, threshold: float | None) -> str:
    if confidence is None:
        return ""
    needed = "" if threshold is None else f" against {threshold:.3f}"
    return f"confidence {confidence:.3f}{needed}"


def _time(ms: float) -> str:
    if ms < 1:
        return "under 1 ms"
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.0f} s"


def _cost(usd: float) -> str:
    if usd == 0:
        return "$0"
    return f"${usd:.4f}" if usd >= 0.0001 else "under $0.0001"
