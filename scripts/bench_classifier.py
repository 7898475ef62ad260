"""What classifier heads are worth on CLINC150, and how fast they take over from a teacher.

Heads: trained on 10 to 100 messages a class and the out-of-scope ones of the train part, with the
product's one setting, judged on validation (in-scope accuracy: unknown counts as wrong). Product:
the train part uploaded as a person would, the adapter that was promoted judged on validation.
Replay: the messages of some domains and the out-of-scope ones come in random order, one by one,
through the real router; a server on this machine answers as the frontier and knows what is right;
runs start by themselves every 100 new examples and are waited for. Five times over, because what
is drawn by chance (which example serves which purpose) makes much of a difference.

Tuned: the same heads on embeddings that were tuned on the same few messages, and compared on
validation. Elsewhere the embedding is frozen. Its vectors are made once and kept in OUT, as is what
was measured. With `--parts` only some of it is measured, and the rest stands as it does in
docs/bench_classifier.json. Writes docs/bench_classifier.md, .json and .png with `--docs`, else
prints the page.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import classifier_report  # noqa: E402
import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from models.embedding import Embedder  # noqa: E402
from models.embedding_tuning import fine_tune  # noqa: E402
from models.heads import Heads  # noqa: E402
from models.heads_fitting import fit_heads  # noqa: E402
from tests.loopback import LoopbackFrontier  # noqa: E402
from valence.app import Valence  # noqa: E402
from valence.config import Settings  # noqa: E402
from valence.evaluation import compare, percentile, share  # noqa: E402
from valence.learning import due  # noqa: E402
from valence.locations import Locations  # noqa: E402
from valence.redaction import mask  # noqa: E402
from valence.training import train_boundary  # noqa: E402
from valence.transfer import import_examples  # noqa: E402
from valence.watch import watch  # noqa: E402

HEAD, UNKNOWN = "intent", "oos"
A_CLASS = (10, 20, 50, 100)
PARTS = ("heads", "tuned", "product", "replays")
DOCS = ROOT / "docs" / "bench_classifier.json"
DOMAINS = ("banking", "travel", "home")
WINDOW = 100
REPLAYS = 5
TIMED = 500


@dataclass(frozen=True)
class Message:
    """One message of the set; `label` None: out of scope."""

    text: str
    label: str | None
    domain: str | None


class Kept:
    """The embedding model with what it has made before, by text."""

    available = True

    def __init__(self, embedder: Embedder, file: Path) -> None:
        self.embedder, self._file = embedder, file
        self.name, self.folder = embedder.name, embedder.folder
        self._rows: dict[str, Any] = {}
        if file.exists():
            with np.load(file) as kept:
                self._rows = dict(zip(kept["texts"].tolist(), kept["rows"], strict=True))

    def embed(self, texts: Sequence[str]) -> Any:
        """One row a text."""
        self._rows |= {t: self.embedder.embed([t])[0] for t in texts if t not in self._rows}
        return np.stack([self._rows[text] for text in texts])

    def fill(self, texts: Sequence[str]) -> None:
        """Embeds those that are new, and writes the file."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        for start in tqdm(range(0, len(new), 256), desc="embedding", disable=not new):
            some = new[start : start + 256]
            self._rows |= zip(some, self.embedder.embed(some), strict=True)
        if new:
            texts = np.array(list(self._rows), dtype=str)
            np.savez(self._file, texts=texts, rows=np.stack(list(self._rows.values())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clinc", type=Path, required=True, help="folder of clinc150_*.jsonl")
    parser.add_argument("--model", required=True, help="folder of the sentence-transformers model")
    parser.add_argument("--out", type=Path, required=True, help="a folder for what can be reused")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--docs", action="store_true", help="write docs/bench_classifier.*")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    train, valid = (read(arguments.clinc / f"clinc150_{part}.jsonl") for part in ("train", "val"))
    kept = Kept(Embedder(arguments.model), arguments.out / "vectors.npz")
    kept.fill([message.text for message in train + valid])
    figures = {
        "embedding": kept.name,
        "cores": len(os.sched_getaffinity(0)),
        "train": len(train),
        "valid": len(valid),
    }
    for part in PARTS:
        if part in arguments.parts:
            figures[part] = measured(part, kept, train, valid, arguments.out)
        else:
            figures[part] = json.loads(DOCS.read_text("utf-8"))[part]
    page = classifier_report.page(figures)
    print(page)
    if arguments.docs:
        DOCS.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        classifier_report.write(page, DOCS.with_suffix(".md"))
        classifier_report.draw(figures, DOCS.with_suffix(".png"))


def measured(
    part: str, kept: Kept, train: list[Message], valid: list[Message], out: Path
) -> dict[str, Any] | list[dict[str, Any]]:
    """The figures of one of PARTS."""
    if part == "product":
        return once(out / "product.json", partial(of_product, kept, train, valid, out))
    if part == "replays":
        return [
            once(out / f"replay-{number}.json", partial(replayed, kept, train, out))
            for number in range(REPLAYS)
        ]
    measure = of_heads if part == "heads" else partial(of_tuned, out)
    return [
        once(out / f"{part}-{count}.json", partial(measure, kept, train, valid, count))
        for count in A_CLASS
    ]


def once(file: Path, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was measured before, or now."""
    if not file.exists():
        file.write_text(json.dumps(measure()), "utf-8")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def read(file: Path) -> list[Message]:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Message(row["text"], None if row["oos"] else row["intent"], row["domain"]) for row in rows
    ]


# -- heads by themselves ---------------------------------------------------------------------------


def of_heads(
    kept: Kept, train: list[Message], valid: list[Message], a_class: int
) -> dict[str, Any]:
    """Trained on the first so many messages of each class, and on all that are out of scope."""
    chosen = first_of(train, a_class)
    kept.fill([message.text for message in chosen])
    started, spent = time.perf_counter(), time.process_time()
    heads = fitted(kept, chosen)
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    return {
        "a_class": a_class,
        "examples": len(chosen),
        "fit_s": seconds,
        "fit_cpu_s": spent,
        **judged(heads, kept, valid),
        **timed(heads, kept, valid),
    }


def first_of(messages: list[Message], a_class: int) -> list[Message]:
    """The first so many of each class, and all that are out of scope, in their order."""
    chosen, taken = [], dict[str | None, int]()
    for message in messages:
        taken[message.label] = taken.get(message.label, 0) + 1
        if message.label is None or taken[message.label] <= a_class:
            chosen.append(message)
    return chosen


def fitted(kept: Kept, messages: list[Message]) -> Heads:
    vectors = kept.embed([message.text for message in messages])
    return fit_heads(vectors, labels_of(messages), [HEAD], kept.name)


def labels_of(messages: list[Message]) -> list[dict[str, str | None]]:
    return [{HEAD: message.label} for message in messages]


def of_tuned(
    out: Path, kept: Kept, train: list[Message], valid: list[Message], a_class: int
) -> dict[str, Any]:
    """The same heads on the frozen embedding and on one that was tuned on their messages."""
    chosen = first_of(train, a_class)
    started, spent = time.perf_counter(), time.process_time()
    weights = fine_tune(
        kept.folder.path, [message.text for message in chosen], labels_of(chosen), lambda: None
    )
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    tuned = Kept(kept.embedder.tuned(weights), out / f"tuned-{a_class}.npz")
    tuned.fill([message.text for message in chosen + valid])
    frozen_heads, heads = fitted(kept, chosen), fitted(tuned, chosen)
    right, frozen_right = likeliest(heads, tuned, valid), likeliest(frozen_heads, kept, valid)
    return {
        "a_class": a_class,
        "tune_s": seconds,
        "tune_cpu_s": spent,
        "likeliest": asdict(share(sum(right), len(right))),
        "frozen_likeliest": asdict(share(sum(frozen_right), len(right))),
        "compared": asdict(compare(right, frozen_right)),
        **judged(heads, tuned, valid),
    }


def likeliest(heads: Heads, kept: Kept, messages: list[Message]) -> list[bool]:
    """Whether the likeliest label, never unknown, is right, for each message in scope."""
    head = heads.heads[HEAD]
    known = [message for message in messages if message.label]
    best = (kept.embed([m.text for m in known]) @ head.weight.T + head.bias).argmax(axis=1)
    return [head.labels[place] == m.label for place, m in zip(best, known, strict=True)]


def judged(heads: Heads, kept: Kept, messages: list[Message]) -> dict[str, Any]:
    """In-scope accuracy and out-of-scope recall, with exact 95% intervals."""
    said = [found[HEAD].label for found in heads.read(kept.embed([m.text for m in messages]))]
    known = [one == m.label for one, m in zip(said, messages, strict=True) if m.label]
    unknown = [one is None for one, m in zip(said, messages, strict=True) if not m.label]
    return {
        "in_scope": asdict(share(sum(known), len(known))),
        "out_of_scope": asdict(share(sum(unknown), len(unknown))),
    }


def timed(heads: Heads, kept: Kept, messages: list[Message]) -> dict[str, float]:
    """Milliseconds of one message at a time, after its embedding; `cpu` is this thread's own time,
    which other processes do not lengthen."""
    spent, own = [], []
    for message in messages[:TIMED]:
        vector = kept.embed([message.text])
        started, working = time.perf_counter(), time.thread_time()
        heads.read(vector)
        spent.append((time.perf_counter() - started) * 1000)
        own.append((time.thread_time() - working) * 1000)
    return {
        "p50_ms": percentile(spent, 0.5),
        "p95_ms": percentile(spent, 0.95),
        "p95_cpu_ms": percentile(own, 0.95),
    }


# -- as a person would -----------------------------------------------------------------------------


def opened(kept: Kept, home: Path, **settings: Any) -> Valence:
    """An empty home with one classifier in it."""
    if home.exists():
        shutil.rmtree(home)
    (home / "boundaries").mkdir(parents=True)
    (home / "boundaries" / "clinc.toml").write_text(f'heads = ["{HEAD}"]\n', "utf-8")
    app = Valence(Settings(**settings), Locations(home))
    app.__dict__["embedder"] = kept
    return app


def of_product(kept: Kept, train: list[Message], valid: list[Message], out: Path) -> dict[str, Any]:
    """`train-boundary clinc --data`, and the heads that serve after it."""
    with opened(kept, out / "uploaded") as app:
        boundary = app.boundaries.get("clinc")
        lines = [json.dumps({"text": m.text, "labels": {HEAD: m.label}}) for m in train]
        import_examples(app.stores.examples, boundary, lines, "upload")
        result = train_boundary(app, "clinc", lambda event: None)
        unit = app.unit("clinc")
        assert unit is not None, result.reason
        [(_, fit_s)] = app.stores.runs.metrics(result.run_id, "fit_s")
        heads = Heads.load(unit.folder, [HEAD])
        return {
            "state": result.state,
            "examples": app.stores.examples.counts("clinc"),
            "fit_s": fit_s,
            "gate": unit.gate.sentence,
            "gate_state": unit.gate.state,
            "certified_coverage": unit.gate.certified_coverage,
            **judged(heads, kept, valid),
        }


# -- one by one ------------------------------------------------------------------------------------


def replayed(kept: Kept, train: list[Message], out: Path) -> dict[str, Any]:
    """Windows of a hundred calls, with the runs between them."""
    messages = [m for m in train if m.domain in DOMAINS or m.label is None]
    random.Random(0).shuffle(messages)
    right = {mask(message.text).text: message.label for message in messages}

    def teach(user: str, _: dict[str, Any]) -> dict[str, Any]:
        return {"labels": {HEAD: right[user]}}

    os.environ["OPENAI_API_KEY"] = "loopback"
    with LoopbackFrontier(teach) as server:
        frontier = {"provider": "openai", "model": "teacher", "base_url": server.base_url}
        with opened(kept, out / "replayed", frontier=frontier) as app:
            windows = list(_windows(app, messages))
            runs = [run.state for run in app.stores.runs.list("clinc", limit=1000)]
            asked = len(server.requests)
            gates = [event.kind for event in app.stores.events.list(1000) if "gate " in event.kind]
    return {
        "domains": list(DOMAINS),
        "calls": len(messages),
        "intents": len({m.label for m in messages if m.label}),
        "out_of_scope": sum(m.label is None for m in messages),
        "asked": asked,
        "gates": {kind: gates.count(kind) for kind in sorted(set(gates))},
        "runs": {state: runs.count(state) for state in sorted(set(runs))},
        "windows": windows,
    }


def _windows(app: Valence, messages: list[Message]) -> Any:
    boundary = app.boundaries.get("clinc")
    served: list[bool] = []
    calls = 0
    for number, message in enumerate(tqdm(messages, desc="replay"), start=1):
        answer = app.router.call(boundary, message.text)
        calls += 1
        if answer.call.route == "local":
            served.append(dict(answer.output).get(HEAD) == message.label)
        app.router.settle(answer)
        watch(app, answer)
        app.curate(boundary)
        if due(app, "clinc"):
            app.stores.runs.start("clinc", "automatic", {})
            train_boundary(app, "clinc", lambda event: None)
        if calls == WINDOW or number == len(messages):
            fallback = 1 - len(served) / calls
            yield {"calls": number, "fallback": fallback, "served": len(served),
                   "wrong": served.count(False)}  # fmt: skip
            served, calls = [], 0


if __name__ == "__main__":
    main()
