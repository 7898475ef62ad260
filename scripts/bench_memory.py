"""How quick memory is at size, and how much disk it takes.

Random unit vectors stand in for embeddings (their making is not measured); they lie near a space
of 32 dimensions, since embeddings of texts have few. Vectors in all directions alike are the worst
case of a graph index: of these it found .53, .37 and .22 of the nearest 20 among 50,000, 100,000
and 200,000. Texts are made of words with Zipf's frequencies, facts of random entities, so that the
common words and the much-named entities are there that make a search slow. A hybrid query is
`Memory.search` as the assistant asks it: a question that names an entity and a relation among words
of the texts. Under it the parts of a query by themselves, each asked for 20 items, and a walk to
the neighbours of an entity's neighbours, along the newest facts of each. Latencies are of a
warmed-up process; CPU times stand beside them, because on a machine that does other work at the
same time only these say what a query costs.

With `--index` both ways of finding the nearest vectors are timed at several sizes: all of them
compared in memory, and LanceDB's graph with the cosines of its candidates read from SQLite.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from store.database import Database  # noqa: E402
from store.episodes import Chunk, Episodes  # noqa: E402
from store.exact import ExactIndex  # noqa: E402
from store.facts import NewFact  # noqa: E402
from store.graph import Graph  # noqa: E402
from store.lance import VectorIndex  # noqa: E402
from valence.memory.memory import Memory  # noqa: E402

MODEL = "random@0"
WIDTH = 384
DIMENSIONS = 32
NOISE = 1.0
SPACE = np.random.default_rng(0).standard_normal((DIMENSIONS, WIDTH), dtype=np.float32)
"""A thirtieth of a vector's square length is noise of all directions."""
WORDS = 20_000
BATCH = 5000
FOUND = 20
TURNS = 1000
WARM = 100


class Drawn:
    """Stands in for an embedding model: a random vector a text, at no cost."""

    name = MODEL
    available = True

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return units(self._chance, len(texts))


class Home:
    """A filled memory in a folder."""

    def __init__(self, folder: Path, chance: np.random.Generator) -> None:
        self.folder = folder
        self.chance = chance
        self.db = Database(folder / "valence.db")
        self.episodes = Episodes(self.db)
        self.graph = Graph(self.db)
        self.entities = 1

    def drawn(self, kinds: int, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers below `kinds`, the n-th as frequent as 1 / n."""
        shares = 1 / np.arange(1, kinds + 1)
        return self.chance.choice(kinds, shape, p=shares / shares.sum())

    def texts(self, count: int, words: int) -> list[str]:
        drawn = self.drawn(WORDS, (count, words))
        return [" ".join(f"w{n}" for n in row) for row in drawn]

    def vectors(self, count: int) -> np.ndarray:
        return units(self.chance, count)

    def memory(self) -> Memory:
        embedder: Any = Drawn(self.chance)
        return Memory(self.db, self.folder / "episodic.lance", embedder, _never)

    def questions(self, count: int) -> list[str]:
        named = self.drawn(self.entities, (count,))
        return [
            f"What is the relation{self.chance.integers(50)} of entity {n}: {text}?"
            for n, text in zip(named, self.texts(count, 4), strict=True)
        ]

    def add_episodes(self, count: int) -> None:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            chunks = [Chunk(text=text, kind="episode") for text in self.texts(size, 20)]
            self.episodes.add(chunks, self.vectors(size), MODEL)

    def add_facts(self, count: int) -> list[str]:
        names = [f"entity {n}" for n in range(max(count // 5, 2))]
        made = self.graph.add_entities((name, name) for name in names)
        entities = [entity.id for entity in made.values()]
        self.entities = len(entities)
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            pairs = self.drawn(len(entities), (size, 2))
            self.graph.add_facts(
                NewFact(
                    subject_id=entities[a], relation=f"relation{a % 50}",
                    relation_folded=f"relation{a % 50}", object_id=entities[b],
                )
                for a, b in pairs
            )  # fmt: skip
        return entities

    def bytes(self) -> int:
        self.db.checkpoint()
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--episodes", type=int, default=100_000)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--index", type=int, nargs="*", default=[], help="sizes of the index")
    parser.add_argument("--docs", action="store_true", help="write docs/bench_memory.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), np.random.default_rng(4))
        report = "\n\n".join([growth(home), latency(home, arguments)])
        home.db.close()
    if arguments.index:
        report += "\n\n" + crossing(arguments)
    print(report)
    if arguments.docs:
        command = f"    .venv/bin/python scripts/bench_memory.py {' '.join(sys.argv[1:])}\n"
        page = f"# Memory at size\n\n{__doc__}\n{report}\n\n{command}"
        (ROOT / "docs" / "bench_memory.md").write_text(page, "utf-8")


def growth(home: Home) -> str:
    """Disk that turns take, appended one by one as a conversation appends them."""
    before, raw = home.bytes(), 0
    for _ in range(TURNS):
        chunk = Chunk(text=home.texts(1, 60)[0], kind="episode")
        home.episodes.add([chunk], home.vectors(1), MODEL)
        raw += len(chunk.text.encode()) + 4 * WIDTH
    grown = home.bytes() - before
    return (
        f"{TURNS} turns of 60 words, appended one by one: raw (text and float32 vectors) "
        f"{raw / 1e6:.2f} MB, on disk {grown / 1e6:.2f} MB, {grown / raw:.2f} times the raw size."
    )


def latency(home: Home, arguments: argparse.Namespace) -> str:
    home.add_episodes(arguments.episodes)
    entities = home.add_facts(arguments.facts)
    exact = ExactIndex(home.episodes.vectors, "chunk", MODEL)
    first = cost(lambda: exact.search(home.vectors(1)[0], FOUND))
    each = arguments.queries + WARM
    queries, vectors = iter(home.texts(each, 8)), iter(home.vectors(each))
    memory, asked = home.memory(), iter(home.questions(each))
    ways: dict[str, Callable[[], Any]] = {
        "hybrid query": lambda: memory.search(next(asked)),
        "full text": lambda: home.episodes.search(next(queries), FOUND),
        "vectors, exact": lambda: exact.search(next(vectors), FOUND),
        "full text of facts": lambda: home.graph.search(["entity", "7", "relation7"], FOUND),
        "graph, facts of 3 entities": lambda: home.graph.facts_about(some(home, entities, 3), 200),
        "graph, 2 hops": lambda: home.graph.neighbours(some(home, entities, 1), 2, 200),
    }
    timed = {name: costs(way, arguments.queries) for name, way in ways.items()}
    loading = f"Loading all vectors, once a process: {first[0]:.2f} s ({first[1]:.2f} s CPU)."
    title = f"{arguments.episodes:,} episodes, {arguments.facts:,} facts"
    return "\n\n".join([table(title, timed), loading])


def crossing(arguments: argparse.Namespace) -> str:
    """From which size on an index is quicker than comparing all vectors."""
    timed: dict[str, np.ndarray] = {}
    notes = []
    for size in arguments.index:
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder), np.random.default_rng(size))
            home.add_episodes(size)
            note = indexed(home, f"{size:,} vectors", timed, arguments.queries)
            notes.append(f"- {size:,} vectors: {note}")
            home.db.close()
    return "\n\n".join([table(f"the nearest {FOUND}", timed), "\n".join(notes)])


def indexed(home: Home, name: str, timed: dict[str, np.ndarray], queries: int) -> str:
    """Both ways at one size into `timed`; how the index was built and how much of it finds."""
    exact = ExactIndex(home.episodes.vectors, "chunk", MODEL)
    index = VectorIndex(home.db, home.folder / "episodic.lance", MODEL, exact_up_to=0)
    built = cost(index.maintain)
    hits = sum(
        len({a for a, _ in index.search(q, FOUND)} & {a for a, _ in exact.search(q, FOUND)})
        for q in home.vectors(queries)
    )
    asked = iter(home.vectors(4 * queries + 2 * WARM))
    timed[f"{name}, exact"] = costs(lambda: exact.search(next(asked), FOUND), queries)
    timed[f"{name}, index on disk"] = costs(lambda: index.search(next(asked), FOUND), queries)
    share = hits / queries / FOUND
    return f"built in {built[0]:.0f} s ({built[1]:.0f} s CPU), recall@{FOUND} {share:.3f}."


def units(chance: np.random.Generator, count: int) -> np.ndarray:
    """Random vectors of length one, near a space of DIMENSIONS dimensions."""
    inner = chance.standard_normal((count, DIMENSIONS), dtype=np.float32)
    noise = chance.standard_normal((count, WIDTH), dtype=np.float32)
    rows = inner @ SPACE + NOISE * noise
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _never(text: str, episode: str | None, hear: Any) -> Any:
    raise AssertionError("nothing is decomposed here")


def some(home: Home, entities: list[str], count: int) -> list[str]:
    return [entities[i] for i in home.drawn(len(entities), (count,))]


def costs(way: Callable[[], Any], count: int) -> np.ndarray:
    """Seconds of each by the clock and of the CPU (n, 2), after a warm-up."""
    for _ in range(WARM):
        way()
    return np.array([cost(way) for _ in range(count)])


def cost(job: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock and of the CPU, all threads together."""
    started, busy = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - started, time.process_time() - busy


def table(title: str, timed: dict[str, np.ndarray]) -> str:
    lines = [f"| {title} | p50 ms | p95 ms | CPU p50 ms | CPU p95 ms |", "|---|---|---|---|---|"]
    for name, column in timed.items():
        p50, p95 = 1000 * np.quantile(column, [0.5, 0.95], axis=0)
        lines.append(f"| {name} | {p50[0]:.1f} | {p95[0]:.1f} | {p50[1]:.1f} | {p95[1]:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
