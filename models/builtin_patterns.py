"""The shapes of simple English sentences that the builtin reader looks for. Data only."""

from __future__ import annotations

import re

from models.builtin_words import (
    DATE,
    PAST,
    PREPOSITIONS,
    SINGULAR_VERBS,
    VERBS,
    WHEN,
)

ABBREVIATED = r"(?<!\b[A-Z])(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bSt)(?<!\bMrs)(?<!\bProf)(?<!\bInc)"
SENTENCE_END = re.compile(rf"(?<=[!?])\s+|{ABBREVIATED}\.(?:\s+|$)|\n+|;\s+")
SILENT = re.compile(
    r"(?i)\?\W*$"
    r"|^\W*(?:who|what|when|where|why|which|whose|how|is|are|was|were|do|does|did|can|could|will"
    r"|would|should|shall|may|have|has|had|please|let|tell|show|give|if|there|here|this|that|these"
    r"|those)\b"
    r"|\b(?:not|never|no longer|maybe|perhaps|probably|would|could|should|might|may be|if|unless"
    r"|whether|think|thinks|believe|believes|hope|guess|wonder|supposed|nobody|nothing)\b"
    r"|n't\b"
)
ASIDE = re.compile(r"\s*\([^()]*\)")
RELATIVE = re.compile(r", (?:who|which|that|whose)\b[^,]*, ")
SUBCLAUSE = re.compile(
    rf",? (?:from|between) {DATE} (?:to|till|until|and) {DATE}$"
    r"|,? (?:which|who|whom|whose|that|because|when|while|although|though|since|so|until|before"
    r"|after|where)\b.*$"
)
ANY_VERB = "|".join(sorted(VERBS, key=len, reverse=True))
SINGULAR_VERB = "|".join(sorted(SINGULAR_VERBS, key=len, reverse=True))
NEXT_CLAUSE = re.compile(
    rf"(?:, and|,? but| and) (?=(?:is|are|was|were|am|{ANY_VERB})\b)"
    rf"|, (?=(?:is|are|was|were|am|{SINGULAR_VERB})\b)"
)
NEXT_SENTENCE = re.compile(
    rf",? (?:and|but) (?=(?:I|he|she|we|they|it|my [a-z]+) (?:is|are|was|were|am|{ANY_VERB})\b)"
)
APPOSITION = re.compile(r"^([A-Z][^,]{0,60}), (the|an?|my) ([^,]{1,60}), (.+)$")
MINE = re.compile(r"^[Mm]y ([a-z]+(?: [a-z]+)?) ([A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2}) (.+)$")
COPULA = re.compile(r"^(.{1,80}?) (is|are|was|were|am) (.+)$")
OWN = re.compile(r"^(.{1,60})['’]s? ([a-z][\w -]{1,40})$")
OF = re.compile(r"^(?:the |an? )?([a-z][\w -]{1,40}?|CEO|CTO|CFO) of (.+)$", re.IGNORECASE)
ACTIONS = {
    number: re.compile(
        rf"^(.{{1,80}}?) (?:also |often |usually |always |now |currently )?({verbs})"
        rf"(?: ({'|'.join(PREPOSITIONS.split())}))?"
        r" (?!(?:been|\w+ed|done|gone|written|made)\b)(.+)$"
    )
    for number, verbs in (("singular", SINGULAR_VERB), ("plural", ANY_VERB))
}
WHEN_LAST = re.compile(rf"^(.*?),? ?\b({WHEN})$")
PLACE_LAST = re.compile(r"^(.+?) (?:in|at) ((?:the )?[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*){0,3})$")
BORN = re.compile(r"^(born|founded|established|died)\b ?(.*)$")
PARTICIPLES = (
    r"(?:\w+ed|built|written|made|known|born|sung|sold|held|won|led|found|spoken|taught|given|drawn"
    rf"|grown) (?:{'|'.join(PREPOSITIONS.split())})"
)
PARTICIPLE = re.compile(rf"^({PARTICIPLES}) (.+)$")
MADE = re.compile(rf"^(an? .+?) ({PARTICIPLES} .+)$")
ATTRIBUTE = re.compile(
    "(?:^favou?rite |(?:colou?r|name|number|job|profession|hobby|language|nationality|religion)$)"
)
SIZE = re.compile(r"^(.*\d.*|\w+ \w+) (tall|high|long|wide|deep|old)$")
GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|well|yes|ok|okay|so|also|oh)(?: there)?[,!] )?"
    r"(?:(?:remember|note|know|i know) that )?",
    re.IGNORECASE,
)
SHORT = [
    (re.compile(rf"\b(?:has|have|had) (?=(?:{'|'.join(PAST.values())})\b)"), ""),
    (re.compile(r"\bI['’]m\b"), "I am"),
    (re.compile(r"\b(I|[Ww]e|[Tt]hey|[Yy]ou)['’]ve\b"), r"\1 have"),
    (re.compile(r"\b([Ww]e|[Tt]hey|[Yy]ou)['’]re\b"), r"\1 are"),
    (re.compile(r"\b([Hh]e|[Ss]he|[Ii]t)['’]s\b"), r"\1 is"),
]
HAS_OF = re.compile(r"^(?:an? |the )?([a-z]+(?: [a-z]+)?) of (.*\d.*)$")
LIST = re.compile(r", and |, | and ")
STARTS = re.compile(r"^(?:[A-Z0-9]|I$|my |our |the |a |an )")
UNCLEAR = re.compile(r"\b(?:their|its|his|her|he|she|they|it)\b|^(?:And|But|Or)\b")
