"""What serves `decompose` now, on texts that no run has seen: reads {"name": [lines]} on stdin,
prints {"name": {"exact", "f1", …}} as one line. Used by bench_loop.py."""

from __future__ import annotations

import json
import sys
from typing import Any

from valence.app import Valence
from valence.boundaries import get
from valence.curation import as_example
from valence.heldout import judge_local


def main() -> None:
    sets: dict[str, list[str]] = json.load(sys.stdin)
    with Valence.open() as app:
        print(json.dumps({name: figures(app, lines) for name, lines in sets.items()}))


def figures(app: Valence, lines: list[str]) -> dict[str, Any]:
    boundary = get("decompose")
    records = [json.loads(line) for line in lines]
    examples = [
        as_example(boundary, record["text"], boundary.from_json(record), "upload")
        for record in ({"text": r["text"], "triples": r["triples"]} for r in records)
    ]
    unit = app.unit(boundary.name)
    judged = judge_local(app, boundary, "held out", unit, examples, lambda event: None)
    metrics = judged.evaluated.metrics.to_json()
    return {"exact": metrics["exact"]["value"]} | {
        name: metrics[name] for name in ("items", "f1", "precision", "recall", "parse_rate")
    }


if __name__ == "__main__":
    main()
