"""The person's own editor, and the clipboard: what is decided without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.clipboard import local_command
from tui.editor import edit
from valence.errors import ValenceError


def script(folder: Path, text: str) -> str:
    file = folder / "my editor"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return f"'{file}' --wait"


def test_what_was_saved_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", script(tmp_path, 'cat "$2" > seen; printf "Zoë\\n" >> "$2"'))
    monkeypatch.chdir(tmp_path)
    assert edit("one\ntwo\n") == "one\ntwo\nZoë"
    assert (tmp_path / "seen").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("command", ["", "/no/such/editor", "'unclosed", "false"])
def test_an_editor_that_fails_is_a_sentence(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    with pytest.raises(ValenceError, match="editor"):
        edit("text")


def test_a_mac_copies_by_itself_but_not_over_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pbcopy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local_command("darwin", {}) == str(program)
    assert local_command("darwin", {"SSH_CONNECTION": "1"}) is None
    assert local_command("linux", {}) is None
