"""Classifiers as data: TOML files that name a boundary's heads, the shipped one and a home's own.

    description = "What a message is about and what it wants."
    trigger_examples = 100            # new examples that start a run by themselves
    schedule = "sun 03:00"            # and when a run starts where there is anything new
    fine_tune = true                  # minutes a run, and better heads: most so of few examples

    [heads.subject]
    description = "what it is about"
    labels = ["people", "work"]       # may grow, unless open = false
    aliases = { job = "work" }        # names that another label stands for
    apart = [["home", "places"]]      # alike, but not the same

`heads = ["subject", "action"]` is enough. Knows the files, not what a classifier does with them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valence.boundaries.classifier import TRIGGER_EXAMPLES, Declared, Head
from valence.boundaries.labels import MOST_CHARACTERS
from valence.errors import ConfigError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
KEYS = frozenset({"name", "description", "heads", "trigger_examples", "schedule", "fine_tune"})
HEAD_KEYS = frozenset({"name", "description", "labels", "open", "aliases", "apart"})


def read_declared(path: Path) -> Declared:
    """The classifier that a file declares, named as the file. Raises ConfigError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return declared_from(path.stem, data)
    except (OSError, ValueError) as error:
        raise ConfigError(f"this is no classifier: {error}", where=str(path)) from error


def declared_from(name: str, data: Mapping[str, Any]) -> Declared:
    """Raises ValueError in words where the data declares no classifier."""
    _only(data, KEYS, "the file")
    if not NAME.fullmatch(name) or data.get("name", name) != name:
        raise ValueError("its name is that of its file: letters, digits, - and _, at most 40")
    heads = tuple(_heads(data.get("heads")))
    if not heads:
        raise ValueError('it names no heads, as in heads = ["subject"]')
    if len({head.name for head in heads}) < len(heads):
        raise ValueError("two heads have one name")
    return Declared(
        name=name,
        heads=heads,
        description=_typed(data, "description", str, ""),
        trigger_examples=max(1, _typed(data, "trigger_examples", int, TRIGGER_EXAMPLES)),
        schedule=_schedule(_typed(data, "schedule", str, None)),
        fine_tune=_typed(data, "fine_tune", bool, False),
    )


def _heads(data: object) -> list[Head]:
    if isinstance(data, Mapping):
        return [_head(name, fields) for name, fields in data.items()]
    if isinstance(data, list):
        return [_head(each, {}) for each in data]
    return []


def _head(name: object, fields: object) -> Head:
    if not isinstance(name, str) or not NAME.fullmatch(name) or not isinstance(fields, Mapping):
        raise ValueError(f"{name!r} is no head with a name of letters, digits, - and _")
    _only(fields, HEAD_KEYS, f"head {name}")
    labels = tuple(_typed(fields, "labels", list, []))
    aliases = _typed(fields, "aliases", dict, {})
    if not all(map(_is_label, [*labels, *aliases, *aliases.values()])):
        raise ValueError(f"a label of head {name} is no text of 1 to {MOST_CHARACTERS} characters")
    return Head(
        name=name,
        description=_typed(fields, "description", str, ""),
        labels=labels,
        open=_typed(fields, "open", bool, True),
        aliases={old: _last(old, aliases) for old in aliases},
        apart=tuple(_pair(name, each) for each in _typed(fields, "apart", list, [])),
    )


def _pair(head: str, value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_label, value)):
        raise ValueError(f"apart of head {head} has {value!r}, and no pair of labels")
    return value[0], value[1]


def _last(label: str, aliases: Mapping[str, str]) -> str:
    """Where a chain of aliases ends."""
    passed: set[str] = set()
    while label in aliases:
        if label in passed:
            raise ValueError(f"the aliases of {label!r} go in a circle")
        passed.add(label)
        label = aliases[label]
    return label


def _is_label(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= MOST_CHARACTERS


def _schedule(text: str | None) -> str | None:
    from valence.schedule import parse

    if text is not None:
        parse(text)
    return text


def _typed(data: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = data.get(key, default)
    if value is not default and not isinstance(value, kind):
        raise ValueError(f"{key} is {value!r}, and no {kind.__name__}")
    return value


def _only(data: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if strange := sorted(data.keys() - known):
        raise ValueError(f"{where} has the key {strange[0]!r}, and only {', '.join(sorted(known))}")
