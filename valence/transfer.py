"""Examples in and out of files: which side of a line is a boundary's input, which its output."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from models.prompting import LINES
from store.examples import Example, Examples, Origin
from store.transfer import Pair, chat_line, pair_line, read_pairs
from valence.boundaries.base import Boundary
from valence.curation import as_example, quality
from valence.errors import BoundaryError, TransferError


@dataclass(frozen=True)
class Imported:
    """How many lines became examples, and why the others did not."""

    new: int
    replaced: int
    duplicates: int
    dropped: dict[str, int]


def import_examples(
    examples: Examples, boundary: Boundary[Any, Any], lines: Iterable[str], origin: Origin
) -> Imported:
    """Reads JSONL; raises TransferError or StoreError naming the first line that is no pair."""
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for pair in read_pairs(lines):
        value, output = _sides(boundary, pair)
        problem = quality(boundary, value, output)
        if problem:
            dropped[problem] += 1
        else:
            counts[examples.add(_example(boundary, value, output, origin))] += 1
    return Imported(counts["new"], counts["replaced"], counts["duplicate"], dict(dropped))


def export_examples(examples: Examples, boundary: Boundary[Any, Any], form: str) -> Iterator[str]:
    """All live examples as JSONL lines, oldest first, split by split."""
    for split in ("train", "calibration", "test"):
        for example in examples.of(boundary.name, split):
            yield _line(boundary, example, form)


def _line(boundary: Boundary[Any, Any], example: Example, form: str) -> str:
    if form == "pairs":
        return pair_line(_plain(example.input), json.loads(example.output))
    value = boundary.input_from_text(example.input)
    output = boundary.output_from_text(example.output)
    return chat_line(
        boundary.system, boundary.local_user(value, LINES), boundary.write(output, LINES)
    )


def _plain(text: str) -> Any:
    """A recompose input is JSON in the ledger and goes out as what it is."""
    return json.loads(text) if text.startswith('{"triples"') else text


def _sides(boundary: Boundary[Any, Any], pair: Pair) -> tuple[Any, Any]:
    given, answer = pair.input, pair.output
    if pair.form == "facts" and boundary.name == "recompose":
        given, answer = answer, given
    try:
        return _input(boundary, given), _output(boundary, answer)
    except BoundaryError as error:
        raise TransferError(str(error), where=f"line {pair.line}") from error


def _input(boundary: Boundary[Any, Any], given: Any) -> Any:
    if isinstance(given, list):
        given = {"triples": given}
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return boundary.input_from_text(text)


def _output(boundary: Boundary[Any, Any], answer: Any) -> Any:
    """A JSON answer, or the local model's own lines, or plain text where that is the output."""
    if isinstance(answer, list):
        return boundary.from_json({"triples": answer})
    if isinstance(answer, dict):
        return boundary.from_json(answer)
    if answer.lstrip().startswith("{"):
        return boundary.output_from_text(answer)
    return boundary.read(answer, LINES)


def _example(boundary: Boundary[Any, Any], value: Any, output: Any, origin: Origin) -> Example:
    """What a base was taught is only rehearsed; it says nothing about held-out quality."""
    example = as_example(boundary, value, output, origin)
    return replace(example, split="train") if origin == "base" else example
