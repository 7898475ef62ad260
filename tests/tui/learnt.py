"""A home in which something has been learnt: calls, adapters, a run that is training; always the
same one, whenever it is made."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from store.adapters import Adapter
from store.calls import Attempt, Call
from store.evaluations import Evaluation, Item
from store.examples import RANKS, Example
from store.leases import Leases
from store.runs import Run
from tests.commands import TINY
from valence.app import Valence
from valence.exclusive import LEASE
from valence.gate import Gate
from valence.unit import unit_hash, variant_of

WEIGHTS = b"weights"
SHA = hashlib.sha256(WEIGHTS).hexdigest()
TEXT = "Ada Lovelace was born in London in 1815."
RIGHT = json.dumps({"triples": [["Ada Lovelace", "birthPlace", "London"]]})
OTHER = json.dumps({"triples": [["Ada Lovelace", "birthDate", "1815"]]})
GATE = Gate(
    "open", 0.8, 0.05, 0.95, 0.7,
    sentence="Open: of the answers with a confidence of 0.800 and more 2 of 181 were wrong.",
)  # fmt: skip
OLD, NEW = "019a0000-0000-7000-8000-000000aaaaaa", "019a0000-0000-7000-8000-000000bbbbbb"

BETTER = "better than base (score 0.900 against 0.200 on 10 held-out texts)"


def id_of(number: int) -> str:
    return f"019a0000-0000-7000-8000-{number:012}"


def time_of(number: int) -> str:
    return f"2020-03-{1 + number // 100:02}T10:{number // 60 % 60:02}:{number % 60:02}.000000Z"


def fill(valence: Valence, calls: int = 400) -> None:
    """The frontier at first, then more and more the local model; two adapters, one after the
    other, on a model that is here; 200 examples."""
    local = valence.settings.local.model_copy(update={"model": str(TINY)})
    valence.adopt(valence.settings.model_copy(update={"local": local}))
    put_adapter(valence, OLD, None)
    put_adapter(valence, NEW, OLD)
    with valence.stores.database.transaction():
        for number in range(calls):
            valence.stores.ledger.record(a_call(number, calls))
        for number in range(200):
            valence.stores.examples.add(an_example(number))
    for variant, right in ((None, 2), (OLD, 6), (NEW, 9)):
        evaluate(valence, variant, right)


def a_call(number: int, calls: int) -> Call:
    """Local ones grow from none to nine in ten; every eighth of them is audited, one in two hundred
    wrong."""
    if number * 7 % calls > number or number % 10 == 0:
        return by_frontier(number)
    return by_local(number)


def by_frontier(number: int) -> Call:
    attempt = Attempt(
        role="answer", route="frontier", decision="accepted", model="frontier-1", request="asked",
        response=RIGHT, output=RIGHT, latency_ms=900.0, cost_usd=0.004, id=id_of(10_000 + number),
        created_at=time_of(number),
    )  # fmt: skip
    return a_row(number, attempt, "frontier", "gate closed")


def by_local(number: int) -> Call:
    answer = OTHER if number % 200 == 1 else RIGHT
    mine = Attempt(
        role="answer", route="local", decision="accepted", adapter_id=NEW, confidence=0.93,
        threshold=0.8, model="tiny-base", request="prompt", response=answer, output=answer,
        features={"mean_logprob": -0.031, "literal_share": 1.0}, latency_ms=40.0,
        id=id_of(20_000 + number), created_at=time_of(number),
    )  # fmt: skip
    audit = Attempt(
        role="audit", route="frontier", decision="unseen", output=RIGHT, cost_usd=0.004,
        id=id_of(30_000 + number), created_at=time_of(number),
    )  # fmt: skip
    attempts = (mine, audit) if number % 8 == 1 else (mine,)
    return a_row(number, attempts[0], "local", "confident", attempts)


def a_row(
    number: int, mine: Attempt, route: str, reason: str, attempts: tuple[Attempt, ...] = ()
) -> Call:
    return Call(
        id=id_of(number), boundary="decompose", input=f"({number}) {TEXT}", output=mine.output,
        route=route, reason=reason, confidence=mine.confidence, threshold=mine.threshold,
        latency_ms=mine.latency_ms or 0.0, cost_usd=mine.cost_usd, created_at=time_of(number),
        attempts=attempts or (mine,),
    )  # fmt: skip


def an_example(number: int, split: Any = "train") -> Example:
    return Example(
        id=id_of(40_000 + number), boundary="decompose", input=f"({number}) {TEXT}", output=RIGHT,
        origin="frontier", rank=RANKS["frontier"], split="test" if number < 10 else split,
        group_key=str(number), fold_key=str(number), created_at=time_of(number),
    )  # fmt: skip


def put_adapter(valence: Valence, name: str, parent: str | None, reason: str = BETTER) -> None:
    """An adapter with the run that made it, promoted."""
    calibration = {"gate": GATE.to_json()}
    at = time_of(200 if parent else 100)
    adapter = Adapter(
        id=name, boundary="decompose", base_model="tiny-base",
        base_revision=valence.model_folder().revision, prompt_version="1", folder=name,
        weights_sha256=SHA, parent_id=parent,
        run_id=a_run(valence, name, at, reason), reason="trained", created_at=at,
    )  # fmt: skip
    folder = valence.locations.adapters / name
    folder.mkdir()
    (folder / "adapters.safetensors").write_bytes(WEIGHTS)
    adapters = valence.stores.adapters
    adapters.register(adapter, [id_of(40_000 + n) for n in range(100, 200 if parent else 150)])
    adapters.calibrate(name, calibration, unit_hash(SHA, calibration))
    adapters.promote(name, reason)


def a_run(valence: Valence, adapter: str, at: str, reason: str) -> str:
    """A run that ended well."""
    runs = valence.stores.runs
    run = runs.start("decompose", "automatic", {})
    for state in ("curating", "training", "evaluating", "candidate"):
        runs.move(run.id, state)  # type: ignore[arg-type]
    figures = {"score": 0.9, "parse_rate": 1.0, "latency_p50_ms": 38.0}
    judged = {
        name: figures | {"exact": share, "exact_interval": {"low": share / 2, "high": 1.0}}
        for name, share in (("base", 0.2), ("candidate", 0.9))
    }
    runs.move(run.id, "active", reason, adapter_id=adapter, result={"metrics": judged})
    set_times(valence, run.id, at)
    return run.id


def set_times(valence: Valence, run_id: str, at: str) -> None:
    with valence.stores.database.transaction() as connection:
        for table, key in (("runs", "id"), ("run_states", "run_id")):
            connection.execute(f"UPDATE {table} SET created_at = ? WHERE {key} = ?", (at, run_id))


def evaluate(valence: Valence, name: str | None, right: int) -> None:
    """A variant on the ten test examples, of which it has so many right."""
    items = [
        Item(
            example_id=id_of(40_000 + number), output=RIGHT if number < right else OTHER,
            score=float(number < right), correct=number < right,
        )
        for number in range(10)
    ]  # fmt: skip
    variant = variant_of("tiny-base", name, "1")
    evaluation = Evaluation(
        boundary="decompose", variant=variant, split="test", metrics={}, adapter_id=name,
        run_id=valence.stores.adapters.get(NEW).run_id,
    )  # fmt: skip
    valence.stores.evaluations.record(evaluation, items)


def train(valence: Valence, steps: int = 60, of: int = 200) -> Run:
    """A run that another process is training."""
    runs = valence.stores.runs
    run = runs.start("decompose", "manual", {})
    runs.move(run.id, "curating")
    run = runs.move(run.id, "training", examples=190)
    (valence.locations.runs / run.id).mkdir()
    with valence.stores.database.transaction():
        runs.metric(run.id, 0, {"steps": float(of), "valid_loss": 2.6})
        for step in range(1, steps + 1):
            loss = 0.4 + 2.0 / (1 + step / 12) + 0.1 * (step % 3)
            values = {"loss": loss, "tokens_per_s": 812.0, "left_s": 2.0 * (of - step)}
            runs.metric(run.id, step, values)
            if step % 20 == 0:
                runs.metric(run.id, step, {"valid_loss": 0.5 + 2.0 / (1 + step / 12)})
    set_times(valence, run.id, time_of(300))
    assert Leases(valence.stores.database).acquire(LEASE, 600)
    return run
