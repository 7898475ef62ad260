"""From calls to examples: what is good enough to learn from, once, and in which split.

Walks the calls that have no verdict yet and gives each one, kept or dropped with the reason.
Only a frontier's answer or a person's correction is ever learned from, and only with consent.
Knows nothing of models or training.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from store.examples import RANKS, Example, Examples, Origin
from store.ledger import Attempt, Call, Feedback, Ledger
from valence.boundaries.base import Boundary, Filters, Input, Output
from valence.boundaries.text import clean, fold
from valence.errors import BoundaryError
from valence.redaction import mask_parts

__all__ = ["Curated", "Filters", "as_example", "curate", "fold", "quality", "split_of"]

Split = Literal["train", "calibration", "test"]

BATCH = 500

REFUSALS = re.compile(
    r"\b(i['’]?m|i am) (sorry|unable|not able)\b"
    r"|\bi (can ?not|can['’]t|won['’]t) (help|assist|comply|provide|do that|process|fulfil)"
    r"|\bas an? (ai|artificial intelligence|language model)\b",
    re.IGNORECASE,
)
REFUSAL_PLACE = 80
"""A refusal shows within its first characters; later the phrase is a quotation."""

KEPT = ""

_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")
"""Words; a character of a script without spaces counts as one."""


TEST_MOST = 500
CALIBRATION_MOST = 1500
"""The most examples of these splits that a judgement looks at."""


@dataclass(frozen=True)
class HeldOut:
    """The shares of examples that are kept from training. Calibration is large because the gate's
    promise is paid for in labels."""

    calibration: float = 0.2
    test: float = 0.1


@dataclass(frozen=True)
class Curated:
    """How many calls became examples, and how many were dropped for which reason."""

    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


def curate(
    ledger: Ledger, examples: Examples, boundary: Boundary[Any, Any], corrections: bool = True
) -> Curated:
    """Gives every call of the boundary without a verdict its verdict, oldest first.

    A correction comes before the frontier's answer. Frontier answers need the consent that the
    call carries (`learn`), corrections that of `corrections`.
    """
    verdicts: Counter[str] = Counter()
    while waiting := ledger.uncurated(boundary.name, BATCH):
        for call_id in waiting:
            with ledger.judging(call_id) as call:
                if call is not None:
                    verdicts[_judge(ledger, examples, boundary, call, corrections)] += 1
    kept = verdicts.pop(KEPT, 0)
    return Curated(kept, dict(verdicts.most_common()))


def as_example(
    boundary: Boundary[Input, Output],
    input: Input,
    output: Output,
    origin: Origin,
    held_out: HeldOut = HeldOut(),
    **source: Any,
) -> Example:
    """The example of a pair, masked, with its keys and its split; `source` are further columns
    (`call_id`, `attempt_id`, `feedback_id`, `group_key`). Raises BoundaryError where nothing is
    left of the pair once it is masked."""
    input = boundary.input_from_text(boundary.input_text(mask_parts(input)[0]))
    output = boundary.from_json(boundary.to_json(mask_parts(output)[0]))
    fold_key = boundary.group_key(input)
    group_key = source.pop("group_key", None) or fold_key
    return Example(
        boundary=boundary.name,
        input=boundary.input_text(input),
        output=boundary.output_text(output),
        origin=origin,
        rank=RANKS[origin],
        split=split_of(group_key, held_out),
        group_key=group_key,
        fold_key=fold_key,
        **source,
    )


def quality(
    boundary: Boundary[Input, Output], input: Input, output: Output, origin: Origin = "frontier"
) -> str | None:
    """Why this pair is not fit to learn from, in words fit for counting; None where it is."""
    prose = clean(boundary.prose(input, output))
    if boundary.is_empty(output):
        return "empty output"
    filters = boundary.filters(origin)
    return _language(prose, filters) or _writing(boundary, input, output, prose, filters)


def shares_of(counts: Mapping[str, int], coming: int) -> HeldOut:
    """The shares of many examples that come at once, where there are `counts` by split: the usual
    ones, or less where that is more than a judgement looks at."""
    usual, coming = HeldOut(), max(1, coming)
    calibration = max(0, CALIBRATION_MOST - counts["calibration"]) / coming
    test = max(0, TEST_MOST - counts["test"]) / coming
    return HeldOut(min(usual.calibration, calibration), min(usual.test, test))


def split_of(group_key: str, held_out: HeldOut = HeldOut()) -> Split:
    """The split of all examples of this group, for ever: by default 70% train."""
    digest = hashlib.sha256(group_key.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < 1 - held_out.calibration - held_out.test:
        return "train"
    return "calibration" if place < 1 - held_out.test else "test"


def _judge(
    ledger: Ledger,
    examples: Examples,
    boundary: Boundary[Any, Any],
    call: Call,
    corrections: bool,
) -> str:
    """Gives one call its verdict and returns it: KEPT, or why it was dropped."""
    source = _demonstration(call, ledger.feedback(call.id) if corrections else [])
    reason = source if isinstance(source, str) else KEPT
    if not isinstance(source, str):
        made = _example(boundary, call, source)
        if isinstance(made, Example):
            return "duplicate" if examples.keep(made, call.id) == "duplicate" else KEPT
        reason = made
    examples.verdict(boundary.name, call.id, None, reason)
    return reason


def _demonstration(call: Call, feedback: list[Feedback]) -> Feedback | Attempt | str:
    """The newest correction, else the frontier's answer, seen or unseen; else why there is none."""
    for entry in reversed(feedback):
        if entry.kind == "correction" and entry.output:
            return entry
    if not call.learn:
        return "no consent"
    for attempt in reversed(call.attempts):
        shown = attempt.decision in ("accepted", "unseen")
        if attempt.route == "frontier" and shown and attempt.output:
            return attempt
    return "unverified" if call.reason == "unverified" else "no demonstration"


def _example(boundary: Boundary[Any, Any], call: Call, source: Feedback | Attempt) -> Example | str:
    """The example that the demonstration makes of the call, or why it makes none."""
    origin: Origin = "correction" if isinstance(source, Feedback) else "frontier"
    column = "feedback_id" if isinstance(source, Feedback) else "attempt_id"
    try:
        value = boundary.input_from_text(call.input)
        output = boundary.output_from_text(source.output or "")
        group_key = call.episode if boundary.episodic else None
        keys = {"call_id": call.id, column: source.id, "group_key": group_key}
        example = as_example(boundary, value, output, origin, HeldOut(), **keys)
        reason = boundary.unfit(value, origin) or quality(boundary, value, output, origin)
        return reason or _untaught(boundary, output, example) or example
    except BoundaryError:
        return "does not parse"


def _untaught(boundary: Boundary[Input, Output], output: Output, example: Example) -> str | None:
    """What a teacher did not know is not learnt. Calibration and test keep it: the promise is made
    for such inputs as well."""
    taught = example.origin != "frontier" or example.split != "train" or boundary.teaches(output)
    return None if taught else "unknown or unsure"


def _language(prose: str, filters: Filters) -> str | None:
    letters = sum(character.isalpha() for character in prose)
    visible = sum(not character.isspace() for character in prose)
    if not letters and filters.min_letters:
        return "no words"
    if len(prose) < filters.min_characters:
        return f"shorter than {filters.min_characters} characters"
    if len(_WORD.findall(prose)) < filters.min_words:
        return f"fewer than {filters.min_words} words"
    if len(prose) > filters.max_characters:
        return "too long"
    return "not language" if letters < filters.min_letters * visible else None


def _writing(
    boundary: Boundary[Input, Output], input: Input, output: Output, prose: str, filters: Filters
) -> str | None:
    pieces = boundary.written(output)
    if any(REFUSALS.search(piece[:REFUSAL_PLACE]) for piece in pieces):
        return "refusal"
    if len(pieces) > 1 and any(len(piece) > filters.max_value_characters for piece in pieces):
        return "value too long"
    source = fold(boundary.input_text(input))
    if any(fold(piece) == source for piece in pieces):
        return "echo"
    return "hard check" if boundary.vetoes(input, output) else None
