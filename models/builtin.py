"""The floor under every model: a reader and a writer of simple English, made of patterns.

Deterministic, linear in the length of the text, and silent where unsure: a question, a negation
or a guess states no fact. It learns nothing and knows nothing beyond the sentence before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.builtin_patterns import (
    ACTIONS,
    APPOSITION,
    ASIDE,
    ATTRIBUTE,
    BORN,
    COPULA,
    GREETING,
    HAS_OF,
    LIST,
    MADE,
    MINE,
    NEXT_CLAUSE,
    NEXT_SENTENCE,
    OF,
    OWN,
    PARTICIPLE,
    PLACE_LAST,
    RELATIVE,
    SENTENCE_END,
    SHORT,
    SILENT,
    SIZE,
    STARTS,
    SUBCLAUSE,
    UNCLEAR,
    WHEN_LAST,
)
from models.builtin_words import (
    ADVERB,
    BY_PHRASE,
    CLOCK,
    DATE,
    DAY,
    SIZES,
    VERBS,
    camel,
)
from models.builtin_writer import write

__all__ = ["Triple", "read", "write"]

Triple = tuple[str, str, str]

# No pattern sees more than one sentence of this length, which is what bounds the time.
MAX_SENTENCE = 400
MAX_VALUE = 120


def read(text: str) -> list[Triple]:
    """Facts stated in English `text` as (subject, relation, object), in order; [] when unsure.

    The speaker is "I". Relations are camelCase: `birthPlace`, `flowsThrough`.
    """
    triples: dict[Triple, None] = {}
    last = ""
    for sentence in _sentences(text):
        for triple in _sentence(_resolved(sentence, last)):
            triples[triple] = None
            last = triple[0] if triple[0] != "I" else triple[2]
    return [triple for triple in triples if _sound(triple)]


def _sentences(text: str) -> Iterator[str]:
    for sentence in SENTENCE_END.split(text):
        plain = " ".join(ASIDE.sub("", sentence[: MAX_SENTENCE + 1]).split()).strip(' .!"“”')
        for short, long in SHORT:
            plain = short.sub(long, plain)
        plain = GREETING.sub("", plain)
        if len(sentence) <= MAX_SENTENCE and plain and not SILENT.search(plain):
            for part in _parts(RELATIVE.sub(" ", plain)):
                yield part[0].upper() + part[1:]


def _parts(sentence: str) -> list[str]:
    """`Anna sings and I dance` is two sentences, `Anna and I dance` is one."""
    first = NEXT_SENTENCE.split(sentence, maxsplit=1)[0]
    stated = COPULA.match(first) or _action(first)
    return [part for part in NEXT_SENTENCE.split(sentence) if part] if stated else [sentence]


def _resolved(sentence: str, last: str) -> str:
    """`She`, `he`, `it`, `they` stand for the last subject; without one the sentence is dropped."""
    first, _, rest = sentence.partition(" ")
    if first in ("His", "Her", "Its", "Their"):
        return f"{last}'s {rest}" if last else ""
    if first in ("He", "She", "It", "They"):
        return f"{last} {rest}" if last else ""
    return sentence


def _sentence(sentence: str) -> Iterator[Triple]:
    if found := APPOSITION.match(sentence):
        name, article, noun, rest = found.groups()
        yield from _is(name, f"{article} {noun}")
        sentence = f"{name} {rest}"
    if (found := MINE.match(sentence)) and found[3].split()[0] in VERBS | {"is", "was"}:
        yield "I", camel(found[1]), found[2]
        sentence = f"{found[2]} {found[3]}"
    subject = ""
    for clause in NEXT_CLAUSE.split(sentence):
        facts = list(_clause(f"{subject} {clause}".strip()))
        yield from facts
        if not facts:
            return
        subject = subject or _subject_text(clause)


def _subject_text(clause: str) -> str:
    found = [match for match in (COPULA.match(clause), _action(clause)) if match]
    return min((match[1] for match in found), key=len, default="")


def _clause(clause: str) -> Iterator[Triple]:
    clause = SUBCLAUSE.sub("", clause)
    copula, action = COPULA.match(clause), _action(clause)
    if copula and (not action or len(copula[1]) <= len(action[1])):
        for subject in _subjects(copula[1]):
            yield from _is(subject, copula[3], was=copula[2] in ("was", "were"))
    elif action:
        for subject in _subjects(action[1]):
            yield from _does(subject, action[2], action[3] or "", action[4])


def _action(clause: str) -> re.Match[str] | None:
    """Subject, verb, preposition and rest. `park` is a verb only of `we` and the like."""
    plural = ACTIONS["plural"].match(clause)
    if plural and plural[1].lower() in ("i", "we", "they", "you"):
        return plural
    if singular := ACTIONS["singular"].match(clause):
        return singular
    many = plural and (" and " in plural[1] or plural[1].endswith("s"))
    return plural if many else None


def _subjects(text: str) -> list[str]:
    if not STARTS.match(text) or len(text.split()) > 8 or UNCLEAR.search(text):
        return []
    names = [_name(part) for part in LIST.split(text)]
    return names if all(names) else []


def _name(text: str) -> str:
    """Without article; `My dog` → `my dog`."""
    text = re.sub(r"^(?:[Tt]he|[Aa]n?) ", "", text.strip(' ,."“”'))
    return re.sub(r"^(My|Our|We|You)\b", lambda found: found[0].lower(), text)


def _is(subject: str, rest: str, was: bool = False) -> Iterator[Triple]:
    """What follows `is`, `was` or an apposition's comma."""
    if found := SIZE.match(rest):
        relation = SIZES.get(found[2], "age")
        yield subject, relation, re.sub(" years?$" if found[2] == "old" else "$", "", found[1])
    elif found := BORN.match(rest):
        yield from _origin(subject, found[1], found[2])
    elif found := re.match(rf"^(?:on|at|in) ((?:{DATE}|{DAY}|{CLOCK}).*)$", rest):
        yield subject, "time", found[1]
    elif found := PARTICIPLE.match(rest):
        yield from _passive(subject, found[1], found[2])
    elif found := re.match(r"^(?:in|at) ([A-Z].*)$", rest):
        yield subject, "location", _name(found[1])
    elif found := re.match(r"^(from|called|named) (.+)$", rest):
        yield subject, "origin" if found[1] == "from" else "name", _name(found[2])
    else:
        yield from _identity(subject, rest, was)


def _identity(subject: str, rest: str, was: bool) -> Iterator[Triple]:
    """`is the capital of Italy`, `'s name is Anna`, `is a city in Norway`, `is blue`."""
    owner, noun = _owned(subject)
    if owner and (re.match(r"[A-Z0-9\"“+]|the [A-Z]", rest) or ATTRIBUTE.search(noun)):
        yield from _each(owner, camel(noun), rest)
        return
    owner, noun = _owned(re.sub("^the ", "", rest))
    if owner:
        yield owner, camel(noun), subject
    elif rest.startswith(("a ", "an ")):
        yield from _kind(subject, rest)
    elif subject == "I" and re.match(r"^[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,3}$", rest):
        yield "I", "name", rest
    elif re.match(r"^[a-z-]+(?: [a-z-]+)?$", rest) and not was:
        yield subject, "is", rest


def _owned(text: str) -> tuple[str, str]:
    """(`Italy`, `capital`) of `capital of Italy`, `Italy's capital`; (`I`, `dog`) of `my dog`."""
    if not text.startswith(("a ", "an ")) and (found := OF.match(text)):
        return _name(found[2]), found[1]
    if found := OWN.match(text):
        return _name(found[1]), found[2]
    if found := re.match(r"^my ([a-z][\w -]*)$", text):
        return "I", found[1]
    return "", ""


def _kind(subject: str, rest: str) -> Iterator[Triple]:
    """`a city in Norway`, `a language created by Guido`."""
    if found := MADE.match(rest):
        rest = found[1]
        yield subject, "isA", re.sub("^an? ", "", rest)
        yield from _is(subject, found[2])
    elif found := re.match(r"^an? (.+?)(?: in ([A-Z].*))?$", rest):
        yield subject, "isA", found[1]
        if found[2]:
            yield subject, "location", _name(found[2])


def _origin(subject: str, verb: str, rest: str) -> Iterator[Triple]:
    """Place, date and founder after `born`, `founded`, `died`, in any order."""
    stem = {"born": "birth", "died": "death"}.get(verb, "founding")
    parts = re.split(r",? ?\b(?=(?:in|on|by|at) )|(?<=[a-z]),? (?=yesterday|today)", rest)
    for part in filter(None, parts):
        preposition, _, value = part.strip(" ,").partition(" ")
        if preposition == "by":
            yield from _each(subject, "founder", value)
        elif re.fullmatch(rf"{DATE}|{ADVERB}", value or preposition):
            yield subject, f"{stem}Date", value or preposition
        elif value[:1].isupper() or value.startswith("the "):
            yield subject, f"{stem}Place", _name(value)


def _passive(subject: str, phrase: str, rest: str) -> Iterator[Triple]:
    verb = phrase.split()[0]
    times, rest = _times_last(rest)
    known = BY_PHRASE.get(f"was {phrase}") or BY_PHRASE.get(f"is {phrase}")
    if phrase in ("based in", "situated in"):
        known = "location"
    relation = known or camel(phrase)
    if re.fullmatch(DATE, rest):
        yield subject, f"{verb}When", rest
        return
    yield from _each(subject, relation, rest)
    for time in times:
        yield subject, f"{verb}When", time


def _does(subject: str, verb: str, preposition: str, rest: str) -> Iterator[Triple]:
    if verb == "died":
        yield from _origin(subject, verb, f"{preposition} {rest}".strip())
        return
    if verb in ("has", "have") and (found := HAS_OF.match(rest)):
        yield subject, camel(found[1]), found[2]
        return
    times, rest = _times_last(f"{preposition} {rest}".strip())
    if preposition and rest.startswith(preposition + " "):
        rest = rest[len(preposition) + 1 :]
    else:
        preposition = ""
    where, rest = _place_last(rest)
    if rest:
        phrase = f"{verb} {preposition}".strip()
        yield from _each(subject, BY_PHRASE.get(phrase) or camel(phrase), rest)
    if where:
        yield subject, "workLocation" if verb in ("works", "work") else f"{verb}Where", where
    for time in times:
        yield subject, f"{verb}When", time


def _times_last(text: str) -> tuple[list[str], str]:
    """(['Monday', '3 pm'], 'a call') of `a call on Monday at 3 pm`; two at most."""
    times: list[str] = []
    while len(times) < 2 and (found := WHEN_LAST.match(text)):
        times.insert(0, re.sub("^(?:in|on|at) ", "", found[2]))
        text = found[1]
    return times, text


def _place_last(text: str) -> tuple[str, str]:
    found = PLACE_LAST.match(text)
    return (_name(found[2]), found[1]) if found else ("", text)


def _each(subject: str, relation: str, values: str) -> Iterator[Triple]:
    """One triple a member of a list."""
    for value in LIST.split(values.partition(": ")[0]):
        yield subject, relation, re.sub("^[Tt]he (?=[A-Z])", "", value.strip(' ,."“”'))


def _sound(triple: Triple) -> bool:
    return (
        all(part and len(part) <= MAX_VALUE and any(map(str.isalnum, part)) for part in triple)
        and len(triple[0].split()) <= 8
    )
