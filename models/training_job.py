"""One training job from its spec to a published adapter folder.

Puts data, base model, warm start, checkpoints and the training loop together. Imports mlx;
`models.trainer` is the process around it.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx

from models import adapters, checkpoint, loading, lora, training_data
from models.errors import TrainingFailed
from models.folder import ModelFolder
from models.machine import Machine
from models.prompting import Prompter
from models.training import Ended, Settings, Trained, Training, Watch
from models.training_data import Rows
from models.training_spec import Spec, Steering

Emit = Callable[..., None]
RESULT = "result.json"


def run(spec: Spec, here: Machine, steering: Steering, emit: Emit) -> Ended:
    """Train, or go on training, and publish. Raises ModelError; nothing is published then."""
    out = Path(spec.out)
    out.mkdir(parents=True, exist_ok=True)
    fingerprint = _fingerprint(spec)
    before = _result_before(spec, fingerprint)
    if before is not None:
        emit("done", **before)
        return "finished"
    training = _prepared(spec, here, fingerprint, emit)
    trained = training.run(fingerprint, _watch(out, steering, emit, training.steps))
    if trained.ended == "stopped":
        emit("stopped", step=trained.step, steps=training.steps)
    else:
        emit("done", **_publish(spec, trained, fingerprint, training.steps))
    return trained.ended


def _prepared(spec: Spec, here: Machine, fingerprint: str, emit: Emit) -> Training:
    loaded = loading.load(ModelFolder.open(Path(spec.model)), here)
    train, valid = _examples(spec, Prompter(loaded.tokenizer))
    shapes = {
        name: lora.shape_of(layer) for name, layer in lora.linear_layers(loaded.model).items()
    }
    lora.adapt(loaded.model, spec.rank, spec.scale, spec.seed)
    if spec.resume_from_adapter is not None:
        _warm_start(loaded.model, shapes, spec, Path(spec.resume_from_adapter))
    training = Training(loaded.model, _settings(spec), train.rows, valid.rows, here.micro_tokens)
    kept = checkpoint.load(Path(spec.out), fingerprint)
    if kept is not None:
        training.resume(kept)
    emit(
        "start",
        step=kept.counters.step if kept else 0,
        steps=training.steps,
        examples=len(train.rows),
        valid_examples=len(valid.rows),
        dropped=train.dropped,
        trainable=sum(array.size for array in lora.weights(loaded.model).values()),
    )
    return training


def _examples(spec: Spec, prompter: Prompter) -> tuple[Rows, Rows]:
    train, valid = (
        training_data.read(Path(spec.data[name]), prompter, spec.max_seq_length)
        for name in ("train", "valid")
    )
    if not train.rows:
        raise TrainingFailed(f"no example fits {spec.max_seq_length} tokens ({train.dropped})")
    return train, valid


def _warm_start(model: Any, shapes: dict[str, tuple[int, int]], spec: Spec, source: Path) -> None:
    stored = adapters.load(source)
    adapters.check(stored, shapes, source)
    if stored.rank != spec.rank or not math.isclose(stored.scale, spec.scale):
        raise TrainingFailed(
            f"{source} has rank {stored.rank} and scale {stored.scale:g}; "
            f"this run has {spec.rank} and {spec.scale:g}"
        )
    lora.put_weights(model, {name: mx.array(array) for name, array in stored.weights.items()})


def _settings(spec: Spec) -> Settings:
    return Settings(
        epochs=spec.epochs,
        batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        seed=spec.seed,
        patience=spec.patience,
        eval_every=spec.eval_every,
        checkpoint_every=spec.checkpoint_every,
    )


def _watch(out: Path, steering: Steering, emit: Emit, steps: int) -> Watch:
    def go_on() -> bool:
        if steering.paused:
            emit("paused")
            steering.wait_while_paused()
            emit("resumed")
        return not steering.stopped

    def save(kept: checkpoint.Checkpoint) -> None:
        checkpoint.save(out, kept)
        emit("checkpoint", step=kept.counters.step, steps=steps)

    return Watch(go_on=go_on, between=steering.yield_to_person, emit=emit, save=save)


def _publish(spec: Spec, trained: Trained, fingerprint: str, steps: int) -> dict[str, Any]:
    finite = mx.all(mx.stack([mx.isfinite(array).all() for array in trained.weights.values()]))
    if not finite.item():
        raise TrainingFailed("the trained weights are not all numbers")
    modules: Sequence[str] = [name.rpartition(".")[0] for name in trained.weights]
    config = adapters.config_of(spec.rank, spec.scale, modules)
    digest = adapters.save(Path(spec.adapter_out), trained.weights, config)
    result = {
        "adapter": spec.adapter_out,
        "weights_sha256": digest,
        "ended": trained.ended,
        "step": trained.step,
        "steps": steps,
        "best_step": trained.best_step,
        "best_loss": trained.best_loss,
    }
    text = json.dumps({"fingerprint": fingerprint, "result": result})
    (Path(spec.out) / RESULT).write_text(text, encoding="utf-8")
    shutil.rmtree(Path(spec.out) / checkpoint.FOLDER, ignore_errors=True)
    return result


def _result_before(spec: Spec, fingerprint: str) -> dict[str, Any] | None:
    """What the same run published before it was killed, if the adapter is still that one."""
    try:
        noted = json.loads((Path(spec.out) / RESULT).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if noted["fingerprint"] != fingerprint or not Path(spec.adapter_out).is_dir():
        return None
    result: dict[str, Any] = noted["result"]
    same = adapters.sha256(Path(spec.adapter_out)) == result["weights_sha256"]
    return result if same else None


def _fingerprint(spec: Spec) -> str:
    try:
        return spec.fingerprint()
    except (OSError, KeyError) as error:
        raise TrainingFailed(f"the run's examples cannot be read: {error}") from error
