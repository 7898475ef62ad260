"""How well names and links predict links that were held out, on a graph made of WebNLG.

Every triple of the training part is a link between subject and object. A tenth of the links is
held out for the test and a tenth of the rest to fit the blend; no entity loses its last link. For
each held-out link all entities are ordered by likeness to the one end, in both directions, known
neighbours left out; what counts is whether the other end is among the first ten, and the mean
reciprocal rank. Relations are not looked at.

Finding: of a tenth of the links the facts are never told, nor any text that states one; all other
facts and 600 texts are. "What is the RELATION of SUBJECT?" is asked of 200 untold facts. What
counts is whether the other end is named among the finds; none of them states the fact.

Asking: up to 100 entities with four links or more go by two names, the second made of the first
(initials, an initial for the first word, or a word less). Either every fact is told once, under one
name, so that the two names share next to no neighbour; or 2000 texts are told, each of which keeps
to one name, so that much is told under both. Pairs that may be one thing are asked about eight at a
time, each answer is what is so, and the next eight are chosen with what was learnt. By names alone
pairs are proposed and ordered by the cosine of their names; by names and links also those with a
like place in the graph are proposed, and the neighbours they share count as the answers say.
Finding and asking are means over three draws, and their standard deviation. How many alike things
are looked at (30) and from which fit on nothing is added (.6) was chosen on draws of this same set,
and asking was tried out on it: those two tables are no held-out figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np  # noqa: E402
from topology_uses import Kept, found_of, resolved_of  # noqa: E402
from webnlg import SEEN, UNSEEN, Pair, read  # noqa: E402

from models.embedding import Embedder  # noqa: E402
from models.topology import (  # noqa: E402
    Blend,
    blended,
    degrees,
    embed,
    fit_blend,
    hits_at,
    hold_out,
    mean_reciprocal_rank,
    ranks,
)

if TYPE_CHECKING:
    from models.topology import Links, Matrix

PHASES = ("names alone", "blend", "links alone")
BANDS = {"all": (0, 10**9), "1-3 links": (0, 3), "4-15 links": (4, 15), "16+ links": (16, 10**9)}
TENTH = 0.1

Cells = dict[tuple[str, str], list[tuple[float, float]]]
"""Hits@10 and mean reciprocal rank by phase and band, one a seed."""


@dataclass(frozen=True)
class Made:
    """A graph: names, the vectors of them, and links between their places."""

    names: list[str]
    text: Matrix
    links: Links


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--webnlg", type=Path, required=True, help="folder of WebNLG 3.0")
    parser.add_argument("--model", required=True, help="folder of a sentence-transformers model")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--docs", action="store_true", help="write docs/bench_topology.md")
    arguments = parser.parse_args()
    pairs = read(arguments.webnlg, "train", SEEN + UNSEEN)
    embedder = Kept(Embedder(arguments.model))
    seeds, fewer = range(arguments.seeds), range(min(arguments.seeds, 3))
    parts = [
        report_of(graph_of(pairs, embedder), seeds),
        found_of(pairs, embedder, fewer),
        resolved_of(pairs, embedder, fewer),
    ]
    report = "\n\n".join(parts)
    print(report)
    if arguments.docs:
        command = "    .venv/bin/python scripts/bench_topology.py --webnlg … --model … --docs\n"
        page = f"# Topology embeddings\n\n{__doc__}\n{report}\n\n{command}"
        (ROOT / "docs" / "bench_topology.md").write_text(page, "utf-8")


def graph_of(pairs: Iterable[Pair], embedder: Kept) -> Made:
    """The graph of all triples, each once."""
    triples = sorted({triple for pair in pairs for triple in pair.triples})
    names = sorted({name for subject, _, object in triples for name in (subject, object)})
    place = {name: number for number, name in enumerate(names)}
    links = np.array([(place[subject], place[object]) for subject, _, object in triples])
    return Made(names, embedder.embed(names), links)


def report_of(made: Made, seeds: Iterable[int]) -> str:
    cells: Cells = {}
    blends = []
    for seed in seeds:
        blend, found = measured(made, seed)
        blends.append(blend)
        for key, value in found:
            cells.setdefault(key, []).append(value)
    counts = degrees(made.links, len(made.names))
    return "\n".join(
        [
            f"{len(made.names)} entities, {len(made.links)} links, half of the entities with at "
            f"most {int(np.median(counts))}; means over {len(blends)} divisions of the links, and "
            "their standard deviation.",
            "",
            *table(cells),
            "",
            "Fitted blends (weight of the names; links alone from so many links on): "
            + "; ".join(f"{blend.text:.2f}, {blend.alone_from}" for blend in blends)
            + ".",
        ]
    )


def measured(
    made: Made, seed: int
) -> tuple[Blend, list[tuple[tuple[str, str], tuple[float, float]]]]:
    """The blend that was fitted, and what each phase gets on the test links."""
    n = len(made.names)
    rest, test = hold_out(made.links, TENTH, seed)
    kept, validation = hold_out(rest, TENTH, seed + 1)
    blend = fit_blend(made.text, embed(kept, n), kept, validation)
    shape, counts = embed(rest, n), degrees(rest, n)
    phases = zip(PHASES, (Blend(1.0), blend, Blend(0.0)), strict=True)
    found = []
    for phase, each in phases:
        places = ranks(blended(made.text, shape, each.weights(counts)), rest, test)
        found += [((phase, band), value) for band, value in by_band(places, test, counts)]
    return blend, found


def by_band(places: Links, test: Links, counts: Links) -> Iterator[tuple[str, tuple[float, float]]]:
    """Split by how many known links the end has that is asked from."""
    asked_from = counts[np.concatenate([test[:, 0], test[:, 1]])]
    for band, (least, most) in BANDS.items():
        chosen = places[(asked_from >= least) & (asked_from <= most)]
        yield band, (hits_at(10, chosen), mean_reciprocal_rank(chosen))


def table(cells: Cells) -> Iterator[str]:
    yield "| hits@10 / MRR, asked from an end with | " + " | ".join(BANDS) + " |"
    yield "|---|" + "---|" * len(BANDS)
    for phase in PHASES:
        row = (cell(cells[phase, band]) for band in BANDS)
        yield f"| {phase} | " + " | ".join(row) + " |"


def cell(values: list[tuple[float, float]]) -> str:
    hits, reciprocal = np.array(values).T
    return f"{hits.mean():.3f} ± {hits.std():.3f} / {reciprocal.mean():.3f}"


if __name__ == "__main__":
    main()
