"""Sentences from triples, by templates: the writing half of the builtin floor."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

from models.builtin_words import (
    ADVERB,
    BASE,
    CLOCK,
    DATE,
    DAY,
    PAST,
    PREDICATES,
    PREPOSITIONS,
    SIZE_WORDS,
    VERBS,
    WHEN,
    spaced,
)

Triple = tuple[str, str, str]

_PARTICIPLE = re.compile(
    "[a-z]+ed|built|written|made|known|held|given|sung|spoken|taught|drawn|grown"
)


def write(triples: list[Triple]) -> str:
    """English sentences that state `triples`; neighbouring facts of one subject are joined."""
    groups = groupby(triples, key=lambda triple: triple[0])
    return " ".join(sentence for subject, facts in groups for sentence in _about(subject, [*facts]))


def _about(subject: str, facts: list[Triple]) -> list[str]:
    """One sentence of all that the subject is and does, one for each thing that it has."""
    doing: list[tuple[str, str]] = []
    having: dict[str, list[str]] = {}
    for _, relation, value in facts:
        predicate = _predicate(subject, relation, value)
        if predicate:
            doing.append(predicate)
        else:
            having.setdefault(relation, []).append(value)
    sentences = [_does(subject, doing)] if doing else []
    return sentences + [_has(subject, relation, values) for relation, values in having.items()]


def _predicate(subject: str, relation: str, value: str) -> tuple[str, str] | None:
    """(`works`, `for Siemens`), or None where the relation is a thing that one has."""
    if relation in PREDICATES:
        head, preposition = PREDICATES[relation]
        return head, _when(value) if preposition == "when" else f"{preposition} {value}".strip()
    if relation == "isA":
        return "is", f"{_article(value)} {value}"
    if relation == "age":
        return "is", f"{value} years old" if value.isdigit() else f"{value} old"
    if relation in SIZE_WORDS and re.fullmatch(r"\S*\d\S* [^\d\W].*", value):
        return "is", f"{value} {SIZE_WORDS[relation]}"
    return _verb(subject, relation, value)


def _verb(subject: str, relation: str, value: str) -> tuple[str, str] | None:
    head, _, rest = spaced(relation).partition(" ")
    first = rest.partition(" ")[0]
    passive = head not in VERBS or first in ("by", "as")
    if passive and first and _PARTICIPLE.fullmatch(head):
        head = f"was {head}"
    elif head not in VERBS or (head in PAST and not _is_many(subject)):
        return None
    if first not in ("", "when", "where", *PREPOSITIONS.split()):
        return None
    if not rest and head in PAST.values() and re.fullmatch(DATE, value):
        return f"was {head}", _when(value)
    if rest == "when":
        return head, _when(value)
    if rest != first and re.fullmatch(DATE, value):
        return head, f"{rest} {_when(value)}"
    return head, f"{'in' if rest == 'where' else rest} {value}".strip()


def _is_many(subject: str) -> bool:
    """Whether a verb's base form goes with the subject: `I like`, but `order` of one is a noun."""
    return subject in ("I", "we", "you", "they") or subject.endswith("s")


def _when(value: str) -> str:
    if re.fullmatch(rf"{ADVERB}", value):
        return value
    if re.fullmatch(CLOCK, value):
        return f"at {value}"
    day = re.fullmatch(DAY, value) or (re.fullmatch(DATE, value) and re.search(r"\b\d\d?\b", value))
    return f"on {value}" if day else f"in {value}"


def _does(subject: str, doing: list[tuple[str, str]]) -> str:
    phrases = [
        f"{_conjugated(subject, head)} {_tails([tail for _, tail in same])}"
        for head, same in groupby(doing, key=lambda predicate: predicate[0])
    ]
    return f"{_capital(_subject(subject))} {_listed(phrases)}."


def _tails(tails: list[str]) -> str:
    """`for Siemens in Munich in 2019` and `music, art and books`."""
    text = ""
    for (when, preposition), same in groupby(tails, key=_kind):
        values = [tail.removeprefix(preposition).strip() for tail in same]
        joined = _times(values) if when else f"{preposition} {_listed(values)}"
        link = "" if not text else " " if when or preposition else " and "
        text += link + joined.strip()
    return text


def _times(times: list[str]) -> str:
    """`on Monday at 3 pm`, but `in 1980 and in 1990`: times of one form are two times."""
    text = times[0]
    for before, time in pairwise(times):
        same = before.partition(" ")[0] == time.partition(" ")[0]
        text += f" and {time}" if same else f" {time}"
    return text


def _kind(tail: str) -> tuple[bool, str]:
    """Whether it is a time, and the preposition that it shares with its neighbours."""
    if re.fullmatch(WHEN, tail):
        return True, ""
    first = tail.partition(" ")[0]
    return False, first if first in PREPOSITIONS.split() else ""


def _has(subject: str, relation: str, values: list[str]) -> str:
    noun = spaced(relation)
    verb = "are" if len(values) > 1 and noun.endswith("s") else "is"
    owner = {"I": "my", "you": "your", "we": "our"}.get(subject)
    owned = f"{owner} {noun}" if owner else f"the {noun} of {_subject(subject)}"
    return f"{_capital(owned)} {verb} {_listed(values)}."


def _subject(subject: str) -> str:
    """A common noun gets its article back; a name, a number or `my dog` stands as it is."""
    common = subject[:1].islower() and subject.split()[0] not in ("my", "our", "we", "you")
    return f"the {subject}" if common else subject


def _conjugated(subject: str, head: str) -> str:
    if subject not in ("I", "we", "you", "they"):
        return head
    verb, space, rest = head.partition(" ")
    if subject != "I":
        verb = {"is": "are", "was": "were"}.get(verb, verb)
    return BASE.get(verb, verb) + space + rest


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeiou" else "a"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
