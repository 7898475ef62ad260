"""An endless seeded stream of made-up texts with the triples they state.

Run as a program it prints samples as JSON lines: python scripts/base_corpus.py --count 20
The families in HELD_OUT_FAMILIES never occur in `corpus`: tests teach them to a base that has not
seen them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from base_names import KINDS, Rng, fresh, noun
from base_nonce import nonce_relation
from base_phrasing import Fact, Thing, chained, quoted, sentence
from base_relations import FAMILIES, HELD_OUT_FAMILIES, Family, Relation

Triple = tuple[str, str, str]
MOST_FACTS = 7
_LISTED = ("person", "organisation", "place", "word", "work")
_FAMILY_OF = {family.kind: family for family in FAMILIES}
_HEADS = {"person": "person", "country": "country", "word": "thing", "several": "mixture"}


@dataclass(frozen=True)
class Sample:
    """A text and its triples in order of mention; their names occur literally in the text."""

    text: str
    triples: tuple[Triple, ...]


@dataclass(frozen=True)
class Wording:
    """What a corpus is made of: families, the most facts a text, the share of made-up relations."""

    families: tuple[Family, ...] = FAMILIES
    most_facts: int = MOST_FACTS
    nonce: float = 0.4


def _thing(rng: Rng, name: str, family: Family) -> Thing:
    """A thing of a family, with the pronoun it keeps."""
    pronoun = rng.choice(("He", "She")) if family.kind == "person" else "It"
    return Thing(name, family.kind, family.head, pronoun)


def _stranger(rng: Rng) -> Thing:
    """A thing of any kind, called by any noun: for relations that belong to no family."""
    kind = rng.choice(tuple(KINDS))
    head = _HEADS.get(kind) or noun(rng)
    return Thing(
        fresh(kind, rng), kind, head, "It" if kind != "person" else rng.choice(("He", "She"))
    )


def _objects(rng: Rng, relation: Relation, subject: str) -> tuple[str, ...]:
    """One object, now and then two or three, none of them part of another or of the subject."""
    count = rng.choices((1, 2, 3), (12, 2, 1))[0] if relation.kind in _LISTED else 1
    values: list[str] = []
    for value in (fresh(relation.kind, rng) for _ in range(count)):
        if not any(value in other or other in value for other in (*values, subject)):
            values.append(value)
    return tuple(values) or (fresh("code", rng),)


def _facts(rng: Rng, thing: Thing, count: int, wording: Wording) -> list[Fact]:
    """At most `count` facts about one thing, with relations that differ."""
    families = [family for family in wording.families if family.kind == thing.kind]
    listed = (
        rng.sample(families[0].relations, min(count, len(families[0].relations)))
        if families
        else []
    )
    relations = {}
    for known in itertools.zip_longest(listed, range(count)):
        chosen = known[0] if known[0] and rng.random() >= wording.nonce else nonce_relation(rng)
        relations[chosen.label] = chosen
    return [
        Fact(thing, relation, _objects(rng, relation, thing.name))
        for relation in relations.values()
    ]


def _groups(rng: Rng, facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    """The facts of one thing cut into sentences of one to three."""
    at = 0
    while at < len(facts):
        size = rng.choices((1, 2, 3), (5, 4, 2))[0]
        yield facts[at : at + size]
        at += size


def _next_thing(rng: Rng, fact: Fact) -> Thing | None:
    """The object of a fact as the subject of the next ones, if things of its kind have facts."""
    family = _FAMILY_OF.get(fact.relation.kind)
    if family is None or len(fact.objects) > 1:
        return None
    return _thing(rng, fact.objects[0], family)


def _sentences(
    rng: Rng, thing: Thing, count: int, wording: Wording
) -> Iterator[tuple[str, list[Fact]]]:
    """Sentences with their facts: about a thing, then about what those lead to; `count` facts."""
    own = count if rng.random() < 0.6 else rng.randint(1, count)
    facts = _facts(rng, thing, own, wording)
    for at, group in enumerate(_groups(rng, facts)):
        yield sentence(rng, group, again=at > 0), list(group)
    heir = _next_thing(rng, facts[-1])
    if count > own and heir is not None and wording.families is FAMILIES:
        yield from _sentences(rng, heir, count - own, wording)


def _joined(rng: Rng, parts: list[tuple[str, list[Fact]]]) -> tuple[list[str], list[Fact]]:
    """Sentences; one that is about what the one before ends with may become a clause of it."""
    said: list[str] = []
    facts: list[Fact] = []
    for text, group in parts:
        clause = (
            chained(rng, said[-1], group[0])
            if said and len(group) == 1 and rng.random() < 0.6
            else None
        )
        said[-1:] = [clause] if clause else [*said[-1:], text]
        facts += group
    return said, facts


def _written(rng: Rng, said: Sequence[str], names: Sequence[str]) -> str:
    """Sentences as a text: capitals (never inside a name), stops, and now and then neither."""
    careless = rng.random()
    starts = tuple(names)
    tidy = [s if s.startswith(starts) or careless < 0.05 else s[0].upper() + s[1:] for s in said]
    text = " ".join(s if s.endswith(".") else s + "." for s in tidy)
    return text.removesuffix(".") if 0.03 < careless < 0.1 else text


def _sample(rng: Rng, wording: Wording) -> Sample:
    """One text; its names are checked to occur in it, since a careless stop can cut one off."""
    while True:
        family = rng.choice(wording.families)
        thing = _thing(rng, fresh(family.kind, rng), family)
        if wording.nonce and rng.random() < 0.15:
            thing = _stranger(rng)
        count = rng.choices(
            range(1, wording.most_facts + 1), (6, 5, 4, 3, 2, 1, 1)[: wording.most_facts]
        )[0]
        said, facts = _joined(rng, list(_sentences(rng, thing, count, wording)))
        triples = tuple(triple for fact in facts for triple in fact.triples)[
            : wording.most_facts + 2
        ]
        text = _written(
            rng,
            said,
            [quoted(fact.subject.name, fact.subject.kind) for fact in facts]
            + [f.said for f in facts],
        )
        if all(s in text and o in text for s, _, o in triples) and len(triples) == sum(
            len(f.objects) for f in facts
        ):
            return Sample(text, triples)


def corpus(seed: int, wording: Wording | None = None) -> Iterator[Sample]:
    """Endless samples; the same seed and wording give the same ones."""
    rng = random.Random(seed)
    chosen = wording or Wording()
    while True:
        yield _sample(rng, chosen)


def held_out_corpus(seed: int, most_facts: int = 2) -> Iterator[Sample]:
    """Endless samples on ships, telescopes and games, with relations that `corpus` never shows."""
    return corpus(seed, Wording(HELD_OUT_FAMILIES, most_facts, nonce=0.0))


def main() -> None:
    """Print samples."""
    parser = argparse.ArgumentParser(
        description="Print made-up texts with their triples, one JSON object a line."
    )
    parser.add_argument("--count", type=int, default=20, help="how many samples (default: 20)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed prints the same samples (default: 0)"
    )
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="ships, telescopes and games, which no base model is shown",
    )
    options = parser.parse_args()
    source = held_out_corpus(options.seed) if options.held_out else corpus(options.seed)
    for sample in itertools.islice(source, options.count):
        print(json.dumps({"text": sample.text, "triples": sample.triples}, ensure_ascii=False))


if __name__ == "__main__":
    main()
