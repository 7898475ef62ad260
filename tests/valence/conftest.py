"""A home of its own for each test, and an application whose local model answers by script."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import stamina

from store.adapters import Adapter
from store.calls import Attempt
from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.cli import main
from valence.config import Settings
from valence.gate import Gate
from valence.locations import Locations
from valence.predictors import Try
from valence.unit import Unit, unit_hash, variant_of

TINY = Path(__file__).parent.parent / "models" / "tiny-base"
THRESHOLD = 0.8
WEIGHTS = b"weights"
WEIGHTS_SHA = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet; no settings, keys or models of this machine reach it."""
    for name in os.environ:
        if name.startswith("VALENCE_") or name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VALENCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return tmp_path / "home"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Stdout as JSON objects, one a line; anything else there fails."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]

    @property
    def record(self) -> dict[str, Any]:
        (only,) = self.records
        return only


Run = Callable[..., Done]


@pytest.fixture
def run(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Runs a command in this process, as a person or a script would give it."""
    before = os.umask(0o022)

    def run_(*arguments: str, stdin: bytes | str = b"") -> Done:
        data = stdin if isinstance(stdin, bytes) else stdin.encode("utf-8", "surrogateescape")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(int(ended.value.code or 0), out, err)

    yield run_
    os.umask(before)


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Retries without their pauses."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class ScriptedLocal:
    """A local model that says what the test wants, as surely as the test wants."""

    model = "scripted"
    revision = "r1"

    def __init__(self, output: Any = None, confidence: float = 0.9) -> None:
        self.output = output
        self.confidence = confidence
        self.parts: tuple[float, ...] = ()
        self.error: str | None = None
        self.asked: list[Any] = []

    def attempt(self, boundary: Boundary[Any, Any], value: Any, unit: Unit | None) -> Try:
        self.asked.append(value)
        blank = Attempt(
            role="answer",
            route="local",
            decision="failed",
            model=self.model,
            variant=unit.variant if unit else variant_of(self.model, None, "1"),
            adapter_id=unit.adapter.id if unit else None,
        )
        if self.error:
            return Try(replace(blank, error=self.error, reason="local model failed"))
        veto = boundary.vetoes(value, self.output)
        attempt = replace(
            blank,
            output=boundary.output_text(self.output),
            reason=f"veto: {veto}" if veto else "",
            confidence=self.confidence if unit else None,
            threshold=unit.gate.threshold if unit else None,
        )
        return Try(attempt, self.output, self.parts)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def open_app(home: Path) -> Iterator[Callable[..., Valence]]:
    """Opens the home with these settings; `scripted` stands in for the local model where given."""
    opened: list[Valence] = []

    def open_(scripted: ScriptedLocal | None = None, **sections: dict[str, Any]) -> Valence:
        app = Valence(Settings(**sections), Locations(home))  # type: ignore[arg-type]
        if scripted is not None:
            app.__dict__["local"] = scripted
        opened.append(app)
        return app

    yield open_
    for app in opened:
        app.close()


@pytest.fixture
def give_adapter() -> Callable[..., Adapter]:
    """Makes an adapter the active one of a boundary, its gate open unless the test says so."""

    def give(app: Valence, boundary: str = "decompose", **changes: Any) -> Adapter:
        gate = changes.pop("gate", Gate("open", THRESHOLD, 0.05, 0.95, 0.7, {}, "Open."))
        values = {
            "base_model": "scripted",
            "base_revision": app.local.revision if app.local else ScriptedLocal.revision,
            "prompt_version": "1",
            "weights_sha256": WEIGHTS_SHA,
        }
        examples = changes.pop("examples", [])
        calibration = {"gate": gate.to_json(), **changes.pop("calibration", {})}
        adapter = Adapter(boundary=boundary, folder="", **values | changes)
        adapter = replace(adapter, folder=adapter.id)
        folder = app.locations.adapters / adapter.id
        folder.mkdir()
        (folder / "adapters.safetensors").write_bytes(WEIGHTS)
        sealed = unit_hash(adapter.weights_sha256, calibration)
        app.stores.adapters.register(adapter, examples)
        app.stores.adapters.calibrate(adapter.id, calibration, sealed)
        return app.stores.adapters.promote(adapter.id, "by the test")

    return give
