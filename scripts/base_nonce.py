# ruff: noqa: E501, SIM905  (word lists and phrasings read better in long lines)
"""Relations made up on the spot, whose camelCase labels can be read off the wording of the text.

They are what teaches a base model to form a label ("runway length" gives runwayLength) where a closed list would
only be remembered. Knows nothing of texts beyond one relation's phrasings.
"""

from __future__ import annotations

from base_names import KINDS, Rng, adjective, nonce_word, noun
from base_relations import Relation

_VERBS = (
    "restore paint renovate print plant sign open close launch record forge carve fund lease rent film edit name guard "
    "farm polish brew coach train test chart host mark merge mine pave praise rescue roast score shape store trace trade "
    "adopt approve assemble auction cast christen clean collect colour conquer convert decorate deliver describe donate "
    "enlarge examine export finance finish furnish import improve inspect insure introduce invite judge license load "
    "maintain measure mention order patent perform photograph prepare preserve promote propose protect purchase rebrand "
    "register rename repair replace research rule sample select settle sketch survey train transport treat visit"
).split()
_HEADS = (
    "length width depth height weight size price rate code number name type colour date time age rank score share level "
    "title status mode class grade volume speed range source target style shape surface crew captain chief engineer "
    "director leader guide partner rival teacher student neighbour supplier owner editor critic guardian secretary "
    "treasurer deputy assistant doctor material symbol motto anthem flag crest nickname origin purpose region district "
    "province state border route terminal track lane deck cargo fuel battery sensor screen handle lid label sauce topping "
    "garnish side portion dose yield method tool medium format edition chapter verse season episode series opponent"
).split()
_MODIFIERS = (
    "average maximum minimum total main chief head first second last former current next previous official local native "
    "national regional annual monthly daily net gross common short full legal original final initial upper lower inner "
    "outer front rear left right primary secondary public private technical financial medical military musical academic "
    "internal external alternative favourite closest largest smallest oldest newest highest"
).split()
_LINKS = (
    "adjacent to / close to / next to / named after / similar to / opposite to / based on / inspired by / known as / "
    "linked to / connected with / allied with / dependent on / equal to / derived from / descended from / adapted from / "
    "separated from / bordered by / surrounded by / covered with / filled with / fed by / subject to / native to / made "
    "for / devoted to / assigned to / attached to / committed to / superior to / older than / larger than / twinned with"
).split(" / ")
_THINGS = tuple(kind for kind in KINDS if kind not in ("several", "year", "date"))
_ENTITIES = (
    "person",
    "place",
    "organisation",
    "building",
    "work",
    "event",
    "vehicle",
    "body",
    "food",
    "country",
    "word",
)


def camel_case(phrase: str) -> str:
    """The label of a phrase: "runway length" → "runwayLength"."""
    first, *others = phrase.split()
    return first + "".join(other[0].upper() + other[1:] for other in others)


def _common_noun(rng: Rng) -> str:
    """A noun that nobody lists: half of them heads of properties, a fifth made up."""
    return rng.choices((rng.choice(_HEADS), noun(rng), nonce_word(rng)), (5, 3, 2))[0]


def _property(rng: Rng) -> Relation:
    """A noun phrase of one to three words: "The chief engineer of S is O"."""
    words = (
        [rng.choice(_MODIFIERS)] * (rng.random() < 0.4)
        + [noun(rng)] * (rng.random() < 0.5)
        + [_common_noun(rng)]
    )
    phrase = " ".join(words)
    predicates = (
        "has a %s of {o}",
        "has {o} as its %s",
        "has the %s {o}",
        "lists {o} as its %s",
        "got {o} as a %s",
    )
    asides = ("with {o} as its %s", "with a %s of {o}", "whose %s is {o}", "its %s being {o}")
    return Relation(
        camel_case(phrase),
        rng.choice(_THINGS),
        phrase,
        tuple(p % phrase for p in predicates),
        tuple(a % phrase for a in asides),
    )


def _count(rng: Rng) -> Relation:
    """How many there are: "S has 12 lanterns" → numberOfLanterns."""
    things = _common_noun(rng) + "s"
    predicates = (
        f"has {{o}} {things}",
        f"counts {{o}} {things}",
        f"comes with {{o}} {things}",
        f"needs {{o}} {things}",
    )
    inverses = (f"There are {{o}} {things} in {{s}}", f"{{o}} {things} belong to {{s}}")
    phrase = f"number of {things}"
    return Relation(
        camel_case(phrase),
        "number",
        phrase,
        predicates,
        (f"with {{o}} {things}", f"with its {{o}} {things}"),
        inverses,
    )


def _forms(verb: str) -> tuple[str, str, str]:
    """Participle, gerund and agent of a regular verb."""
    stem = verb.removesuffix("e")
    return stem + "ed", stem + "ing", stem + "er"


def _agent(rng: Rng) -> Relation:
    """Who did it: "S was restored by O" → restorer."""
    past, _, agent = _forms(rng.choice(_VERBS))
    predicates = (
        f"was {past} by {{o}}",
        f"has been {past} by {{o}}",
        f"is {past} by {{o}}",
        f"has {{o}} as its {agent}",
    )
    inverses = (f"{{o}} {past} {{s}}", f"{{o}} is the {agent} of {{s}}", f"{{o}} has {past} {{s}}")
    return Relation(
        agent,
        rng.choice(("person", "organisation")),
        agent,
        predicates,
        (f"{past} by {{o}}",),
        inverses,
    )


def _circumstance(rng: Rng) -> Relation:
    """When or where it was done: "S was restored in 1913" → restoringYear."""
    past, gerund, _ = _forms(rng.choice(_VERBS))
    kind, preposition = rng.choice(
        (("date", "on"), ("year", "in"), ("place", "in"), ("building", "at"))
    )
    asked = "place" if kind == "building" else kind
    predicates = (
        f"was {past} {preposition} {{o}}",
        f"was first {past} {preposition} {{o}}",
        f"got {past} {preposition} {{o}}",
    )
    inverses = (
        f"{preposition.title()} {{o}}, {{s}} was {past}",
        f"{{o}} is the {asked} of {gerund} {{s}}",
    )
    return Relation(
        f"{gerund}{asked.title()}",
        kind,
        f"{gerund} {asked}",
        predicates,
        (f"{past} {preposition} {{o}}",),
        inverses,
    )


def _link(rng: Rng) -> Relation:
    """How it stands to another: "S is adjacent to O" → adjacentTo."""
    phrase = rng.choice(_LINKS)
    predicates = (
        f"is {phrase} {{o}}",
        f"was {phrase} {{o}}",
        f"is said to be {phrase} {{o}}",
        f"remains {phrase} {{o}}",
    )
    return Relation(
        camel_case(phrase),
        rng.choice(_ENTITIES),
        "",
        predicates,
        (f"{phrase} {{o}}", f"{adjective(rng)} and {phrase} {{o}}"),
    )


def nonce_relation(rng: Rng) -> Relation:
    """A relation nobody has heard of, half of them plain properties."""
    make = rng.choices((_property, _count, _agent, _circumstance, _link), (9, 2, 3, 3, 3))[0]
    return make(rng)
