"""Examples in and out of files: every form in, both forms out, and the same back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.errors import BadLine
from store.examples import Examples, Origin
from valence.app import Valence
from valence.boundaries import get
from valence.errors import TransferError
from valence.locations import Locations
from valence.stores import Stores
from valence.transfer import Imported, export_examples, import_examples

TEXT = "Ada Lovelace was born in London."
TRIPLES = [["Ada Lovelace", "birthPlace", "London"]]
LINES = "Ada Lovelace | birthPlace | London"


@pytest.fixture
def examples(open_app: Callable[..., Valence]) -> Examples:
    return open_app().stores.examples


def bring(
    examples: Examples, *lines: Any, boundary: str = "decompose", origin: Origin = "upload"
) -> Imported:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return import_examples(examples, get(boundary), texts, origin)


def held(examples: Examples, boundary: str = "decompose") -> list[tuple[str, str]]:
    return sorted(
        (example.input, example.output)
        for split in ("train", "calibration", "test")
        for example in examples.of(boundary, split)
    )


def chat(user: str, assistant: str, system: str = "Be brief.") -> dict[str, Any]:
    roles = {"system": system, "user": user, "assistant": assistant}
    return {"messages": [{"role": role, "content": text} for role, text in roles.items()]}


@pytest.mark.parametrize(
    "line",
    [
        {"text": TEXT, "triples": TRIPLES},
        {"input": TEXT, "output": {"triples": TRIPLES}},
        {"input": TEXT, "output": TRIPLES},
        {"prompt": TEXT, "completion": LINES},
        {"prompt": TEXT, "completion": json.dumps({"triples": TRIPLES})},
        chat(TEXT, LINES),
        chat(TEXT, json.dumps(TRIPLES)),
        chat(TEXT, LINES, system=get("decompose").system),
    ],
)
def test_every_form_is_read(examples: Examples, line: dict[str, Any]) -> None:
    assert bring(examples, line) == Imported(1, 0, 0, {})
    assert held(examples) == [(TEXT, json.dumps({"triples": TRIPLES}))]


@pytest.mark.parametrize(
    "line",
    [
        {"text": TEXT, "triples": TRIPLES},
        {"input": {"triples": TRIPLES}, "output": {"text": TEXT}},
        {"input": TRIPLES, "output": TEXT},
        {"prompt": json.dumps({"triples": TRIPLES}), "completion": TEXT},
        chat(json.dumps(TRIPLES), TEXT),
        chat(LINES, TEXT, system=get("recompose").system),
    ],
)
def test_every_form_is_read_for_a_writer(examples: Examples, line: dict[str, Any]) -> None:
    assert bring(examples, line, boundary="recompose") == Imported(1, 0, 0, {})
    expected = (json.dumps({"triples": TRIPLES}), json.dumps({"text": TEXT}))
    assert held(examples, "recompose") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        {"input": TEXT, "output": 5},
        {"input": TEXT, "output": None},
        {"input": 5, "output": TRIPLES},
        {"input": {"text": TEXT}, "output": TRIPLES},
        {"text": TEXT, "triples": [["two", "parts"]]},
        {"text": " ", "triples": TRIPLES},
        {"prompt": TEXT, "completion": "no bars here"},
        {"prompt": TEXT, "completion": '{"triples": '},
        {"wrong": 1},
        "not JSON",
    ],
)
def test_a_line_that_is_no_pair_is_named(examples: Examples, line: Any) -> None:
    good = {"text": TEXT, "triples": TRIPLES}
    with pytest.raises((TransferError, BadLine), match="line 2"):
        bring(examples, good, line)


def test_what_is_left_out_is_counted(examples: Examples) -> None:
    counts = bring(
        examples,
        {"text": TEXT, "triples": TRIPLES},
        {"text": TEXT.upper(), "triples": TRIPLES},
        {"text": "Hm.", "triples": [["a", "b", "c"]]},
        {"text": "Nothing is said here.", "triples": []},
    )
    assert counts == Imported(1, 0, 1, {"shorter than 10 characters": 1, "empty output": 1})


def test_an_upload_stands_above_what_the_base_was_taught(examples: Examples) -> None:
    bring(examples, {"text": TEXT, "triples": TRIPLES}, origin="base")
    other = [["Ada Lovelace", "bornIn", "London"]]
    assert bring(examples, {"text": TEXT, "triples": other}).replaced == 1
    assert held(examples) == [(TEXT, json.dumps({"triples": other}))]


def test_what_the_base_was_taught_is_only_rehearsed(examples: Examples) -> None:
    lines = [{"text": f"Ada met number {n} today.", "triples": TRIPLES} for n in range(30)]
    bring(examples, *lines, origin="base")
    assert examples.counts("decompose") == {"train": 30, "calibration": 0, "test": 0}
    assert examples.untrained("decompose") == 0


def test_secrets_do_not_come_in(examples: Examples) -> None:
    text = "Ada pays with 4111 1111 1111 1111 in London."
    bring(examples, {"text": text, "triples": [["Ada", "card", "4111 1111 1111 1111"]]})
    assert "4111" not in repr(held(examples))


AWKWARD = [
    "A | B is a name | and so on, said Ada.",
    r"A norm \|x\| stands here, said Ada.",
    "Zwölf “Zitate”\u2028und ein Zeilenende, sagt Ada.",
    '{"triples" is how this sentence begins, said Ada.',
    "Two lines of text,\nsaid Ada.",
]


@pytest.mark.parametrize("form", ["chat", "pairs"])
@pytest.mark.parametrize("boundary", ["decompose", "recompose"])
def test_what_goes_out_comes_back_the_same(
    tmp_path: Path, examples: Examples, form: str, boundary: str
) -> None:
    lines = [
        {"text": text, "triples": [["said Ada", f"says | or \\| {number}", "Ada"]]}
        for number, text in enumerate(AWKWARD)
    ]
    assert bring(examples, *lines, boundary=boundary).new == len(AWKWARD)
    assert bring(examples, *lines, boundary=boundary).duplicates == len(AWKWARD)
    gone = list(export_examples(examples, get(boundary), form))
    assert all("\n" not in line for line in gone)
    elsewhere = Stores.open(Locations(tmp_path / "elsewhere"))
    bring(elsewhere.examples, *gone, boundary=boundary)
    assert held(elsewhere.examples, boundary) == held(examples, boundary)
    elsewhere.database.close()
