"""Widening: an open gate goes lower where what it turned away proves good enough.

What falls below the threshold goes to the frontier, so each such call is a labelled answer. It
knows gates, confidences and labels only: not whose answers they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from valence.fixed_sequence import (
    Label,
    Step,
    counts_of,
    labels_needed,
    labels_of,
    level_of,
    sequence,
    servable,
    thresholds_of,
)
from valence.gate import Gate, in_words

LIKELY = 0.25
"""The first test of a look is on as many labels as pass with a quarter of the errors promised:
enough that one wrong answer does not end it, few enough to be there soon."""


def band_labels(gate: Gate, look: int) -> int | None:
    """How many labels below an open gate's threshold the next look at them, number `look`, needs:
    twice as many as for its first test, which is then on the surer half of them, and twice as many
    as the last look had that did not lower the threshold. None where no reasonable number would
    do."""
    fewest = _fewest(gate, look)
    seen = [one["labels"] for one in _widening(gate) if one["below"] == gate.threshold]
    return fewest and 2 * max(fewest, *seen, 0)


def widened(
    gate: Gate,
    confidences: Sequence[float],
    correct: Sequence[bool],
    traffic_confidences: Sequence[float],
    look: int,
) -> Gate:
    """The open gate with a lower threshold, if answers below its own certify one.

    `confidences` and `correct` are of answers that this threshold turned away; the traffic is of
    other calls, as in `fit_gate`. Tested at the level of this look is the band from a lower
    threshold up to the present one: where of the band by itself at most `max_error` are wrong, so
    they are of all that is served then, whatever the share of the band. The sequence starts at the
    narrowest band that has labels enough; where none has, nothing is tested and the gate is
    returned as it is. Else the look is in its evidence, whether it lowered the threshold or not.

    Not for a gate of parts: there a lower threshold also adds parts to answers that are served
    already, so the band is not by itself.
    """
    assert gate.state == "open"
    assert gate.threshold is not None
    level = level_of(look, gate.confidence_level)
    labels = [one for one in labels_of(confidences, correct) if one[0] < gate.threshold]
    traffic = [servable(value) for value in traffic_confidences]
    steps = sequence(labels, _bands(gate, labels, traffic, look), gate.max_error, level)
    if not steps:
        return gate
    found: dict[str, Any] = {
        "look": look,
        "level": level,
        "below": gate.threshold,
        "labels": len(labels),
        "traffic": len(traffic),
        "steps": [dict(vars(step)) for step in steps],
    }
    evidence = gate.evidence | {"look": look, "widening": [*_widening(gate), found]}
    passed = [step for step in steps if step.passed]
    if not passed:
        return replace(gate, evidence=evidence)
    last = passed[-1]
    covered = sum(value >= last.threshold for value in traffic) / len(traffic)
    return replace(
        gate,
        threshold=last.threshold,
        certified_coverage=covered,
        evidence=evidence,
        sentence=_wider(gate, last, covered),
    )


def _fewest(gate: Gate, look: int) -> int | None:
    """How many labels the first test of a look is made on."""
    level = level_of(look, gate.confidence_level)
    return labels_needed(LIKELY * gate.max_error, gate.max_error, level)


def _bands(
    gate: Gate, labels: Sequence[Label], traffic: Sequence[float], look: int
) -> list[tuple[float, float]]:
    """(coverage, threshold) below the gate's, from the first band on that has labels enough down
    to the least sure label: of what lies lower there is nothing to learn from."""
    fewest, least_sure = _fewest(gate, look), min((sure for sure, _ in labels), default=0.0)
    below = [
        one for one in thresholds_of(traffic, 1) if least_sure <= one[1] < (gate.threshold or 0.0)
    ]
    accepted = [count for count, _ in counts_of(labels, [threshold for _, threshold in below])]
    return [one for one, count in zip(below, accepted, strict=True) if fewest and count >= fewest]


def _widening(gate: Gate) -> list[dict[str, Any]]:
    """The looks below its threshold so far, oldest first."""
    return list(gate.evidence.get("widening", []))


def _wider(gate: Gate, last: Step, covered: float) -> str:
    return (
        f"Open from confidence {last.threshold:.3f} on, widened with use from "
        f"{gate.threshold:.3f}: about {covered:.0%} of calls are served locally, "
        f"{in_words(gate.max_error, gate.confidence_level)} "
        f"({last.wrong} wrong among {last.accepted} checked in between)."
    )
