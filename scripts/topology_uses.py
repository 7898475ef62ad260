"""What topology is worth where it is used: in finding, and in asking which names mean one thing.

Both go through the memory itself, on graphs made of WebNLG. It does not know how well links are
predicted (bench_topology.py has that).
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from webnlg import Pair

from models.embedding import Embedder
from models.topology import hold_out
from store.database import Database
from store.episodes import Chunk
from store.graph import Provenance
from valence.memory.fitting import spoken
from valence.memory.likeliest import Likeliest
from valence.memory.memory import Memory
from valence.memory.naming import entity_key
from valence.memory.resolving import PAIRS, Resolution
from valence.memory.retrieval import Item, Mode, Retrieval

TENTH = 0.1
TEXTS = 600
QUESTIONS = 200
TWINS = 100
TOLD = 2000
ASKED = (24, 48, 96, 192)
Triple = tuple[str, str, str]
Found = dict[tuple[str, str], tuple[float, float]]
"""Shares found among the first five and ten, by mode and way."""


class Kept:
    """An embedder that makes each vector once."""

    available = True

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._rows: dict[str, Any] = {}
        self.name = inner.name

    def embed(self, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._inner.embed(new), strict=True))
        return np.array([self._rows[text] for text in texts])


# Finding


def found_of(pairs: Sequence[Pair], embedder: Kept, seeds: Iterable[int]) -> str:
    """A table of how often the other end of a fact that was never told is among the finds."""
    runs = [_found(pairs, embedder, seed) for seed in seeds]
    lines = [
        "| the other end of a fact never told, found | first 5 | first 10 |", "|---|---|---|",
    ]  # fmt: skip
    for mode, way in runs[0]:
        cells = (_cell([run[mode, way][depth] for run in runs]) for depth in (0, 1))
        lines.append(f"| {mode}: {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _found(pairs: Sequence[Pair], embedder: Kept, seed: int) -> Found:
    triples = sorted({triple for pair in pairs for triple in pair.triples})
    untold = _untold(triples, seed)
    texts = [pair.text for pair in pairs if untold.isdisjoint(pair.triples)][:TEXTS]
    asked = random.Random(seed).sample(sorted(untold), min(QUESTIONS, len(untold)))
    with tempfile.TemporaryDirectory() as folder:
        memory = _memory(folder, embedder, [t for t in triples if t not in untold])
        memory.episodes.add([Chunk(text=text, kind="episode") for text in texts])
        memory.catch_up()
        assert memory.meaning is not None
        alone = Retrieval(memory.graph, memory.episodes, memory.meaning.near)
        found = _by_mode(alone, "what is known of it", asked)
        found |= _by_mode(memory.whole, "and of things of like names", asked)
        memory.fit_places()
        return found | _by_mode(memory.whole, "and of things alike by names and links", asked)


def _untold(triples: Sequence[Triple], seed: int) -> set[Triple]:
    """The facts of a tenth of the links; no entity loses its last link."""
    names = sorted({name for s, _, o in triples for name in (s, o)})
    place = {name: number for number, name in enumerate(names)}
    links = np.array([(place[s], place[o]) for s, _, o in triples])
    held = {tuple(link) for link in hold_out(links, TENTH, seed)[1].tolist()}
    return {t for t in triples if tuple(sorted((place[t[0]], place[t[2]]))) in held}


def _by_mode(retrieval: Retrieval, way: str, asked: Sequence[Triple]) -> Found:
    modes: tuple[Mode, ...] = ("graph", "hybrid")
    return {(mode, way): _shares(retrieval, mode, asked) for mode in modes}


def _shares(retrieval: Retrieval, mode: Mode, asked: Sequence[Triple]) -> tuple[float, float]:
    hits = [
        [_names(item, other) for item in retrieval.search(question, mode, limit=10).items]
        for question, other in ((f"What is the {spoken(r)} of {s}?", o) for s, r, o in asked)
    ]
    return (
        sum(any(each[:5]) for each in hits) / len(asked),
        sum(map(any, hits)) / len(asked),
    )


def _names(item: Item, other: str) -> bool:
    if item.fact is not None:
        return other in (item.fact.subject, item.fact.object)
    return other.lower() in item.text.lower()


# Asking


@dataclass(frozen=True)
class Split:
    """Facts in which some entities go by two names, and these pairs of names."""

    facts: list[Triple]
    twins: set[frozenset[str]]


def resolved_of(pairs: Sequence[Pair], embedder: Kept, seeds: Iterable[int]) -> str:
    """A table of how many of the split entities are among the first pairs asked about."""
    cases: dict[str, Callable[[int], Split]] = {
        "every fact told once": lambda seed: told_once(pairs, seed),
        f"{TOLD} texts": lambda seed: told_in_texts(pairs, seed),
    }
    lines = [
        "| things under two names, asked about among the first | "
        + " | ".join(map(str, ASKED)) + " | weight of links |",
        "|---|" + "---|" * (len(ASKED) + 1),
    ]  # fmt: skip
    for case, made in cases.items():
        splits = [made(seed) for seed in seeds]
        things = f"{np.mean([len(split.twins) for split in splits]):.0f} things"
        for way, asking in (("names alone", by_names), ("names and links", by_links)):
            runs = [asking(split, embedder) for split in splits]
            cells = (_cell([run[0][number] for run in runs], 1) for number in range(len(ASKED)))
            weights = ", ".join(f"{run[1]:g}" for run in runs)
            lines.append(f"| {things}, {case}: {way} | {' | '.join(cells)} | {weights} |")
    return "\n".join(lines)


def told_once(pairs: Sequence[Pair], seed: int) -> Split:
    """Every fact once, under one of the names."""
    triples = sorted({triple for pair in pairs for triple in pair.triples})
    return _split([(triple,) for triple in triples], seed)


def told_in_texts(pairs: Sequence[Pair], seed: int) -> Split:
    """Texts that keep to one of the names each; many facts stand in several."""
    chosen = random.Random(seed).sample(sorted(pair.triples for pair in pairs), TOLD)
    return _split(chosen, seed)


def _split(told: Sequence[tuple[Triple, ...]], seed: int) -> Split:
    chance = random.Random(seed)
    other = _other_names({triple for triples in told for triple in triples}, chance)
    facts = set()
    for triples in told:
        named = sorted({name for s, _, o in triples for name in (s, o)} & other.keys())
        now = {name: other[name] for name in named if chance.random() < 0.5}
        facts |= {(now.get(s, s), r, now.get(o, o)) for s, r, o in triples}
    there = {name for s, _, o in facts for name in (s, o)}
    twins = {frozenset(pair) for pair in other.items() if there.issuperset(pair)}
    return Split(sorted(facts), twins)


def _other_names(triples: set[Triple], chance: random.Random) -> dict[str, str]:
    """Second names of up to TWINS entities with four links or more."""
    links: dict[str, set[str]] = {}
    for s, _, o in triples:
        links.setdefault(s, set()).add(o)
        links.setdefault(o, set()).add(s)
    chosen = sorted(name for name, others in links.items() if len(others) >= 4)
    other: dict[str, str] = {}
    for name in chance.sample(chosen, len(chosen)):
        made = _shortened(name, chance)
        if made and made not in links and made not in other.values() and len(other) < TWINS:
            other[name] = made
    return other


def _shortened(name: str, chance: random.Random) -> str:
    """Initials, an initial for the first word, or a word less; "" where that cannot be done."""
    words = name.split()
    if len(words) < 2 or any(c.isdigit() for c in name):
        return ""
    initials = "".join(word[0] for word in words if word[0].isalpha()).upper()
    shorter = " ".join(words[:-1]) if len(words) > 2 else words[-1]
    made = chance.choice([initials, f"{words[0][0]}. {' '.join(words[1:])}", shorter])
    return made if len(made) > 1 else ""


def by_names(split: Split, embedder: Kept) -> tuple[list[int], float]:
    """Pairs proposed and ordered by their names' cosine."""
    return _asked(split, embedder, lambda memory: None, lambda order: 0.0)


def by_links(split: Split, embedder: Kept) -> tuple[list[int], float]:
    """Pairs proposed by their place in the graph too, links weighed by the answers."""
    return _asked(split, embedder, Memory.fit_places, Likeliest.weight)


def _asked(
    split: Split,
    embedder: Kept,
    prepare: Callable[[Memory], None],
    weight: Callable[[Likeliest], float],
) -> tuple[list[int], float]:
    """How many twins were among the first ASKED pairs, and the links' weight in the end."""

    class Order(Likeliest):
        def weight(self) -> float:
            return weight(Likeliest(memory.graph, embedder.name))

    with tempfile.TemporaryDirectory() as folder:
        memory = _memory(folder, embedder, split.facts)
        memory.catch_up()
        prepare(memory)
        oracle = _Oracle(split.twins)
        order = Order(memory.graph, embedder.name)
        resolution = Resolution(memory.graph, oracle, order)
        while len(oracle.hits) < ASKED[-1] and resolution.ask(PAIRS):
            pass
        return [sum(oracle.hits[:most]) for most in ASKED], order.weight()


class _Oracle:
    """Answers what is so."""

    def __init__(self, twins: Iterable[frozenset[str]]) -> None:
        self._twins = {frozenset(map(entity_key, twin)) for twin in twins}
        self.hits: list[bool] = []

    def __call__(self, pair: Any, learn: bool) -> Any:
        same = frozenset(entity_key(name) for name, _ in pair) in self._twins
        self.hits.append(same)
        return SimpleNamespace(
            call=SimpleNamespace(route="frontier"),
            boundary=SimpleNamespace(vetoes=lambda value, output: None),
            output="yes" if same else "no",
            value=pair,
        )


def _memory(folder: str, embedder: Kept, triples: Sequence[Triple]) -> Memory:
    home = Path(folder)
    made: Any = embedder
    memory = Memory(Database(home / "valence.db"), home / "episodic.lance", made, _never)
    memory.knowledge.learn(triples, Provenance())
    return memory


def _cell(values: Iterable[float], digits: int = 3) -> str:
    found = np.array(list(values))
    return f"{found.mean():.{digits}f} ± {found.std():.{digits}f}"


def _never(text: str, episode: str | None, hear: Any) -> Any:
    raise AssertionError("nothing is decomposed here")
