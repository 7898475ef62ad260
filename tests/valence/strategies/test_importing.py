"""Trajectories from files: chats as JSON lines, bad lines, the same file twice, what is masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.valence.conftest import Run
from tests.valence.strategies.made_up import lines, write

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Refund my lamp, order A7"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "get_order", "arguments": '{"id": "A7"}'},
            },
            {"id": "c2", "name": "refund_order", "arguments": {"id": "A7"}},
        ],
    },
    {"role": "tool", "tool_call_id": "c2", "content": "Error: too late"},
    {"role": "tool", "tool_call_id": "c1", "content": '{"price": 20}'},
    {"role": "assistant", "content": "It is too late for a refund."},
]


def test_a_chat_is_read_with_each_result_at_its_call(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "f", [{"messages": CHAT, "success": False, "task_id": 3}])
    assert run("trajectories", "import", file, "--agent", "shop", "--json").record == {
        "new": 1, "changed": 0, "known": 0,
    }  # fmt: skip
    [listed] = run("trajectories", "list", "--json").records
    assert (listed["agent"], listed["problem"]) == ("shop", "Refund my lamp, order A7")
    assert (listed["approach"], listed["outcome"]) == ("look up, then act", 0.0)
    shown = run("trajectories", "show", listed["id"], "--json").record
    tools = [step for step in shown["steps"] if step["kind"] == "tool"]
    assert [(t["tool"], t["arguments"], t["result"], t["failed"]) for t in tools] == [
        ("get_order", {"id": "A7"}, '{"price": 20}', False),
        ("refund_order", {"id": "A7"}, "Error: too late", True),
    ]
    assert (shown["task_id"], shown["votes"]) == ("3", {"last_tool": -1, "tools": -1})
    assert "refund_order" in run("trajectories", "show", listed["id"]).out


def test_the_same_file_twice_is_the_same_trajectories(run: Run, tmp_path: Path) -> None:
    rows = lines(20)
    file = write(tmp_path / "f", rows)
    assert run("trajectories", "import", file, "--json").record["new"] == 20
    assert run("trajectories", "import", file, "--json").record["known"] == 20
    rows[3]["success"] = not rows[3]["success"]
    again = run("trajectories", "import", write(tmp_path / "g", rows), "--json").record
    assert again == {"new": 0, "changed": 1, "known": 19}
    assert len(run("trajectories", "list", "--limit", "99", "--json").records) == 20


def test_without_an_id_the_content_is_the_key(run: Run, tmp_path: Path) -> None:
    bare = {"problem": "Explain it", "steps": [{"kind": "message", "text": "So."}]}
    file = write(tmp_path / "f", [bare, bare, bare | {"success": True}])
    assert run("trajectories", "import", file, "--json").record == {
        "new": 1, "changed": 1, "known": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"problem": "x"}', "steps"),
        ('{"steps": [], "problem": " "}', "problem"),
        ('{"messages": [{"role": "assistant", "content": "x"}]}', "problem"),
        ('{"messages": [{"role": "wizard", "content": "x"}]}', "messages.0.role"),
        ('{"problem": "x", "steps": [{"kind": "tool", "tool": 5}]}', "steps.0.tool"),
        ('{"problem": "x", "steps": [{"kind": "magic"}]}', "steps.0.kind"),
        ('{"problem": "x", "steps": [], "success": "yes"}', "success"),
        ('{"problem": "x", "steps": [], "latency_ms": -1}', "latency_ms"),
        ('{"problem": "x", "steps": [], "cost_usd": NaN}', "cost_usd"),
        ('{"problem": "x", "steps": [], "created_at": "soon"}', "created_at"),
        ('{"problem": "x", "steps": [], "feedback": {"rating": "good"}}', "feedback.rating"),
        ('{"problem": "\\ud800", "steps": []}', "surrogate"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_kept(run: Run, line: str, field: str) -> None:
    good = json.dumps({"problem": "x", "steps": [{"kind": "message", "text": "y"}]})
    done = run("trajectories", "import", "-", stdin=f"{good}\n\n{line}\n{good}")
    assert done.code == 1
    assert "line 3" in done.err
    assert field in done.err
    assert run("trajectories", "list", "--json").records == []


def test_secrets_are_masked_before_anything_is_kept(run: Run, home: Path) -> None:
    key = "sk-proj-" + "a1" * 12
    row = {
        "problem": f"Use {key}",
        "steps": [
            {"kind": "tool", "tool": "t", "arguments": {"deep": [{"key": key}]}, "result": key},
            {"kind": "message", "text": f"It was {key}"},
        ],
    }
    assert run("trajectories", "import", "-", stdin=json.dumps(row)).code == 0
    assert all(key.encode() not in file.read_bytes() for file in home.glob("valence.db*"))


def test_empty_and_enormous_messages_are_kept_within_bounds(run: Run) -> None:
    row = {
        "problem": "x " * 600_000,
        "steps": [{"kind": "message", "text": ""}, {"kind": "message", "text": "y" * 2**20}],
    }
    assert run("trajectories", "import", "-", stdin=json.dumps(row)).code == 0
    [listed] = run("trajectories", "list", "--json").records
    assert listed["approach"] == "answer"
    assert 1000 < len(listed["problem"]) < 30_000


def test_what_was_exported_is_known_when_it_comes_back(run: Run, tmp_path: Path) -> None:
    run("trajectories", "import", write(tmp_path / "f", lines(5, success=None)))
    out = str(tmp_path / "out")
    assert run("trajectories", "export", out, "--json").record["trajectories"] == 5
    assert run("trajectories", "import", out, "--json").record == {
        "new": 0, "changed": 0, "known": 5,
    }  # fmt: skip
    nowhere = run("trajectories", "export", str(tmp_path / "no" / "file"))
    assert nowhere.code == 1
    assert "cannot be written" in nowhere.err


def test_a_trajectory_can_be_forgotten(run: Run, tmp_path: Path) -> None:
    run("trajectories", "import", write(tmp_path / "f", lines(3)))
    first, second, _ = run("trajectories", "list", "--json").records
    assert run("trajectories", "forget", first["id"], "--json").record == {"id": first["id"]}
    assert run("trajectories", "list", "--json").records[0]["id"] == second["id"]
    assert run("trajectories", "forget", first["id"]).code == 1
