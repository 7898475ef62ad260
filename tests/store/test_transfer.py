from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import BadLine
from store.transfer import chat_line, pair_line, read_pairs

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(system=TEXT, user=TEXT, assistant=TEXT)
def test_chat_goes_round(system: str, user: str, assistant: str) -> None:
    line = chat_line(system, user, assistant)
    assert len(line.splitlines()) == 1
    (pair,) = read_pairs(io.StringIO(line + "\n"))
    assert (pair.form, pair.input, pair.output, pair.line) == ("chat", user, assistant, 1)
    roles = [message["role"] for message in pair.raw["messages"]]
    assert roles == (["system"] if system else []) + ["user", "assistant"]


@given(given_=TEXT, output=st.recursive(TEXT | st.integers() | st.none(), st.lists, max_leaves=5))
def test_plain_pairs_go_round(given_: str, output: Any) -> None:
    line = pair_line(given_, output)
    assert len(line.splitlines()) == 1
    (pair,) = read_pairs([line])
    assert (pair.form, pair.input, pair.output) == ("pair", given_, output)


def test_all_four_forms_are_read() -> None:
    turns = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
    ]
    lines = [
        "\ufeff" + json.dumps({"messages": turns}),
        "",
        '{"prompt": "p", "completion": "c", "id": 7}',
        '{"input": {"any": 1}, "output": [1]}\r\n',
        '{"triples": [["s", "r", "o"]], "text": "t"}',
    ]
    pairs = list(read_pairs(lines))
    assert [(p.form, p.input, p.output, p.line) for p in pairs] == [
        ("chat", "u", "a", 1),
        ("completion", "p", "c", 3),
        ("pair", {"any": 1}, [1], 4),
        ("facts", "t", [["s", "r", "o"]], 5),
    ]
    assert pairs[1].raw["id"] == 7


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ('{"prompt": "p"}', "neither messages"),
        ('{"prompt": 1, "completion": "c"}', "prompt is not a text"),
        ('{"messages": "hello"}', "not a list of objects"),
        ('{"messages": [1]}', "not a list of objects"),
        ('{"messages": []}', "do not end with"),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', "do not end with"),
        (
            '{"messages": [{"role": "user", "content": [1]}, {"role": "assistant"}]}',
            "content is not a text",
        ),
        ('{"text": null, "triples": []}', "text is not a text"),
        ('{"input": "\\ud800", "output": 1}', "surrogate"),
        ('{"input": ' + "[" * 100_000, "nested too deep"),
        ('{"input": ' + "9" * 5000 + ', "output": 1}', "not JSON"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: str, problem: str) -> None:
    good = pair_line("a", "b")
    reader = read_pairs([good, "", line, good])
    assert next(reader).line == 1
    with pytest.raises(BadLine, match=f"^line 3: .*{problem}") as caught:
        next(reader)
    assert caught.value.number == 3
