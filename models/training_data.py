"""Training examples as token rows, and rows as batches of about one length.

The order of batches depends on the seed and the epoch alone, so that an interrupted run goes
on where it was. Knows tokenizers and arrays of ints; no model, no mlx.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import TrainingFailed
from models.prompting import Prompter

PAD_TO = 8


@dataclass(frozen=True)
class Row:
    """Token ids of prompt and completion; loss counts from `prompt_length` on."""

    ids: tuple[int, ...]
    prompt_length: int


@dataclass(frozen=True)
class Rows:
    """What a file of examples gave; `dropped` counts, by reason, what cannot be trained on."""

    rows: list[Row]
    dropped: dict[str, int]


@dataclass(frozen=True)
class Batch:
    """`ids`: (rows, width) padded with 0; `spans`: first and last+1 position of completions."""

    ids: list[list[int]]
    spans: list[tuple[int, int]]

    @property
    def tokens(self) -> int:
        """Tokens in it that are not padding."""
        return sum(end for _, end in self.spans)


def read(path: Path, prompter: Prompter, max_seq_length: int) -> Rows:
    """Read {"system", "user", "completion"} JSON lines. Raises TrainingFailed at a bad line.

    An example that does not fit whole is dropped: a prompt that fills the window has nothing to
    learn, and a completion that is cut teaches to go on without an end.
    """
    rows: list[Row] = []
    dropped = {"prompt fills the window": 0, "longer than the window": 0}
    # Not splitlines, which ends a line where a text has U+2028.
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(filter(None, lines), start=1):
        row = _row(line, prompter, f"{path}, line {number}")
        if row.prompt_length >= max_seq_length:
            dropped["prompt fills the window"] += 1
        elif len(row.ids) > max_seq_length:
            dropped["longer than the window"] += 1
        else:
            rows.append(row)
    return Rows(rows, {reason: count for reason, count in dropped.items() if count})


def epoch_batches(rows: Sequence[Row], batch_size: int, seed: int, epoch: int) -> list[list[Row]]:
    """The batches of one epoch: rows of like length together, batches in random order.

    Every row is in exactly one batch; the last batch cut may be smaller.
    """
    rng = random.Random(f"{seed}:{epoch}")
    shuffled = list(rows)
    rng.shuffle(shuffled)
    shuffled.sort(key=lambda row: -(-len(row.ids) // PAD_TO))
    batches = in_batches(shuffled, batch_size)
    rng.shuffle(batches)
    return batches


def in_batches(rows: Sequence[Row], batch_size: int) -> list[list[Row]]:
    """Consecutive rows in batches, the last one as small as it is."""
    return [list(rows[i : i + batch_size]) for i in range(0, len(rows), batch_size)]


def pieces(rows: Sequence[Row], micro_tokens: int | None) -> list[list[Row]]:
    """The rows of one step in parts of at most `micro_tokens` tokens, one row at least."""
    if micro_tokens is None:
        return [list(rows)]
    longest = max(len(row.ids) for row in rows)
    return in_batches(rows, max(1, micro_tokens // longest))


def padded(rows: Sequence[Row]) -> Batch:
    """Rows side by side, padded to a multiple of eight."""
    longest = max(len(row.ids) for row in rows)
    width = -(-longest // PAD_TO) * PAD_TO
    return Batch(
        ids=[[*row.ids, *([0] * (width - len(row.ids)))] for row in rows],
        spans=[(row.prompt_length, len(row.ids)) for row in rows],
    )


def by_length(rows: Iterable[Row]) -> list[Row]:
    """Rows from short to long, for validation."""
    return sorted(rows, key=lambda row: len(row.ids))


def _row(line: str, prompter: Prompter, where: str) -> Row:
    try:
        example = json.loads(line)
        prompt = prompter.prompt(example["system"], example["user"]).ids
        completion = prompter.completion(example["completion"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingFailed(f"{where}: not an example ({error!r})") from error
    return Row((*prompt, *completion), len(prompt))
