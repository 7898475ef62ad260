"""Training through its doors: the job in this process, and the process itself."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models import adapters, machine
from models.errors import AdapterMismatch, TrainingFailed
from models.training_spec import Spec, Steering, read_spec

ROOT = Path(__file__).parents[2]
WORDS = ["Ada", "London", "Aarhus", "city", "people", "leader", "worked", "born"]
Events = list[dict[str, Any]]


@pytest.fixture
def make_spec(tiny_qwen: Path, tmp_path: Path) -> Callable[..., Spec]:
    def make(train: int = 24, valid: int = 5, contrary: bool = False, **changes: Any) -> Spec:
        write_examples(tmp_path / "train.jsonl", train, ahead=1)
        # contrary: what is learned in training is more and more wrong in validation
        write_examples(tmp_path / "valid.jsonl", valid, ahead=4 if contrary else 1)
        settings: dict[str, Any] = {
            "model": str(tiny_qwen),
            "data": {name: str(tmp_path / f"{name}.jsonl") for name in ("train", "valid")},
            "out": str(tmp_path / "run"),
            "adapter_out": str(tmp_path / "adapter"),
            "rank": 4,
            "alpha": 8.0,
            "epochs": 2,
            "learning_rate": 5e-3,
            "max_seq_length": 128,
            "eval_every": 4,
            "checkpoint_every": 3,
        }
        return Spec(**{**settings, **changes})

    return make


def write_examples(path: Path, count: int, ahead: int) -> None:
    rows = (
        {
            "id": str(i),
            "system": "Answer.",
            "user": " ".join(WORDS[(i + k) % 8] for k in range(1 + i % 7)),
            "completion": f"{WORDS[i % 8]} | is | {WORDS[(i + ahead) % 8]}",
        }
        for i in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def train(spec: Spec, here: machine.Machine | None = None, stop_at: int = 0) -> Events:
    """Train in this process; `stop_at` a step, as a STOP file would."""
    from models import training_job

    events: Events = []
    steering = Steering(Path(spec.out), yields=False)

    def emit(event: str, **data: Any) -> None:
        events.append({"event": event, **data})
        if event == "step" and data["step"] == stop_at:
            steering.stop()

    training_job.run(spec, here or machine.this(), steering, emit)
    return events


def losses(events: Events) -> dict[int, float]:
    return {e["step"]: e["loss"] for e in events if e["event"] == "step"}


def of(events: Events, kind: str) -> Events:
    return [event for event in events if event["event"] == kind]


def test_training_learns_and_publishes_the_best_weights(
    make_spec: Callable[..., Spec], tiny_qwen: Path
) -> None:
    spec = make_spec(epochs=4)
    events = train(spec)
    assert events[0]["event"] == "start"
    assert events[0]["steps"] == 24
    valid = of(events, "valid")
    assert valid[-1]["loss"] < valid[0]["loss"] / 2
    done = events[-1]
    assert done["event"] == "done"
    best = min(valid[1:], key=lambda event: event["loss"])
    assert (done["best_step"], done["best_loss"]) == (best["step"], best["loss"])
    assert adapters.sha256(Path(spec.adapter_out)) == done["weights_sha256"]
    step = of(events, "step")[-1]
    assert step["tokens_per_s"] > 0
    assert step["left_s"] == 0


def test_the_adapter_is_read_by_mlx_lm(make_spec: Callable[..., Spec], tiny_4bit: Path) -> None:
    from mlx_lm.tuner.utils import load_adapters

    from models import loading
    from models.folder import ModelFolder

    spec = make_spec(model=str(tiny_4bit), epochs=1)
    events = train(spec)
    assert events[-1]["event"] == "done"
    assert of(events, "valid")[-1]["loss"] < of(events, "valid")[0]["loss"]
    loaded = loading.load(ModelFolder.open(tiny_4bit), machine.this())
    load_adapters(loaded.model, spec.adapter_out)
    config = json.loads((Path(spec.adapter_out) / "adapter_config.json").read_text())
    assert config["num_layers"] == 2
    assert len(config["lora_parameters"]["keys"]) == 7
    assert config["lora_parameters"]["scale"] == 2.0


def test_the_best_on_validation_is_kept_not_the_last(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(contrary=True, epochs=10, patience=0)
    events = train(spec)
    valid = of(events, "valid")[1:]
    best = min(valid, key=lambda event: event["loss"])
    assert best["step"] < valid[-1]["step"]
    again = train(
        dataclasses.replace(
            spec,
            out=spec.out + "2",
            adapter_out=spec.adapter_out + "2",
            resume_from_adapter=spec.adapter_out,
        ),
        stop_at=1,
    )
    assert of(again, "valid")[0]["loss"] == pytest.approx(best["loss"], rel=1e-4)


def test_it_stops_early_without_improvement(make_spec: Callable[..., Spec]) -> None:
    events = train(make_spec(contrary=True, epochs=20, patience=2))
    assert events[-1]["ended"] == "early stop"
    assert events[-1]["step"] < events[-1]["steps"]
    assert [event["best"] for event in of(events, "valid")][-2:] == [False, False]


def test_a_loss_that_is_no_number_ends_the_run(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(learning_rate=1e38)
    with pytest.raises(TrainingFailed, match="no longer a number"):
        train(spec)
    assert not Path(spec.adapter_out).exists()


def test_a_stopped_run_goes_on_with_the_same_losses(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec()
    whole = train(dataclasses.replace(spec, out=spec.out + "-whole"))
    first = train(spec, stop_at=5)
    assert first[-1]["event"] == "stopped"
    assert not (Path(spec.out) / "result.json").exists()
    second = train(spec)
    assert second[0]["step"] == 5
    assert {**losses(first), **losses(second)} == pytest.approx(losses(whole), rel=1e-6)
    assert second[-1]["best_loss"] == pytest.approx(whole[-1]["best_loss"], rel=1e-6)


def test_a_finished_run_started_again_only_says_so(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(epochs=1)
    done = train(spec)[-1]
    assert train(spec) == [done]


def test_a_checkpoint_of_other_data_is_refused(make_spec: Callable[..., Spec]) -> None:
    train(make_spec(), stop_at=4)
    with pytest.raises(TrainingFailed, match="other data or settings"):
        train(make_spec(train=20))


def test_a_step_in_pieces_is_the_same_step(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(epochs=1)
    whole = train(spec)
    small = dataclasses.replace(machine.this(), micro_tokens=40)
    parts = train(dataclasses.replace(spec, out=spec.out + "2"), small)
    assert losses(parts) == pytest.approx(losses(whole), rel=1e-3)


def test_examples_that_do_not_fit_are_dropped_and_counted(
    make_spec: Callable[..., Spec], tmp_path: Path
) -> None:
    spec = make_spec(epochs=1)
    long = {"id": "x", "system": "Answer.", "user": "Ada " * 300, "completion": "Ada"}
    cut = {"id": "y", "system": "Answer.", "user": "Ada", "completion": "London " * 300}
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(long) + "\n" + json.dumps(cut) + "\n")
    start = train(spec)[0]
    assert start["examples"] == 24
    assert start["dropped"] == {"prompt fills the window": 1, "longer than the window": 1}
    with pytest.raises(TrainingFailed, match="no example fits"):
        train(dataclasses.replace(spec, max_seq_length=3))


def test_a_text_may_hold_what_some_take_for_the_end_of_a_line(
    make_spec: Callable[..., Spec], tmp_path: Path
) -> None:
    spec = make_spec(epochs=1)
    row = {"id": "x", "system": "Answer.", "user": "Ada\u2028London\x85", "completion": "Ada"}
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    assert train(spec)[0]["examples"] == 25


@pytest.mark.parametrize("valid", [0, 1])
def test_a_small_or_empty_validation_set_will_do(
    make_spec: Callable[..., Spec], valid: int
) -> None:
    done = train(make_spec(train=6, valid=valid, epochs=1))[-1]
    assert done["best_step"] == done["steps"] == 2
    assert (done["best_loss"] is None) == (valid == 0)


def test_an_adapter_that_does_not_fit_is_no_start(
    make_spec: Callable[..., Spec], make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    import mlx.core as mx

    spec = make_spec()
    folder = make_adapter(Path(spec.model), tmp_path / "parent", rank=8)
    begun = dataclasses.replace(spec, resume_from_adapter=str(folder))
    with pytest.raises(TrainingFailed, match="rank 8"):
        train(begun)
    weights = dict(mx.load(str(folder / "adapters.safetensors")))
    weights.pop(next(iter(weights)))
    mx.save_safetensors(str(folder / "adapters.safetensors"), weights)
    with pytest.raises(AdapterMismatch, match="another base"):
        train(begun)
    assert not Path(spec.adapter_out).exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"model": "x"}', '{"no": "such key"}'])
def test_a_spec_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.json").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingFailed, match="training spec"):
        read_spec(tmp_path / "spec.json")


def test_a_bad_example_is_named_by_its_line(make_spec: Callable[..., Spec], tmp_path: Path) -> None:
    spec = make_spec()
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"system": "no user"}\n')
    with pytest.raises(TrainingFailed, match="line 25"):
        train(spec)


def test_it_yields_while_someone_is_answered_but_not_for_ever(tmp_path: Path) -> None:
    (tmp_path / "BUSY").touch()
    began = time.monotonic()
    Steering(tmp_path, yields=False).yield_to_person()
    unyielding = time.monotonic() - began
    Steering(tmp_path, yields=True).yield_to_person()
    assert unyielding < 0.3 < time.monotonic() - began


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Spec], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(spec: Spec) -> subprocess.Popen[str]:
        path = tmp_path / "spec.json"
        path.write_text(json.dumps(dataclasses.asdict(spec)), encoding="utf-8")
        command = [sys.executable, "-m", "models.trainer", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def next_event(process: subprocess.Popen[str], kind: str, step: int = 0) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == kind and event.get("step", 0) >= step:
            return event
    raise AssertionError(f"no {kind}")


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    make_spec: Callable[..., Spec], start: Callable[[Spec], subprocess.Popen[str]]
) -> None:
    spec = make_spec(epochs=6)
    whole = losses(train(dataclasses.replace(spec, out=spec.out + "-whole")))
    killed = start(spec)
    next_event(killed, "step", 8)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (Path(spec.out) / "result.json").exists()
    resumed = start(spec)
    output, _ = resumed.communicate(timeout=120)
    events = [json.loads(line) for line in output.splitlines()]
    assert resumed.returncode == 0
    assert events[0]["step"] >= 6
    assert losses(events) == pytest.approx(
        {step: loss for step, loss in whole.items() if step > events[0]["step"]}, rel=1e-6
    )


def test_a_run_pauses_and_stops(
    make_spec: Callable[..., Spec], start: Callable[[Spec], subprocess.Popen[str]]
) -> None:
    spec = make_spec(epochs=5000, patience=0)
    process = start(spec)
    next_event(process, "step", 2)
    (Path(spec.out) / "PAUSE").touch()
    next_event(process, "paused")
    (Path(spec.out) / "PAUSE").unlink()
    next_event(process, "resumed")
    step = next_event(process, "step")["step"]
    (Path(spec.out) / "STOP").touch()
    assert next_event(process, "stopped")["step"] >= step
    assert process.wait(timeout=60) == 3
    assert not Path(spec.adapter_out).exists()


def test_a_failed_run_says_why_and_publishes_nothing(
    make_spec: Callable[..., Spec], start: Callable[[Spec], subprocess.Popen[str]]
) -> None:
    spec = make_spec(model="/no/such/model")
    process = start(spec)
    assert "/no/such/model" in next_event(process, "failed")["reason"]
    assert process.wait(timeout=60) == 1
