"""One tree, drawn in its docstring; one line a person can act on."""

from __future__ import annotations

import inspect

import pytest

from valence import errors


def test_every_error_is_in_the_tree_and_in_the_drawing() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(kind, errors.ValenceError), name
        assert name in (errors.__doc__ or "")
        assert kind.__doc__


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.ConfigError("no such key"), "no such key"),
        (errors.ConfigError("no such key", where="config.toml"), "no such key (config.toml)"),
        (
            errors.TransferError("not JSON.", where="line 3", do="Mend it."),
            "not JSON. (line 3). Mend it.",
        ),
        (errors.CallError("two\nlines", do="Try\nagain."), "two lines. Try again."),
    ],
)
def test_an_error_is_one_line(error: errors.ValenceError, line: str) -> None:
    assert str(error) == line
