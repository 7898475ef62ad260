"""The watch over an open gate, and the way back for a closed one.

Reads what the ledger has of the adapter that serves and acts on its gate: audits and corrections
suspend it, what it turned away widens it, shadows open it. Keeps nothing between calls: the rows
and the gate's own evidence say all, so it goes on after a restart and whichever process looks.
Knows neither how an answer was made nor how a scorer is fitted. Nobody waits for it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from store.adapters import Adapter
from store.clock import now
from store.demonstrations import (
    answered_between,
    audits,
    confidences,
    corrections,
    is_audited,
    mark,
    place_of,
    shadow_count,
    tries,
    turned_away_count,
)
from store.events import Event
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.drift import Alarm, first_alarm, first_shift, gaps_of
from valence.evidence import fair_evidence, holds, turned_away_labels
from valence.fixed_sequence import could_open
from valence.gate import Gate, fit_gate
from valence.router import Answer
from valence.unit import Unit, unit_hash
from valence.widening import band_labels, widened

EVERY = 32
"""Attempts of an adapter between two looks at what comes in without anybody's verdict."""
STREAM = 2000
"""Confidences that the early warning reads, the newest ones."""
FIRST_LOOK = 96
"""Shadows, two thirds of them labels, before the first look at them; each next look is at twice
as many as the one before."""
WARNING = "confidence drift"
SHARPER, AUDITS_OF_A_WARNING = 5, 100
"""A warning multiplies the audit rate until as many audits have passed."""


def watch(app: Valence, answer: Answer) -> None:
    """Acts on what an answered and settled call may have changed about its gate."""
    unit = answer.unit
    if unit is None:
        return
    if _promise_changed(app, unit):
        refit(app, unit)
    elif unit.gate.state == "open":
        _guard(app, answer.boundary, unit, answer.call.id)
    elif _fitted(unit).state != "open" and _look_due(app, unit):
        refit(app, unit)


def audit_rate(app: Valence, boundary: str) -> float:
    """The share of served calls to audit now: the setting's, more of them after a warning."""
    rate = app.settings.gate.audit_rate
    warned = app.stores.events.latest(WARNING, boundary)
    adapter = app.stores.adapters.active(boundary) if warned else None
    if warned is None or adapter is None or warned.detail["adapter"] != adapter.id:
        return rate
    since = audits(app.stores.database, adapter.id, _warned_at(warned))
    return min(1.0, SHARPER * rate) if len(since) < AUDITS_OF_A_WARNING else rate


def refit(app: Valence, unit: Unit) -> Gate | None:
    """Fits the gate of the serving unit anew on all fair evidence, for the promise asked now.

    None where another process has changed the unit meanwhile.
    """
    asked, old = app.settings.gate, _fitted(unit)
    evidence = fair_evidence(app, unit, _since(old, "suspended"))
    gate = fit_gate(
        [confidence for confidence, _ in evidence.labels],
        [right for _, right in evidence.labels],
        evidence.traffic,
        asked.max_error,
        asked.confidence_level,
        look=_next_look(old),
    )
    if gate.state != "open" and old.state == "suspended":
        gate = replace(gate, state="suspended", sentence=old.sentence)
    lasting = ("suspended_at", "suspended_after", "drift")
    kept = {key: old.evidence[key] for key in lasting if key in old.evidence}
    opened = _moment(app, "opened") if gate.state == "open" else {}
    found = kept | gate.evidence | opened | {"shadows": evidence.shadows}
    gate = replace(gate, evidence=found)
    detail = {"look": found["look"], "labels": found["labels"], "threshold": gate.threshold}
    return _seal(app, unit, gate, "gate opened" if opened else None, detail)


# -- an open gate ----------------------------------------------------------------------------------


def _guard(app: Valence, boundary: Boundary[Any, Any], unit: Unit, call_id: str) -> None:
    """Looks at what this call may have changed: an audit, a correction, the stream."""
    db = app.stores.database
    alarm = _audited(app, boundary, unit) if is_audited(db, call_id) else None
    if alarm is not None:
        _suspend(app, unit, alarm, "audits", _in_words(alarm, "audited answers were wrong"))
        return
    alarm = _corrected(app, boundary, unit)
    if alarm is not None:
        found = _in_words(alarm, "served answers were wrong by a person's correction")
        _suspend(app, unit, alarm, "corrections", found)
    elif tries(db, unit.adapter.id) % EVERY == 0:
        _warn(app, unit)
        if unit.parts_scorer is None and _enough_turned_away(app, unit):
            _widen(app, unit)


def _audited(app: Valence, boundary: Boundary[Any, Any], unit: Unit) -> Alarm | None:
    found = audits(app.stores.database, unit.adapter.id, _opened(unit))
    wrong = [not holds(boundary, pair, pair.frontier or "") for pair in found]
    return first_alarm(gaps_of(wrong), unit.gate.max_error)


def _corrected(app: Valence, boundary: Boundary[Any, Any], unit: Unit) -> Alarm | None:
    """Every served call counts as right that nobody has shown to be wrong: fewer errors than there
    are, so that the corrections of one who corrects only what is wrong raise no false alarm."""
    db, adapter, since = app.stores.database, unit.adapter.id, _opened(unit)
    found = corrections(db, adapter, since)
    wrong = [pair for pair in found if not holds(boundary, pair, pair.shown)]
    if first_alarm([0] * len(wrong), unit.gate.max_error) is None:
        return None  # not even if they had come one right after the other
    places = [place_of(db, adapter, since), *(pair.place for pair in wrong)]
    gaps = [answered_between(db, adapter, after, before) for after, before in pairwise(places)]
    return first_alarm(gaps, unit.gate.max_error)


def _warn(app: Valence, unit: Unit) -> None:
    """The early warning: the confidences are not what they were."""
    adapter, events = unit.adapter, app.stores.events
    warned = events.latest(WARNING, adapter.boundary)
    db = app.stores.database
    marks = (_opened(unit), _warned_at(warned) if warned else "")
    after = max(place_of(db, adapter.id, since) for since in marks)
    shift = first_shift(confidences(db, adapter.id, after, STREAM))
    if shift is not None:
        found = {"adapter": adapter.id, "confidences": shift + 1, "after": mark(db)}
        events.record(WARNING, adapter.boundary, **found)


def _enough_turned_away(app: Valence, unit: Unit) -> bool:
    """Whether there are labels enough for a look below the threshold."""
    needed = band_labels(unit.gate, _next_look(unit.gate))
    if needed is None or unit.gate.threshold is None:
        return False
    db, since = app.stores.database, _opened(unit)
    return turned_away_count(db, unit.adapter.id, unit.gate.threshold, since) >= needed


def _widen(app: Valence, unit: Unit) -> None:
    """A look below the threshold: lower where what was turned away is good enough to be served."""
    labels = turned_away_labels(app, unit, _opened(unit))
    gate = widened(
        unit.gate,
        [confidence for confidence, _ in labels],
        [right for _, right in labels],
        fair_evidence(app, unit, _since(unit.gate, "suspended")).traffic,
        look=_next_look(unit.gate),
    )
    if gate is unit.gate:
        return
    lower = gate.threshold != unit.gate.threshold
    detail = {"look": gate.evidence["look"], "labels": len(labels)}
    detail |= {"threshold": gate.threshold, "before": unit.gate.threshold}
    _seal(app, unit, gate, "gate widened" if lower else None, detail)


def _suspend(app: Valence, unit: Unit, alarm: Alarm, seen_in: str, found: str) -> None:
    moment = _moment(app, "suspended")
    drift = {
        "seen_in": seen_in,
        "labels": alarm.labels,
        "wrong": alarm.wrong,
        "recent_labels": alarm.recent_labels,
        "recent_wrong": alarm.recent_wrong,
    }
    evidence = {**moment, "drift": drift, "shadows": 0}
    gate = _fitted(unit).suspend(moment["suspended_at"], found, evidence)
    _seal(app, unit, gate, "gate suspended", drift)


def _in_words(alarm: Alarm, what: str) -> str:
    return f"{alarm.recent_wrong} of the last {alarm.recent_labels} {what}"


# -- a closed gate ---------------------------------------------------------------------------------


def _promise_changed(app: Valence, unit: Unit) -> bool:
    """Whether the settings ask for a promise that the gate was not fitted for: a stronger one, or
    any other while it is not open."""
    asked, gate = app.settings.gate, _fitted(unit)
    same = (gate.max_error, gate.confidence_level) == (asked.max_error, asked.confidence_level)
    if gate.state == "open":
        return gate.under(asked.max_error, asked.confidence_level) is not gate
    return gate.state == "closed" and not same and bool(gate.evidence)


def _look_due(app: Valence, unit: Unit) -> bool:
    db, adapter, gate = app.stores.database, unit.adapter, _fitted(unit)
    due_at = max(FIRST_LOOK, 2 * int(gate.evidence.get("shadows", 0)))
    made = tries(db, adapter.id)
    if made % EVERY or made < due_at:
        return False
    return shadow_count(db, adapter.id, _since(gate, "suspended") or "") >= due_at


def _next_look(gate: Gate) -> int:
    """One more than the last, unless that could not have opened: it has spent nothing of the risk.
    A gate that says nothing of looks spent the first."""
    if not gate.evidence:
        return 0
    look = gate.evidence.get("look")
    if look is None:
        return 1
    accepted = [step["accepted"] for step in gate.evidence["steps"]]
    return int(look) + could_open(accepted, gate.max_error, gate.evidence["level"])


# -- both ------------------------------------------------------------------------------------------


def _fitted(unit: Unit) -> Gate:
    """The gate as it is stored, whatever the settings or the scorer make of it."""
    stored = (unit.adapter.calibration or {}).get("gate")
    return Gate.from_json(stored) if stored else Gate.never_fitted()


def _moment(app: Valence, what: str) -> dict[str, str]:
    """When it is, for people and in the order of attempts."""
    return {f"{what}_at": now(), f"{what}_after": mark(app.stores.database)}


def _since(gate: Gate, what: str) -> str | None:
    """The mark of what happened to a gate, the time where an earlier version kept no mark."""
    return gate.evidence.get(f"{what}_after") or gate.evidence.get(f"{what}_at")


def _opened(unit: Unit) -> str:
    return _since(unit.gate, "opened") or ""


def _warned_at(warned: Event) -> str:
    return str(warned.detail.get("after", warned.created_at))


def _seal(
    app: Valence, unit: Unit, gate: Gate, event: str | None, detail: dict[str, Any]
) -> Gate | None:
    """Puts the gate in its place with the unit's new hash, and the event beside it, both or
    neither; None where the unit is no more what the gate was made for."""
    stores, adapter = app.stores, unit.adapter
    with stores.database.transaction():
        if stores.adapters.active(adapter.boundary) != adapter:
            return None
        calibration = _with_gate(adapter, gate)
        seal = unit_hash(adapter.weights_sha256, calibration)
        stores.adapters.calibrate(adapter.id, calibration, seal)
        if event:
            stores.events.record(event, adapter.boundary, adapter=adapter.id, **detail)
    return gate


def _with_gate(adapter: Adapter, gate: Gate) -> dict[str, Any]:
    """The calibration with this gate; what suspends whole answers suspends partial ones too."""
    calibration = dict(adapter.calibration or {})
    partial = calibration.get("partial")
    if partial and gate.state == "suspended":
        closed = partial["gate"] | {"state": "suspended", "sentence": gate.sentence}
        calibration["partial"] = partial | {"gate": closed}
    return calibration | {"gate": gate.to_json()}
