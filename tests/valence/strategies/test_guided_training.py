"""An adapter learns and is certified with the guidance that calls had; then it is shown it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from store.calls import Attempt, Call
from tests.commands import TINY, pairs
from valence.app import Valence
from valence.boundaries import get
from valence.config import Settings
from valence.curation import as_example
from valence.lessons import prepare
from valence.locations import Locations
from valence.strategies import guidance
from valence.strategies.guidance import Shown, advice, as_asked, certifiable_since
from valence.training import train_boundary
from valence.unit import load_unit

RECORD = {"strategies": "s", "approach": "look up, then answer", "trials": 18, "successes": 14.0}
SHOWN, HELD_BACK = RECORD | {"shown": True}, RECORD | {"shown": False}
ADVICE = advice(SHOWN)

Open = Callable[..., Valence]


def use(app: Valence, gold: dict[str, Any], records: list[dict[str, Any] | None]) -> None:
    """Calls of `recompose` that the frontier answered, with these records of guidance in turn."""
    boundary = get("recompose")
    for number, (text, triples) in enumerate(gold.items()):
        value = boundary.input_from_text(json.dumps({"triples": triples}))
        output = boundary.output_text(boundary.from_json({"text": text}))
        shown = {"role": "answer", "route": "frontier", "decision": "accepted", "output": output}
        app.stores.ledger.record(
            Call(
                boundary=boundary.name,
                input=boundary.input_text(value),
                output=output,
                route="frontier",
                guidance=records[number % len(records)],
                attempts=(Attempt(**shown),),  # type: ignore[arg-type]
            )
        )
    app.curate(boundary)


@pytest.fixture
def app(home: Any) -> Any:
    settings: dict[str, Any] = {
        "local": {"model": str(TINY)},
        "training": {"epochs": 1, "batch_size": 8},
    }
    with Valence(Settings(**settings), Locations(home)) as opened:
        yield opened


def test_an_example_is_learnt_with_the_guidance_that_its_call_had(app: Valence) -> None:
    use(app, pairs(60), [SHOWN, HELD_BACK, None])
    boundary = get("recompose")
    prepare(app, boundary, "run", app.locations.runs / "run")
    rows = [
        json.loads(line)
        for name in ("train", "valid")
        for line in (app.locations.runs / "run" / f"{name}.jsonl").read_text().splitlines()
    ]
    shown = {
        e.id: as_asked(app, boundary, e).guidance is not None
        for e in app.stores.examples.of("recompose", "train")
    }
    assert 0 < sum(shown.values()) < len(shown)
    assert {row["id"]: ADVICE in row["system"] for row in rows} == shown


def test_what_was_uploaded_or_forgotten_had_none(app: Valence) -> None:
    boundary = get("recompose")
    [(text, triples)] = pairs(1).items()
    uploaded = as_example(boundary, tuple(map(tuple, triples)), text, "upload")
    assert as_asked(app, boundary, uploaded) is boundary


def test_a_run_is_certified_on_prompts_since_they_came_with_guidance(
    app: Valence, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = list(pairs(120).items())
    use(app, dict(gold[:40]), [None])
    use(app, dict(gold[40:]), [SHOWN, SHOWN, HELD_BACK])
    every = app.stores.examples.of("recompose", "calibration")
    guided = [e for e in every if app.stores.ledger.guidance(e.call_id or "")]
    monkeypatch.setattr(guidance, "ENOUGH", len(guided) + 1)
    assert certifiable_since(app, "recompose") is None
    monkeypatch.setattr(guidance, "ENOUGH", len(guided))
    assert certifiable_since(app, "recompose") == guided[0].created_at

    result = train_boundary(app, "recompose", lambda event: None)
    assert result.adapter is not None
    adapter = app.stores.adapters.get(result.adapter)
    unit = load_unit(adapter, app.locations.adapters)
    assert unit.guided
    judged = app.stores.evaluations.items_of(unit.variant, "recompose", [e.id for e in every])
    assert 0 < len(guided) < len(every)
    assert set(judged) == {e.id for e in guided}
    assert app.local is not None
    facts = (("Anna", "creditor", "Boris"),)
    made = app.local.attempt(get("recompose").guided(Shown(SHOWN)), facts, unit)
    assert ADVICE in (made.attempt.request or "")
