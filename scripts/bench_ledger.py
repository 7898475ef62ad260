"""What a page of the ledger costs with a million calls in it: by filter, by words, near and deep.

Texts are of made-up words whose frequencies fall as in a language (Zipf). One call in ten has a
rating, one in a hundred a correction; one in a thousand was answered by the encoder. Each row of
the table is so many pages of 50 calls, each from another place of the ledger or for another word,
read from a file that the system may keep in its cache. Other work may take the processor away
meanwhile: that shows in the times on the wall, not in those on the processor.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from store.browsing import Filter, Place, browse  # noqa: E402
from store.database import Database  # noqa: E402
from store.ledger import Ledger  # noqa: E402

VOCABULARY = 20_000
WEIGHTS = [*accumulate(1 / rank for rank in range(1, VOCABULARY + 1))]
TEXTS = 100_000
BEGIN = "2025-01-01"

Spent = tuple[float, float]

CALLS = """
WITH RECURSIVE places (place) AS (
  SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place + 1 < :count)
INSERT INTO calls (id, boundary, input, output, route, reason, latency_ms, cost_usd, masked, learn,
  created_at)
SELECT printf('%08x-0000-7000-8000-%012x', places.place, places.place),
  iif(places.place % 3 = 0, 'recompose', 'decompose'), input, output,
  CASE WHEN places.place % 1000 = 0 THEN 'encoder' WHEN places.place % 5 = 1 THEN 'frontier'
    WHEN places.place % 5 = 2 THEN 'builtin' ELSE 'local' END,
  'confident', 20.0, 0.0, '{}', 1,
  strftime('%Y-%m-%dT%H:%M:%S.000000Z', :begin, (places.place * 31) || ' seconds')
FROM places JOIN texts ON texts.place = places.place * 7919 % :texts
"""
ATTEMPTS = """
INSERT INTO attempts (id, call_id, position, role, route, response, output, decision, reason,
  cost_usd, created_at)
SELECT id, id, 0, 'answer', 'local', output, output, 'accepted', '', 0.0, created_at FROM calls
"""
RATINGS = """
INSERT INTO feedback SELECT 'r' || id, id, 'rating', NULL, iif(number % 20 = 3, -1, 1), '',
  created_at FROM calls WHERE number % 10 = 3
"""
CORRECTIONS = """
INSERT INTO feedback SELECT 'c' || id, id, 'correction', output, NULL, '', created_at
FROM calls WHERE number % 100 = 7
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=200, help="pages a row of the table")
    parser.add_argument("--docs", action="store_true", help="write docs/bench_ledger.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "valence.db"
        db = Database(path)
        started, worked = time.perf_counter(), time.process_time()
        fill(db, arguments.calls)
        took, worked = time.perf_counter() - started, time.process_time() - worked
        size = path.stat().st_size / 2**20
        made = (
            f"{arguments.calls:,} calls, {size:,.0f} MB, made in {took:.0f} s "
            f"({worked:.0f} s of work)."
        )
        print(made, file=sys.stderr)
        report = f"{made}\n\n{table(db, arguments.pages)}"
        db.close()
    print(report)
    if arguments.docs:
        command = "    .venv/bin/python scripts/bench_ledger.py --docs\n"
        page = f"# Pages of the ledger\n\n{__doc__}\n{report}\n\n{command}"
        (ROOT / "docs" / "bench_ledger.md").write_text(page, "utf-8")


def fill(db: Database, count: int) -> None:
    """A hundred thousand texts, each used again and again; the rest is made in SQL."""
    made = random.Random(1)
    words = [word(made) for _ in range(VOCABULARY)]
    with db.transaction() as connection:
        connection.execute("CREATE TEMP TABLE texts (place INTEGER PRIMARY KEY, input, output)")
        texts = ((place, *text(made, words)) for place in range(TEXTS))
        connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", texts)
        for statement in (CALLS, ATTEMPTS, RATINGS, CORRECTIONS):
            connection.execute(statement, {"count": count, "texts": TEXTS, "begin": BEGIN})
    db.checkpoint()


def text(chance: random.Random, words: list[str]) -> tuple[str, str]:
    said = chance.choices(words, cum_weights=WEIGHTS, k=12)
    return " ".join(said), json.dumps({"triples": [said[:3]]})


def word(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(4, 9)))


def table(db: Database, pages: int) -> str:
    chance = random.Random(2)
    count = int(db.read("SELECT max(number) FROM calls")[0][0])
    made = random.Random(1)
    words = [word(made) for _ in range(VOCABULARY)]
    places = lambda: place(db, chance.randrange(1, count))  # noqa: E731

    def page(chosen: Filter, said: Callable[[], str] = str, near: bool = False) -> Spent:
        before = None if near else places()
        text = said()
        return timed(lambda: browse(db, chosen, text, before))

    day = Filter(since="2025-06-01", until="2025-06-02")
    local = Filter(boundary="recompose", route="local")
    rare = lambda: chance.choice(words[VOCABULARY // 2 :])  # noqa: E731
    common = lambda: chance.choice(words[:20])  # noqa: E731
    cases: dict[str, Callable[[], Spent]] = {
        "the newest page": lambda: page(Filter(), near=True),
        "any page": lambda: page(Filter()),
        "of a boundary": lambda: page(Filter(boundary="recompose")),
        "of a route": lambda: page(Filter(route="frontier")),
        "of a rare route (encoder)": lambda: page(Filter(route="encoder")),
        "of a boundary and a route": lambda: page(local),
        "of a day": lambda: page(day, near=True),
        "corrected": lambda: page(Filter(said="corrected")),
        "wrong, of a boundary": lambda: page(Filter(said="wrong", boundary="recompose")),
        "holding a rare word": lambda: page(Filter(), rare),
        "holding a common word": lambda: page(Filter(), common),
        "holding two common words": lambda: page(Filter(), lambda: f"{common()} {common()}"),
        "holding a common and a rare word": lambda: page(Filter(), lambda: f"{common()} {rare()}"),
        "common word, boundary and route": lambda: page(local, common),
        "common word, wrong, a day": lambda: page(
            Filter(said="wrong", since=day.since, until=day.until), common, near=True
        ),
        "one call with its attempts": lambda: story(db, chance.randrange(1, count)),
    }
    lines = [
        "| a page of calls | median ms | 99th percentile ms | 99th percentile, processor ms |",
        "|---|---|---|---|",
    ]
    for name, case in cases.items():
        wall, cpu = (sorted(column) for column in zip(*(case() for _ in range(pages)), strict=True))
        late = int(0.99 * (pages - 1))
        lines.append(
            f"| {name} | {statistics.median(wall):.1f} | {wall[late]:.1f} | {cpu[late]:.1f} |"
        )
    return "\n".join(lines)


def place(db: Database, number: int) -> Place:
    (row,) = db.read("SELECT created_at, id, number FROM calls WHERE number = ?", (number,))
    return Place(*row)


def story(db: Database, number: int) -> Spent:
    call_id = place(db, number).id
    ledger = Ledger(db)
    return timed(lambda: (ledger.get(call_id), ledger.feedback(call_id)))


def timed(job: Callable[[], object]) -> Spent:
    """Milliseconds on the wall and on the processor."""
    wall, cpu = time.perf_counter(), time.thread_time()
    job()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - cpu)


if __name__ == "__main__":
    main()
