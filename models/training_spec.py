"""What a training process is told: SPEC.json, and the files that steer it while it runs.

Knows paths and settings; no model, no mlx.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, fields
from pathlib import Path

from models.errors import TrainingFailed

POLL_S = 0.1
BUSY_FRESH_S = 1.0
YIELD_AT_MOST_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to train, with the keys of SPEC.json.

    `data`: JSON Lines files "train" and "valid" of {"id", "system", "user", "completion"};
    `out`: the run's own folder; `resume_from_adapter`: an adapter folder to start from.
    """

    model: str
    data: dict[str, str]
    out: str
    adapter_out: str
    resume_from_adapter: str | None = None
    rank: int = 16
    alpha: float = 32.0
    epochs: int = 3
    batch_size: int = 4
    learning_rate: float = 1e-3
    max_seq_length: int = 512
    seed: int = 0
    patience: int = 3
    eval_every: int = 50
    checkpoint_every: int = 50

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def fingerprint(self) -> str:
        """Hex sha256 over the settings and the examples: equal for the same run only."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        digest = hashlib.sha256(json.dumps(own, sort_keys=True).encode())
        for name in ("train", "valid"):
            digest.update(Path(self.data[name]).read_bytes())
        return digest.hexdigest()


def read_spec(path: Path) -> Spec:
    """Read SPEC.json. Raises TrainingFailed with what is wrong with it."""
    try:
        spec = Spec(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingFailed(f"{path} is not a training spec: {error}") from error
    counts = (spec.rank, spec.epochs, spec.batch_size, spec.eval_every, spec.checkpoint_every)
    if min(counts) < 1:
        raise TrainingFailed(f"{path}: rank, epochs, batch size and intervals are at least 1")
    return spec


class Steering:
    """The files PAUSE, STOP and BUSY of a run's folder; `stop()` does what STOP does."""

    def __init__(self, out: Path, yields: bool) -> None:
        self._out = out
        self._yields = yields
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    @property
    def stopped(self) -> bool:
        return self._stopped or (self._out / "STOP").exists()

    @property
    def paused(self) -> bool:
        return (self._out / "PAUSE").exists() and not self.stopped

    def wait_while_paused(self) -> None:
        while self.paused:
            time.sleep(POLL_S)

    def yield_to_person(self) -> None:
        """Wait while BUSY is fresh, half a second at most: training has to end some day."""
        until = time.monotonic() + YIELD_AT_MOST_S
        while self._yields and self._busy() and time.monotonic() < until:
            time.sleep(POLL_S / 5)

    def _busy(self) -> bool:
        try:
            touched = (self._out / "BUSY").stat().st_mtime
        except FileNotFoundError:
            return False
        return time.time() - touched < BUSY_FRESH_S
