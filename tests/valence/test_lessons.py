"""What a run is taught, as the trainer reads it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.valence.conftest import TINY
from valence.app import Valence
from valence.boundaries import get
from valence.lessons import learnt_from, prepare
from valence.transfer import import_examples

Open = Callable[..., Valence]


def test_every_example_is_one_line_for_every_reader(open_app: Open) -> None:
    app = open_app(local={"model": str(TINY)})
    facts = [["Ada", "met", "Bob"]]
    texts = [f"Ada met Bob\u2028on day {number}\x85 of the year." for number in range(40)]
    pairs = [json.dumps({"text": text, "triples": facts}) for text in texts]
    import_examples(app.stores.examples, get("decompose"), pairs, "upload")
    folder = app.locations.runs / "a-run"
    lessons = prepare(app, get("decompose"), "a-run", folder)
    lines = [
        line
        for name in ("train.jsonl", "valid.jsonl")
        for line in (folder / name).read_text("utf-8").splitlines()
    ]
    rows = [json.loads(line) for line in lines]
    assert len(rows) == lessons.examples == app.stores.examples.counts("decompose")["train"]
    assert sorted(row["id"] for row in rows) == learnt_from(folder)
    assert {row["user"] for row in rows} <= set(texts)
    assert (folder / "train.jsonl").stat().st_mode & 0o777 == 0o600
    assert lessons.parent_id is None
