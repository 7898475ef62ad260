"""What the quick commands load: a status is wanted at once, whatever else is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from store.adapters import Adapter
from tests.loopback import LoopbackFrontier
from tests.valence.conftest import ScriptedLocal
from valence.app import Valence
from valence.boundaries import get

HEAVY = {
    "anthropic",
    "huggingface_hub",
    "lancedb",
    "matplotlib",
    "mlx",
    "mlx_lm",
    "numpy",
    "openai",
    "river",
    "sacrebleu",
    "scipy",
    "sklearn",
    "sqlite_utils",
    "textual",
    "torch",
    "transformers",
    "tui",
}

LOADED = """
import runpy, sys
sys.argv = ["valence", *sys.argv[1:]]
try:
    runpy.run_module("valence", run_name="__main__", alter_sys=True)
except SystemExit as ended:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
    raise
"""


def loaded_by(*command: str) -> set[str]:
    """The top-level packages that a command leaves in `sys.modules`."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.fixture
def used_home(
    home: Path, open_app: Callable[..., Valence], give_adapter: Callable[..., Adapter]
) -> Path:
    """A home with calls, a served adapter and local answers beside the frontier's."""
    triples = [["Ada Lovelace", "birthPlace", "London"]]
    with LoopbackFrontier(lambda user, body: {"triples": triples}) as server:
        frontier = {"provider": "openai", "model": "m", "base_url": server.base_url}
        app = open_app(ScriptedLocal((), confidence=0.1), frontier=frontier)
        give_adapter(app)
        for number in range(3):
            app.router.call(get("decompose"), f"Ada Lovelace was born in London, says {number}.")
        app.close()
    return home


@pytest.mark.parametrize("command", [("--version",), ("--help",), ("decompose", "--help")])
def test_what_only_prints_loads_nothing_heavy(home: Path, command: tuple[str, ...]) -> None:
    assert not loaded_by(*command) & HEAVY


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--json"),
        ("ledger", "list"),
        ("adapters", "list"),
        ("trajectories", "list"),
        ("strategies", "list"),
        ("boundaries", "list"),
        ("boundaries", "show", "intent"),
        ("locations",),
    ],
    ids=" ".join,
)
def test_what_only_looks_loads_nothing_heavy(used_home: Path, command: tuple[str, ...]) -> None:
    assert not loaded_by(*command) & HEAVY


def test_the_builtin_floor_loads_no_model(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALENCE_LOCAL__ENABLED", "false")
    assert not loaded_by("decompose", "Ada was born in London.") & HEAVY
    assert not loaded_by("classify", "intent", "Ada was born in London.") & HEAVY
