"""What answers in bench_gate.py: the adapter that bench_loop.py left behind, one that never saw two
of the WebNLG categories, five that learnt four fifths of CoNLL04 and answer the last one, and a
classifier of CLINC150 utterances.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import webnlg
from gate_answers import Answers
from gate_intents import of_classifier
from gate_sets import of_home, trained_home

LEFT_OUT = ("Astronaut", "Food")
FOLDS = 5

Read: TypeAlias = Callable[[Namespace], Answers]
"""From the command's arguments (`data`, `base`, `loop`, `out`) to an adapter's answers."""


def loop_answers(arguments: Namespace) -> Answers:
    """The adapter of bench_loop on development texts of the categories that it learnt."""
    fresh = webnlg.read(arguments.data / "webnlg", "dev", webnlg.UNSEEN)
    return of_home("WebNLG, bench_loop", arguments.loop, arguments.base, {"same categories": fresh})


def unseen_answers(arguments: Namespace) -> Answers:
    """An adapter that learnt four categories, on those and on two that nothing has seen."""
    folder = arguments.data / "webnlg"
    learnt = tuple(name for name in webnlg.UNSEEN if name not in LEFT_OUT)
    home = trained_home(
        arguments.out / "unseen", arguments.base, webnlg.read(folder, "train", learnt)[:4500]
    )
    fresh = {
        "same categories": webnlg.read(folder, "dev", learnt),
        "unseen categories": webnlg.read(folder, "dev", LEFT_OUT),
    }
    return of_home("WebNLG, four categories", home, arguments.base, fresh)


def conll_answers(fold: int, arguments: Namespace) -> Answers:
    """An adapter that learnt four fifths of CoNLL04's sentences, on every fifth of them."""
    folder = arguments.data / "conll04"
    pairs = [
        pair for part in ("train", "dev") for pair in relations(folder / f"conll04_{part}.jsonl")
    ]
    learnt = [pair for place, pair in enumerate(pairs) if place % FOLDS != fold]
    home = trained_home(arguments.out / f"conll04-{fold + 1}", arguments.base, learnt)
    return of_home("CoNLL04", home, arguments.base, {"same source": pairs[fold::FOLDS]})


def relations(path: Path) -> list[webnlg.Pair]:
    """Sentences with their relations as triples."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        webnlg.Pair(r["text"], tuple((s, p, o) for s, p, o in r["triples"]))
        for r in records
        if r["triples"]
    ]


def intent_answers(arguments: Namespace) -> Answers:
    """TF-IDF and logistic regression on the 150 intents."""
    return of_classifier("CLINC150", arguments.data / "clinc150")


SYSTEMS: dict[str, dict[str, Read]] = {
    "loop": {"loop": loop_answers},
    "unseen": {"unseen": unseen_answers},
    "conll04": {f"conll04-{n + 1}": partial(conll_answers, n) for n in range(FOLDS)},
    "clinc150": {"clinc150": intent_answers},
}
