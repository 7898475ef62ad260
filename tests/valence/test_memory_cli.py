"""`valence memory`, `ask` and `conversations` as a person or a script gives them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Home, wait_until
from tests.loopback import Fault, LoopbackFrontier
from tests.valence.conftest import Run
from tests.valence.test_import_hygiene import HEAVY, loaded_by

TEXT = "Ada Lovelace was born in London."
TRIPLE = ["Ada Lovelace", "birthPlace", "London"]
FOUND_KEYS = ["kind", "id", "text", "triple", "score", "source", "recorded_at", "reason"]
TURN_KEYS = [
    "conversation", "turn", "answer", "citations", "facts", "route", "reason", "confidence",
    "remembered", "latency_ms", "cost_usd",
]  # fmt: skip


@pytest.fixture
def told(run: Run) -> dict[str, Any]:
    """One text that is remembered."""
    return run("memory", "add", TEXT, "--json").record


# -- memory ----------------------------------------------------------------------------------------


def test_add_says_what_was_read_by_whom_and_where_it_is_kept(run: Run) -> None:
    done = run("memory", "add", TEXT, "--json")
    assert done.code == 0
    assert list(done.record) == ["source", "call_id", "facts", "route"]
    assert done.record["facts"] == [TRIPLE]
    assert done.record["route"] == "builtin"
    assert run("ledger", "show", done.record["call_id"], "--json").record["input"] == TEXT
    assert "1 texts wait for their vectors" in done.err


def test_a_file_is_remembered_line_by_line_and_again_without_doubles(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "notes"
    file.write_bytes(b"Rex is a dog.\n\ncaf\xe9\n" + TEXT.encode())
    done = run("memory", "add", "--file", str(file), "--json")
    assert [record["facts"] for record in done.records] == [[["Rex", "isA", "dog"]], [TRIPLE]]
    assert done.code == 1
    assert "line 3: " in done.err
    again = run("memory", "add", "--file", str(file), "--json")
    assert [record["call_id"] for record in again.records] == [None, None]
    assert [r["source"] for r in again.records] == [r["source"] for r in done.records]


def test_a_byte_order_mark_is_no_part_of_the_first_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_bytes(b"\xef\xbb\xbfRex is a dog.\nMia is a cat.")
    for done in (
        run("memory", "add", "--file", str(file), "--json"),
        run("memory", "add", "--file", "-", "--json", stdin=file.read_bytes()),
    ):
        assert [r["facts"] for r in done.records] == [
            [["Rex", "isA", "dog"]],
            [["Mia", "isA", "cat"]],
        ]


def test_search_prints_the_contracts_records(run: Run, told: dict[str, Any]) -> None:
    done = run("memory", "search", "Where was Ada Lovelace born?", "--json")
    assert done.code == 0
    assert all(list(record) == FOUND_KEYS for record in done.records)
    fact, text = done.records
    assert (fact["kind"], fact["triple"], fact["source"]) == ("fact", TRIPLE, told["source"])
    assert (text["kind"], text["text"], text["triple"]) == ("episode", TEXT, None)
    assert fact["score"] > text["score"]


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        (("--mode", "graph"), {"fact"}),
        (("--mode", "text"), {"fact", "episode"}),
        (("--mode", "vector"), set()),
        (("--limit", "1"), {"fact"}),
        (("--budget", "12"), {"fact"}),
        (("--since", "2999-01-01"), set()),
        (("--until", "2000-01-01T12:00"), set()),
        (("--since", "2000-01-01", "--until", "2999-01-01"), {"fact", "episode"}),
        (("--source", TEXT), {"fact", "episode"}),
    ],
    ids=str,
)
def test_search_is_narrowed(
    run: Run, told: dict[str, Any], options: tuple[str, ...], kinds: set[str]
) -> None:
    done = run("memory", "search", "Where was Ada Lovelace born?", *options, "--json")
    assert done.code == 0
    assert {record["kind"] for record in done.records} == kinds


def test_facts_entity_and_path(run: Run, told: dict[str, Any]) -> None:
    run("memory", "add", "London is the capital of England.")
    triples = [record["triple"] for record in run("memory", "facts", "--json").records]
    assert triples == [["England", "capital", "London"], TRIPLE]
    of_ada = run("memory", "facts", "ada lovelace", "--json").record
    assert (of_ada["triple"], of_ada["source"]) == (TRIPLE, told["source"])
    london = run("memory", "entity", "London", "--json").record
    assert set(london["neighbours"]) == {"Ada Lovelace", "England"}
    assert len(london["facts"]) == 2
    path = run("memory", "path", "Ada Lovelace", "England", "--json").records
    assert [record["triple"] for record in path] == [TRIPLE, ["England", "capital", "London"]]
    assert run("memory", "path", "Ada Lovelace", "England", "--hops", "1").code == 1
    assert "London" in run("memory", "entity", "Ada Lovelace").out


@pytest.mark.parametrize("command", ["facts", "entity"])
def test_a_name_that_is_not_known_is_told_with_those_that_may_be_meant(
    run: Run, told: dict[str, Any], command: str
) -> None:
    done = run("memory", command, "Ada")
    assert (done.code, done.out) == (1, "")
    assert done.err == "Error: nothing is known of 'Ada'; perhaps Ada Lovelace is meant\n"
    assert run("memory", command, "Nobody").err == "Error: nothing is known of 'Nobody'\n"


def test_an_alias_of_several_names_whom_it_may_mean(run: Run) -> None:
    run("memory", "add", "Ada Lovelace lives in London. Ada Byron lives in Paris.")
    err = run("memory", "same", "Ada", "Ada Lovelace").err
    assert "perhaps Ada Byron or Ada Lovelace is meant" in err


def test_an_unknown_id_is_told_by_what_was_looked_for(run: Run) -> None:
    assert "no fact, entity or source has the id 'nope'" in run("memory", "forget", "nope").err
    assert "remembered from 'nope'" in run("memory", "search", "x", "--source", "nope").err


def test_what_was_believed_at_a_time(run: Run, told: dict[str, Any]) -> None:
    assert run("memory", "facts", "--as-of", "2001-01-01", "--json").records == []
    assert len(run("memory", "facts", "--as-of", "2999-01-01", "--json").records) == 1
    assert len(run("memory", "facts", "--valid-at", "1990", "--json").records) == 1


def test_what_held_at_a_time_as_it_was_told(run: Run) -> None:
    run("memory", "add", "Bob lived in Rome from 2001 to 2005. Bob has worked for Fiat since 2003.")
    rome, fiat = ["Bob", "livedIn", "Rome"], ["Bob", "workedFor", "Fiat"]
    for time, held in (("2000", []), ("2002-03", [rome]), ("2004-01-01", [fiat, rome])):
        found = run("memory", "facts", "--valid-at", time, "--json").records
        assert [fact["triple"] for fact in found] == held
    last = run("memory", "facts", "--valid-at", "2005", "--json").record
    assert (last["triple"], last["valid_from"], last["valid_to"]) == (fiat, "2003", None)
    assert "2001…2005" in run("memory", "facts").out
    assert run("memory", "facts", "--valid-at", "then").code == 2


def test_what_disagrees_is_shown_and_said(run: Run) -> None:
    run("memory", "add", "Tom was born in 1980.")
    assert "It disagrees with: Tom | birth date | 1980." in run("ask", "Tom was born in 1990.").out
    found = run("memory", "facts", "--contradictions", "--json").records
    assert {fact["triple"][2] for fact in found} == {"1980", "1990"}
    answer = run("ask", "When was Tom born?", "--json").record["answer"]
    assert answer.startswith("Tom was born in 1980 and in 1990. What I was told disagrees.")


def test_sources_are_listed_and_forgotten(run: Run, told: dict[str, Any]) -> None:
    source = run("memory", "sources", "--json").record
    assert (source["source"], source["kind"], source["state"]) == (told["source"], "note", "read")
    assert run("memory", "forget", told["source"], "--json").record["kind"] == "source"
    assert run("memory", "search", "Ada", "--json").records == []
    assert run("memory", "sources", "--state", "gone", "--json").record["title"] == ""


@pytest.mark.parametrize("form", ["jsonl", "graphml", "ntriples"])
def test_export(run: Run, told: dict[str, Any], tmp_path: Path, form: str) -> None:
    file = tmp_path / "facts"
    done = run("memory", "export", "--format", form, str(file), "--json")
    assert done.record == {"facts": 1, "file": str(file), "format": form}
    assert "Ada" in file.read_text("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("memory", "facts", "Nobody"),
        ("memory", "entity", "Nobody"),
        ("memory", "path", "Nobody", "Nobody else"),
        ("memory", "forget", "nope"),
        ("memory", "search", "x", "--source", "nope"),
        ("memory", "embed"),
        ("memory", "export", "/nowhere/at/all"),
        ("ask", "Hello", "--conversation", "nope"),
        ("ask", "--from", "received", "--conversation", "nope"),
        ("conversations", "show", "nope"),
        ("conversations", "export", "nope", "/nowhere/at/all"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line_and_1(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("Error: ")
    assert "a defect" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("memory", "search"),
        ("memory", "search", "x", "--mode", "guess"),
        ("memory", "search", "x", "--since", "yesterday"),
        ("memory", "add", "x", "--file", "-"),
        ("memory", "export", "--format", "pickle", "x"),
        ("ask",),
        ("ask", " "),
        ("ask", "x", "--from", "received"),
        ("ask", "--from", "nowhere", "--conversation", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


def test_the_shape_of_what_is_known(run: Run) -> None:
    assert run("memory", "shape", "--json").record == {
        "linked": 0, "central": [], "communities": [],
    }  # fmt: skip
    run("memory", "add", "Ada Lovelace was born in London.")
    shape = run("memory", "shape", "--json").record
    assert (shape["linked"], shape["communities"][0]["size"]) == (2, 2)
    assert "London" in run("memory", "shape").out


def test_a_person_joins_names_and_parts_them(run: Run) -> None:
    run("memory", "add", "Ada Lovelace was born in London. Countess Ada was born in 1815.")
    both = ("memory", "same", "Ada Lovelace", "Countess Ada", "--json")
    assert run(*both).record == {"names": ["Ada Lovelace", "Countess Ada"], "same": True}
    facts = run("memory", "facts", "Countess Ada", "--json").records
    assert {fact["triple"][0] for fact in facts} == {"Ada Lovelace"}
    assert run(*both, "--not").record["same"] is False
    (fact,) = run("memory", "facts", "Countess Ada", "--json").records
    assert fact["triple"][0] == "Countess Ada"
    assert run("memory", "same", "Ada Lovelace", "Nobody").code == 1


# -- ask and conversations -------------------------------------------------------------------------


def test_a_conversation_goes_on_and_is_kept(run: Run, tmp_path: Path) -> None:
    first = run("ask", TEXT, "--json").record
    assert list(first) == TURN_KEYS
    assert first["remembered"][0]["facts"] == [TRIPLE]
    second = run("ask", "Where was she born?", "--conversation", first["conversation"], "--json")
    assert second.record["answer"] == "Ada Lovelace was born in London. [1]"
    assert second.record["facts"] == [TRIPLE]
    assert second.record["citations"][0]["source"] == first["turn"]

    (listed,) = run("conversations", "list", "--json").records
    assert (listed["conversation"], listed["turns"]) == (first["conversation"], 2)
    shown = run("conversations", "show", first["conversation"], "--steps", "--json").records
    assert [turn["question"] for turn in shown] == [TEXT, "Where was she born?"]
    assert [step["name"] for step in shown[1]["steps"]] == [
        "received", "understood", "remembered", "retrieved", "answered",
    ]  # fmt: skip
    (found,) = run("conversations", "search", "she born", "--json").records
    assert found["turn"] == second.record["turn"]
    file = tmp_path / "talk.md"
    assert run("conversations", "export", first["conversation"], str(file)).code == 0
    assert "> Where was she born?\n\nAda Lovelace was born in London. [1]" in file.read_text()
    lines = tmp_path / "talk.jsonl"
    as_lines = ("--format", "jsonl", "--json")
    done = run("conversations", "export", first["conversation"], str(lines), *as_lines)
    assert (done.record["turns"], done.record["file"]) == (2, str(lines))
    assert len(lines.read_text().splitlines()) == 2


def test_an_archived_conversation_is_out_of_the_list(run: Run) -> None:
    conversation = run("ask", TEXT, "--json").record["conversation"]
    run("conversations", "archive", conversation)
    assert run("conversations", "list", "--json").records == []
    assert len(run("conversations", "list", "--archived", "--json").records) == 1
    run("conversations", "archive", conversation, "--undo")
    assert len(run("conversations", "list", "--json").records) == 1


def test_a_turn_is_taken_again(run: Run) -> None:
    first = run("ask", TEXT, "--json").record
    again = run("ask", "--from", "remembered", "--conversation", first["conversation"], "--json")
    assert again.record["turn"] != first["turn"]
    assert again.record["remembered"][0]["facts"] == [TRIPLE]
    assert len(run("memory", "facts", "--json").records) == 1


def test_without_a_conversation_the_last_one_is_gone_back_in(run: Run) -> None:
    assert "no conversation" in run("ask", "--from", "answered").err
    run("ask", TEXT)
    last = run("ask", "Where was Ada Lovelace born?", "--json").record
    again = run("ask", "--from", "retrieved", "--json").record
    assert again["conversation"] == last["conversation"]
    assert (again["answer"], again["turn"] != last["turn"]) == (last["answer"], True)


def test_a_turn_that_was_interrupted_is_not_taken_up_again(tmp_path: Path) -> None:
    with LoopbackFrontier(lambda user, body: {}, [Fault(hang=True)]) as server:
        frontier = {
            "FRONTIER__PROVIDER": "openai", "FRONTIER__MODEL": "m",
            "FRONTIER__BASE_URL": server.base_url,
        }  # fmt: skip
        home = Home.make(tmp_path / "home", **frontier)
        process = home.start("ask", TEXT)
        wait_until(lambda: server.requests, "the frontier was asked")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 1
    assert [turn["state"] for turn in home.rows("SELECT state FROM turns")] == ["undone"]


def test_a_person_reads_the_answer_and_its_sources(run: Run) -> None:
    run("memory", "add", TEXT)
    done = run("ask", "Where was Ada Lovelace born?")
    assert done.out == "Ada Lovelace was born in London. [1]\n"
    assert f"[1] {TEXT}" in done.err


def test_nothing_of_a_terminals_language_is_printed(run: Run) -> None:
    run("memory", "add", "Ada \x1b[2J was born in \x1b]0;London\x07.")
    for arguments in (
        ("memory", "facts"), ("memory", "search", "Ada"), ("memory", "sources"),
        ("ask", "Where was Ada born?"), ("conversations", "list"),
    ):  # fmt: skip
        assert "\x1b" not in run(*arguments).out


def test_a_forgotten_call_takes_its_turn_and_its_facts_along(run: Run) -> None:
    first = run("ask", TEXT, "--json").record
    run("ask", "Where was Ada Lovelace born?", "--conversation", first["conversation"])
    (said,) = run("ledger", "list", "--boundary", "recompose", "--json").records
    run("ledger", "forget", said["call_id"], "--json")
    shown = run("conversations", "show", first["conversation"], "--json").records
    assert [turn["question"] for turn in shown] == [TEXT]
    run("ledger", "forget", first["remembered"][0]["call_id"])
    assert run("conversations", "show", first["conversation"], "--json").records == []
    assert run("memory", "facts", "--json").records == []
    assert run("memory", "search", "Ada", "--json").records == []


# -- what they load --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("memory", "facts"),
        ("memory", "add", "Rex is a dog."),
        ("ask", "Where was Ada Lovelace born?"),
        ("conversations", "list"),
    ],
    ids=" ".join,
)
def test_what_needs_no_model_loads_none(
    run: Run, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("VALENCE_LOCAL__ENABLED", "false")
    assert not loaded_by(*command) & (HEAVY | {"sentence_transformers", "networkx", "watchdog"})


# -- the notes folder ------------------------------------------------------------------------------


def test_without_a_notes_folder_it_says_how_to_set_one(run: Run) -> None:
    done = run("memory", "sync")
    assert done.code == 1
    assert "memory.notes_dir" in done.err


def test_notes_are_found_cited_and_never_learnt_from(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "ada.md").write_text(f"# Ada\n\n{TEXT}\n", "utf-8")
    monkeypatch.setenv("VALENCE_MEMORY__NOTES_DIR", str(notes))
    first = run("memory", "sync", "--facts", "--json").record
    assert (first["read"], first["chunks"], first["decomposed"]) == (1, 1, 1)
    found = run("memory", "search", "Where was Ada Lovelace born?", "--mode", "graph", "--json")
    assert TRIPLE in [item["triple"] for item in found.records]
    assert run("memory", "sync", "--facts", "--json").record["unchanged"] == 1
    assert run("ledger", "export", "decompose").out == ""

    (notes / "ada.md").unlink()
    assert run("memory", "sync", "--json").record["gone"] == 1
    found = run("memory", "search", "Where was Ada Lovelace born?", "--mode", "graph", "--json")
    assert found.records == []


def test_a_question_takes_in_what_has_changed_in_the_notes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("VALENCE_MEMORY__NOTES_DIR", str(notes))
    (notes / "frogs.md").write_text("If herons hesitate at dawn, frogs rejoice quietly.", "utf-8")
    reply = run("ask", "Why do frogs rejoice at dawn?", "--json").record
    assert reply["citations"][0]["place"] == str(notes / "frogs.md")
    (notes / "frogs.md").unlink()
    assert run("ask", "Why do frogs rejoice at dawn?", "--json").record["citations"] == []
    notes.rmdir()
    assert "is not there" in run("ask", "Why do frogs rejoice at dawn?").err


def test_what_was_skipped_is_named_once_and_not_at_every_look(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "picture.png").write_bytes(b"\x89PNG")
    os.utime(notes / "picture.png", (1e9, 1e9))
    monkeypatch.setenv("VALENCE_MEMORY__NOTES_DIR", str(notes))
    first, again = run("memory", "sync"), run("memory", "sync")
    assert "picture.png" in first.err
    assert "picture.png" not in again.err
    assert "1 skipped" in again.err


def test_a_notes_folder_that_is_away_loses_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "ada.txt").write_text(TEXT, "utf-8")
    monkeypatch.setenv("VALENCE_MEMORY__NOTES_DIR", str(notes))
    run("memory", "sync")
    notes.rename(tmp_path / "elsewhere")
    done = run("memory", "sync", "--json")
    assert (done.code, done.record["read"]) == (1, 0)
    assert "is not there" in done.err
    found = run("memory", "search", "Lovelace", "--mode", "text", "--json").records
    assert [item["text"] for item in found] == [TEXT]


def test_an_export_that_cannot_be_written_leaves_the_file_as_it_was(
    run: Run, tmp_path: Path
) -> None:
    """Its place beside the file is taken, as it is on a full disk."""
    talk = run("ask", "Tom is a baker.", "--json").record["conversation"]
    kept = tmp_path / "kept"
    kept.write_text("old")
    (tmp_path / ".kept.new").mkdir()
    for command in (
        ("conversations", "export", talk, str(kept)),
        ("trajectories", "export", str(kept)),
        ("memory", "export", str(kept)),
    ):
        done = run(*command)
        assert (done.code, done.out) == (1, ""), command
        assert "written" in done.err
        assert kept.read_text() == "old"
