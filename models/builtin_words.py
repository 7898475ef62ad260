"""The words that the builtin reader and writer share: verbs, prepositions, times, relations.

Data and the lookups on it. It knows no sentences.
"""

from __future__ import annotations

import re

_REGULAR = (
    "acquire add adopt attend belong boil border call climb collect complete contain cook "
    "cost cover create cross dance depart describe design develop die direct discover employ "
    "enjoy enter establish explore face finish fix flow follow form found freeze gain "
    "graduate hate help host import export include inhabit inspire introduce invent join land "
    "last launch learn like live love manage marry measure melt move need open orbit order "
    "organise organize own paint park pass perform plan play produce publish rain raise reach "
    "receive record rent repair represent retire return rule serve share start stay study "
    "support surround talk teach time travel treat use visit walk want wash watch weigh work "
    "worship"
)
_IRREGULAR = (
    "become:became begin:began break:broke bring:brought build:built buy:bought catch:caught "
    "choose:chose come:came drink:drank drive:drove eat:ate fall:fell feel:felt find:found "
    "fly:flew get:got give:gave go:went grow:grew have:had hold:held keep:kept know:knew "
    "lead:led leave:left lie:lay lose:lost make:made meet:met pay:paid read:read ride:rode "
    "rise:rose run:ran see:saw sell:sold send:sent sing:sang sit:sat sleep:slept speak:spoke "
    "spend:spent stand:stood swim:swam take:took tell:told wear:wore win:won write:wrote"
)


def _third(base: str) -> str:
    if base == "have":
        return "has"
    if re.search("(s|x|ch|sh|z|o)$", base):
        return base + "es"
    return base[:-1] + "ies" if re.search("[^aeiou]y$", base) else base + "s"


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    return base[:-1] + "ied" if re.search("[^aeiou]y$", base) else base + "ed"


PAST = {base: _past(base) for base in _REGULAR.split()}
PAST |= {"plan": "planned", "travel": "travelled", "cost": "cost"}
PAST |= dict(pair.split(":") for pair in _IRREGULAR.split())
THIRD = {base: _third(base) for base in PAST}
BASE = {third: base for base, third in THIRD.items()} | {"is": "am", "was": "was"}
SINGULAR_VERBS = {*THIRD.values(), *PAST.values(), "traveled"} - {"founds", "found"}
PLURAL_VERBS = {*PAST, *PAST.values(), "traveled"} - {"found"}
VERBS = SINGULAR_VERBS | PLURAL_VERBS | {"found"}

PREPOSITIONS = (
    "about across against around as at by for from in into near of off on over through to under "
    "until with without"
)

MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:1\d{3}|20\d{2})"
DATE = rf"(?:\d{{1,2}}\.? {MONTH}(?:,? {YEAR})?|{MONTH} \d{{1,2}}(?:,? {YEAR})?|{MONTH} {YEAR}"
DATE += rf"|{MONTH}|{YEAR}|\d{{4}}-\d{{2}}-\d{{2}})"
DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
CLOCK = r"(?:\d{1,2}(?::\d{2})?(?: ?[ap]\.?m\.?| o'clock)|\d{1,2}:\d{2}|noon|midnight)"
ADVERB = (
    "(?:yesterday|today|tomorrow|tonight|every (?:day|week|month|year|morning|evening)"
    "|(?:last|this|next) (?:night|week|weekend|month|year|summer|winter|spring|autumn|morning"
    rf"|{DAY})|(?:\w+ )?(?:days?|weeks?|months?|years?) ago)"
)
WHEN = rf"(?:in {DATE}|on (?:{DATE}|{DAY})|at {CLOCK}|{ADVERB})"

# relation -> verb phrase, and what stands before the value ("when": by the kind of time).
PREDICATES: dict[str, tuple[str, str]] = {
    "birthPlace": ("was born", "in"),
    "birthDate": ("was born", "when"),
    "deathPlace": ("died", "in"),
    "deathDate": ("died", "when"),
    "employer": ("works", "for"),
    "workLocation": ("works", "in"),
    "residence": ("lives", "in"),
    "location": ("is located", "in"),
    "origin": ("comes", "from"),
    "spouse": ("is married", "to"),
    "founder": ("was founded", "by"),
    "foundingDate": ("was founded", "when"),
    "foundingPlace": ("was founded", "in"),
    "author": ("was written", "by"),
    "director": ("was directed", "by"),
    "composer": ("was composed", "by"),
    "inventor": ("was invented", "by"),
    "discoverer": ("was discovered", "by"),
    "painter": ("was painted", "by"),
    "architect": ("was designed", "by"),
    "builder": ("was built", "by"),
    "publisher": ("was published", "by"),
    "owner": ("is owned", "by"),
    "boilingPoint": ("boils", "at"),
    "meltingPoint": ("melts", "at"),
    "freezingPoint": ("freezes", "at"),
    "weight": ("weighs", ""),
    "price": ("costs", ""),
    "is": ("is", ""),
}
BY_PHRASE = {
    f"{head} {preposition}".strip(): relation
    for relation, (head, preposition) in PREDICATES.items()
    if preposition != "when"
}
BY_PHRASE |= {"work for": "employer", "work in": "workLocation"}
BY_PHRASE |= {"live in": "residence", "come from": "origin"}
SIZES = {"tall": "height", "high": "height", "long": "length", "wide": "width", "deep": "depth"}
SIZE_WORDS = {"height": "tall", "length": "long", "width": "wide", "depth": "deep"}


def camel(words: str) -> str:
    """`flows through` → `flowsThrough`; a word that is already mixed or upper case stays."""
    first, *rest = re.split(r"[\s_-]+", words.strip())
    first = first if first.isupper() else first[:1].lower() + first[1:]
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def spaced(relation: str) -> str:
    """`cityServed`, `city_served` → `city served`; upper-case runs (`CEO`) stay as they are."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_/]+", " ", relation).split()
    return " ".join(word if word[1:].isupper() else word.lower() for word in words)
