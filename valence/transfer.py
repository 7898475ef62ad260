"""Examples in and out of files: which side of a line is a boundary's input, which its output."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.prompting import LINES
from store.examples import Example, Examples, Origin
from store.transfer import Pair, chat_line, pair_line, read_pairs
from valence.boundaries.base import Boundary
from valence.boundaries.triples import read_triples, unescape
from valence.curation import HeldOut, as_example, quality, shares_of
from valence.errors import BoundaryError, InvalidInput, TransferError

if TYPE_CHECKING:
    from valence.app import Valence


@dataclass(frozen=True)
class Imported:
    """How many lines became examples, and why the others did not."""

    new: int
    replaced: int
    duplicates: int
    dropped: dict[str, int]

    def told(self) -> str:
        """The same in words."""
        said = f"{self.new} new, {self.replaced} replaced, {self.duplicates} known already"
        left_out = [f"left out {count}: {reason}" for reason, count in self.dropped.items()]
        return "; ".join([said, *left_out])


def import_examples(
    examples: Examples, boundary: Boundary[Any, Any], lines: Iterable[str], origin: Origin
) -> Imported:
    """Reads JSONL, all of it or nothing; raises TransferError or StoreError naming the first line
    that is no pair."""
    pairs = list(read_pairs(lines))
    held_out = shares_of(examples.counts(boundary.name), len(pairs))
    made = [_example(boundary, *sides(boundary, pair), origin, held_out) for pair in pairs]
    dropped = Counter(each for each in made if isinstance(each, str))
    added = Counter(examples.add_all(each for each in made if isinstance(each, Example)))
    return Imported(added["new"], added["replaced"], added["duplicate"], dict(dropped))


def export_examples(examples: Examples, boundary: Boundary[Any, Any], form: str) -> Iterator[str]:
    """All live examples as JSONL lines, oldest first, split by split."""
    for split in ("train", "calibration", "test"):
        for example in examples.of(boundary.name, split):
            yield _line(boundary, example, form)


def plant(app: Valence, boundary: Boundary[Any, Any]) -> None:
    """Enters the annotated messages that come with a boundary, those that are not there yet."""
    for text, output in app.boundaries.seed(boundary.name):
        example = as_example(boundary, text, output, "base")
        app.stores.examples.add(replace(example, split="train"))


def _line(boundary: Boundary[Any, Any], example: Example, form: str) -> str:
    if form == "pairs":
        structured = boundary.name == "recompose"
        given = json.loads(example.input) if structured else example.input
        return pair_line(given, json.loads(example.output))
    value = boundary.input_from_text(example.input)
    now = boundary.as_now(example.output)
    # What says less than is asked now goes as it was kept.
    said = example.output if now is None else boundary.write(boundary.output_from_text(now), LINES)
    return chat_line(boundary.system, boundary.local_user(value, LINES), said)


def sides(boundary: Boundary[Any, Any], pair: Pair) -> tuple[Any, Any]:
    """Input and output of a pair that was read. Raises TransferError naming its line."""
    given, answer = pair.input, pair.output
    if pair.form == "facts" and boundary.name == "recompose":
        given, answer = answer, {"text": given}
    try:
        if _is_ours(boundary, pair):
            return _input(boundary, _unlocal(boundary, given)), boundary.read(answer, LINES)
        return _input(boundary, given), _output(boundary, answer)
    except BoundaryError as error:
        raise TransferError(str(error), where=f"line {pair.line}") from error


def _is_ours(boundary: Boundary[Any, Any], pair: Pair) -> bool:
    """Whether the line is an exported one: its system message is the boundary's own."""
    system = {"role": "system", "content": boundary.system}
    return pair.form == "chat" and system in pair.raw["messages"]


def _unlocal(boundary: Boundary[Any, Any], user: str) -> Any:
    """Takes back what `local_user` did to the input of an exported line."""
    if boundary.name == "recompose":
        return [list(triple) for triple in read_triples(user, LINES)]
    return unescape(user, LINES)


def _input(boundary: Boundary[Any, Any], given: Any) -> Any:
    """A text as it stands; JSON only where the input is structured."""
    if isinstance(given, str):
        return boundary.input_from_text(given)
    if boundary.name != "recompose":
        raise InvalidInput(f"the input is no text: {json.dumps(given)[:80]}")
    return boundary.input_from_text(json.dumps(given, ensure_ascii=False))


def _output(boundary: Boundary[Any, Any], answer: Any) -> Any:
    """JSON as it stands or as text, or the local model's own lines."""
    if not isinstance(answer, str):
        return boundary.from_json(answer)
    if answer.lstrip().startswith(("{", "[[")):
        return boundary.output_from_text(answer)
    return boundary.read(answer, LINES)


def _example(
    boundary: Boundary[Any, Any], value: Any, output: Any, origin: Origin, held_out: HeldOut
) -> Example | str:
    """The example, or why the pair is none. What a base was taught is only rehearsed; it says
    nothing about held-out quality."""
    problem = quality(boundary, value, output, origin)
    if problem:
        return problem
    try:
        example = as_example(boundary, value, output, origin, held_out)
    except BoundaryError:
        return "nothing but secrets"
    return replace(example, split="train") if origin == "base" else example
