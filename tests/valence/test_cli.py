"""The commands as a person or a script gives them: what is on stdout, on stderr, and the code."""

from __future__ import annotations

import json
import math
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import valence
from models.folder import ModelFolder
from store.adapters import Adapter
from store.evaluations import Evaluation, Item
from store.examples import Example
from tests.loopback import LoopbackFrontier, unauthorized
from tests.valence.conftest import TINY, WEIGHTS, Done, Run, ScriptedLocal
from valence.app import Valence
from valence.boundaries import BOUNDARIES, get
from valence.cli import cli
from valence.comparison import item_by_item
from valence.unit import variant_of

TEXT = "Ada Lovelace was born in London in 1815."
TRIPLES = [["Ada Lovelace", "birthPlace", "London"]]
CALL_KEYS = [
    "call_id",
    "input",
    "triples",
    "route",
    "reason",
    "confidence",
    "threshold",
    "latency_ms",
    "cost_usd",
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[LoopbackFrontier]:
    with LoopbackFrontier(lambda user, body: {"triples": TRIPLES}) as running:
        monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "openai")
        monkeypatch.setenv("VALENCE_FRONTIER__MODEL", "gpt-4o-mini")
        monkeypatch.setenv("VALENCE_FRONTIER__BASE_URL", running.base_url)
        yield running


@pytest.fixture
def a_call(run: Run) -> str:
    return str(run("decompose", TEXT, "--json").record["call_id"])


@pytest.fixture
def an_adapter(open_app: Callable[..., Valence], give_adapter: Callable[..., Adapter]) -> Adapter:
    return give_adapter(open_app())


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def failed(done: Done, *words: str) -> bool:
    """Whether it ended with code 1, one line `Error: …` that has the words, and nothing else."""
    last = done.err.splitlines()[-1]
    return (
        done.code == 1
        and last.startswith("Error: ")
        and "a defect" not in last
        and all(word in last for word in words)
    )


# -- every command ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_every_command_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.code == 0
    body = done.out.split("\n\n")[1]
    assert body.strip()
    assert not body.startswith("Options:")


LIMITED = [
    path for path, command in commands() if any(each.name == "limit" for each in command.params)
]


@pytest.mark.parametrize("limit", ["0", "-1", "9" * 20])
@pytest.mark.parametrize("path", LIMITED, ids=" ".join)
def test_a_limit_is_a_number_that_can_be_counted_to(
    run: Run, path: tuple[str, ...], limit: str
) -> None:
    done = run(*path, "--limit", limit)
    assert (done.code, done.out) == (2, "")
    assert "'--limit'" in done.err


def test_the_contracts_commands_are_there() -> None:
    names = {" ".join(path) for path, _ in commands()}
    ledger = "list show search correct rate import export forget"
    adapters = "list show promote rollback compare export"
    assert names >= {
        "decompose", "recompose", "train-boundary", "status", "replay", "locations", "doctor",
        "config", "config set", "models list", "models use", "models fetch",
        *(f"ledger {name}" for name in ledger.split()),
        *(f"adapters {name}" for name in adapters.split()),
    }  # fmt: skip


def test_version_and_welcome(run: Run) -> None:
    assert run("--version").out == f"valence, version {valence.__version__}\n"
    done = run()
    assert done.code == 0
    assert "valence models fetch" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("decompose", "--nonsense"),
        ("decompose", TEXT, "--file", "-"),
        ("decompose", "--file", "/nowhere/texts"),
        ("recompose", "{}", "--file", "-"),
        ("train-boundary", "nonsense"),
        ("ledger", "show"),
        ("ledger", "export", "nonsense"),
        ("ledger", "rate", "id", "so-so"),
        ("ledger", "list", "--limit", "many"),
        ("ledger", "import", "decompose", "/nowhere/pairs"),
        ("replay", "/nowhere/scenes"),
        ("decompose", TEXT, "--domain", ""),
        ("recompose", "{}", "--domain", "x" * 41),
        ("status", "--plot", "picture.gif"),
        ("adapters", "rollback", "nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "show", "nope"),
        ("ledger", "show", ""),
        ("ledger", "correct", "nope", "[]"),
        ("ledger", "rate", "nope", "good"),
        ("ledger", "forget", "nope"),
        ("adapters", "show", "nope"),
        ("adapters", "promote", "nope"),
        ("adapters", "rollback", "decompose"),
        ("adapters", "compare", "nope", "base"),
        ("adapters", "compare", "base", "base"),
        ("adapters", "export", "nope", "/nowhere/folder"),
        ("models", "use", "/nowhere/model"),
        ("models", "use", "org/never-fetched"),
        ("runs", "show", "nope"),
        ("runs", "pause"),
        ("runs", "stop"),
        ("config", "set", "gate.max_eror", "0.1"),
        ("config", "set", "gate.max_error", "7"),
        ("decompose", " "),
        ("recompose", "not JSON"),
        ("train-boundary", "decompose"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line_and_1(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert failed(done)
    assert done.out == ""


def test_a_settings_file_that_cannot_be_read_is_one_line(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[gate\n")
    for command in ("status", "decompose", "doctor", "config"):
        arguments = (command, TEXT) if command == "decompose" else (command,)
        assert failed(run(*arguments), "config.toml")


def test_a_home_that_cannot_be_is_one_line(run: Run, home: Path) -> None:
    home.write_text("a file")
    for arguments in (("status",), ("decompose", TEXT), ("config", "set", "gate.partial", "true")):
        assert failed(run(*arguments), str(home), "VALENCE_HOME")
    (finding,) = (r for r in run("doctor", "--json").records if r["name"] == "home")
    assert not finding["ok"]


def test_a_defect_is_one_line_and_logged_whole(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(_: object) -> None:
        raise ZeroDivisionError("by the test")

    monkeypatch.setattr("valence.cli.status.load_settings", break_)
    done = run("status")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ZeroDivisionError: by the test (a defect")
    assert "Traceback" in (home / "logs" / "errors.log").read_text()


def redirected(arguments: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m valence decompose --json {arguments}"
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", ["<&-", "--file - <&-"])
def test_a_closed_stdin_is_an_empty_one(home: Path, arguments: str) -> None:
    done = redirected(arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_no_defect(home: Path) -> None:
    done = redirected("Ada > /dev/full")
    assert done.returncode == 1
    assert "No space left on device (the whole story" in done.stderr


# -- decompose and recompose -----------------------------------------------------------------------


def test_decompose_prints_the_contracts_record(run: Run) -> None:
    done = run("decompose", TEXT, "--json")
    assert done.code == 0
    assert list(done.record) == CALL_KEYS
    assert done.record["input"] == TEXT
    assert all(len(triple) == 3 for triple in done.record["triples"])
    assert (done.record["route"], done.record["reason"]) == ("builtin", "unverified")
    assert done.record["confidence"] is None
    assert done.record["latency_ms"] > 0
    assert done.record["cost_usd"] == 0


def test_recompose_prints_the_same_shape_with_text(run: Run) -> None:
    lines = json.dumps({"triples": TRIPLES}) + "\n"
    done = run("recompose", "--file", "-", "--json", stdin=lines)
    assert list(done.record) == ["text" if key == "triples" else key for key in CALL_KEYS]
    assert done.record["input"] == TRIPLES
    assert "London" in done.record["text"]


def test_without_json_a_person_reads_it(run: Run) -> None:
    done = run("decompose", TEXT)
    assert "Ada Lovelace | " in done.out
    assert "builtin · unverified" in done.err
    done = run("recompose", json.dumps(TRIPLES))
    assert done.code == 0
    assert "London" in done.out


def test_a_file_is_answered_line_by_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text(f"{TEXT}\r\n\n  \nGrace Hopper lives in New York.", "utf-8")
    done = run("decompose", "--file", str(file), "--json")
    assert done.code == 0
    assert [r["input"] for r in done.records] == [TEXT, "Grace Hopper lives in New York."]


def test_stdin_is_read_with_a_dash_or_without_arguments(run: Run) -> None:
    for arguments in (("--file", "-"), ()):
        assert len(run("decompose", *arguments, "--json", stdin=f"{TEXT}\n").records) == 1
    assert run("decompose", "--json").out == ""


def test_bad_lines_are_named_and_the_others_answered(run: Run) -> None:
    good = json.dumps({"triples": TRIPLES}).encode()
    bad = [b"not JSON", b'{"triples": [["a", "b"]]}', b'{"triples": []}', b'[["a", "b", "\xff"]]']
    lines = b"\n".join([good, *bad, good])
    done = run("recompose", "--file", "-", "--json", stdin=lines)
    assert len(done.records) == 2
    for number in (2, 3, 4, 5):
        assert f"line {number}: " in done.err
    assert failed(done, "4 line(s)")


def test_bytes_that_are_no_text_are_a_bad_line(run: Run) -> None:
    done = run("decompose", "--file", "-", "--json", stdin=b"caf\xe9 au lait\n" + TEXT.encode())
    assert [record["input"] for record in done.records] == [TEXT]
    assert "line 1: the text has characters that are no UTF-8" in done.err
    assert failed(done)


@pytest.mark.parametrize(
    "text",
    [
        "Zoë Kravitz 李小龍 was born in Київ 🎉.",
        "A tab\there, a “quote” and a \\ backslash.",
        "Bidi \u202e text and \x1b[31mcolour\x1b[0m.",
        "x" * 5000 + " is long.",
    ],
)
def test_any_text_comes_back_verbatim(run: Run, text: str) -> None:
    done = run("decompose", text, "--json")
    assert done.code == 0
    assert done.record["input"] == text
    found = run("ledger", "show", done.record["call_id"], "--json").record
    assert found["input"] == text


def test_a_record_is_one_line_for_every_reader(run: Run) -> None:
    done = run("decompose", "One\u2028two\u2029three\x85 was born in London.", "--json")
    assert len(done.out.splitlines()) == 1
    assert done.record["input"] == "One\u2028two\u2029three\x85 was born in London."


def test_what_is_no_number_is_null(run: Run, open_app: Callable[..., Valence]) -> None:
    runs = open_app().stores.runs
    one = runs.start("decompose", "manual", {})
    runs.metric(one.id, 1, {"valid_loss": math.nan})
    runs.metric(one.id, 2, {"valid_loss": 0.5})
    done = run("runs", "show", one.id, "--json")
    assert "NaN" not in done.out
    assert done.record["valid_loss"] == [[1, None], [2, 0.5]]


def test_the_mark_at_a_files_beginning_is_no_text(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text(f"{TEXT}\n", "utf-8-sig")
    assert run("decompose", "--file", str(file), "--json").record["input"] == TEXT
    file.write_text(json.dumps(TRIPLES), "utf-8-sig")
    assert run("recompose", "--file", str(file), "--json").record["input"] == TRIPLES


def test_nothing_of_a_terminals_language_is_printed(run: Run) -> None:
    run("decompose", "Ada \x1b[2J was born in \x1b]0;London\x07.")
    for arguments in (("ledger", "list"), ("ledger", "search", "Ada")):
        assert "\x1b" not in run(*arguments).out


def test_a_frontier_that_may_not_be_asked_now_is_told(
    run: Run, server: LoopbackFrontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALENCE_FRONTIER__MONTHLY_BUDGET_USD", "0")
    done = run("decompose", TEXT, "--json")
    assert (done.record["route"], done.record["reason"]) == ("builtin", "unverified")
    assert "frontier: not asked (budget spent)" in done.err
    assert server.requests == []


def test_the_frontier_answers_and_is_learnt_from(run: Run, server: LoopbackFrontier) -> None:
    record = run("decompose", TEXT, "--json").record
    assert (record["route"], record["reason"]) == ("frontier", "no local model")
    assert record["triples"] == TRIPLES
    assert record["cost_usd"] > 0
    assert server.requests[0].user == TEXT
    assert run("ledger", "export", "decompose").code == 0
    assert sum(status_of(run, "decompose")["examples"].values()) == 1


def test_a_frontier_that_fails_is_told_on_stderr(run: Run, server: LoopbackFrontier) -> None:
    server.faults.append(unauthorized())
    done = run("decompose", TEXT, "--json")
    assert (done.code, done.record["reason"]) == (0, "unverified")
    assert "frontier: HTTP 401" in done.err


def test_a_mask_is_shown(run: Run, server: LoopbackFrontier) -> None:
    done = run("decompose", "Ada pays with 4111 1111 1111 1111 in London.", "--json")
    assert done.record["masked"] == {"card": 1}
    assert "masked" in done.err
    assert "4111" not in server.requests[0].user + done.out


def test_a_real_model_at_the_command_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("models", "use", str(TINY)).code == 0
    done = run("decompose", TEXT, "--json")
    assert done.record["reason"] == "unverified"
    story = run("ledger", "show", done.record["call_id"], "--json").record
    assert story["attempts"][0]["route"] == "local"
    assert story["attempts"][0]["features"]


# -- ledger ----------------------------------------------------------------------------------------


def test_list_search_and_show(run: Run, a_call: str) -> None:
    other = run("recompose", json.dumps(TRIPLES), "--json").record["call_id"]
    listed = run("ledger", "list", "--json").records
    assert [record["call_id"] for record in listed] == [other, a_call]
    assert [r["call_id"] for r in run("ledger", "list", "--limit", "1", "--json").records] == [
        other
    ]
    narrowed = run("ledger", "list", "--boundary", "decompose", "--route", "builtin", "--json")
    assert [record["call_id"] for record in narrowed.records] == [a_call]
    assert {r["call_id"] for r in run("ledger", "search", "lovelace", "--json").records} == {
        a_call,
        other,
    }
    assert run("ledger", "search", '"; DROP (', "--json").records == []
    shown = run("ledger", "show", a_call, "--json").record
    assert shown["input"] == TEXT
    assert shown["output"].keys() == {"triples"}
    assert [attempt["route"] for attempt in shown["attempts"]] == ["builtin"]
    assert "builtin" in run("ledger", "show", a_call).out


def test_a_call_tells_what_was_learnt_of_it(run: Run, a_call: str) -> None:
    for facts in ('[["Ada", "birthPlace", "London"]]', '[["Ada", "bornIn", "London"]]'):
        assert run("ledger", "correct", a_call, facts).code == 0
    shown = run("ledger", "show", a_call, "--json").record
    assert [each["origin"] for each in shown["examples"]] == ["correction", "correction"]
    assert shown["examples"][0]["replaced_by"] == shown["examples"][1]["id"]
    assert (shown["left_out"], shown["adapters"]) == (None, [])
    assert "example: correction" in run("ledger", "show", a_call).out
    other = run("decompose", "The weather is here.", "--json").record["call_id"]
    run("train-boundary", "decompose")  # too little to learn from, but all calls are looked at
    assert run("ledger", "show", other, "--json").record["left_out"] == "unverified"
    assert "left out: unverified" in run("ledger", "show", other).out


def test_a_call_is_found_by_the_beginning_of_its_id(run: Run, a_call: str) -> None:
    assert run("ledger", "show", a_call[:-4], "--json").record["call_id"] == a_call
    run("decompose", TEXT)
    assert failed(run("ledger", "show", a_call[:4]), "more than one")


def test_a_correction_is_an_example_of_the_highest_rank(run: Run, a_call: str) -> None:
    done = run("ledger", "correct", a_call, json.dumps(TRIPLES), "--json")
    assert done.record["call_id"] == a_call
    assert done.record["output"] == {"triples": TRIPLES}
    shown = run("ledger", "show", a_call, "--json").record
    assert shown["feedback"][0]["output"] == {"triples": TRIPLES}
    (line,) = run("ledger", "export", "decompose", "--format", "pairs").records
    assert line == {"input": TEXT, "output": {"triples": TRIPLES}}


@pytest.mark.parametrize("output", ["not JSON", "{}", '[["a", "b"]]', '{"text": "hello"}'])
def test_a_correction_that_is_no_output_is_refused(run: Run, a_call: str, output: str) -> None:
    assert failed(run("ledger", "correct", a_call, output))
    assert run("ledger", "show", a_call, "--json").record["feedback"] == []


def test_a_text_is_corrected_as_it_is_typed(run: Run) -> None:
    call = run("recompose", json.dumps(TRIPLES), "--json").record["call_id"]
    assert run("ledger", "correct", call, "Ada Lovelace was born in London.").code == 0
    (line,) = run("ledger", "export", "recompose", "--format", "pairs").records
    assert line["output"] == {"text": "Ada Lovelace was born in London."}


def test_without_consent_a_correction_is_kept_and_not_learnt(
    run: Run, a_call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALENCE_PRIVACY__LEARN", "none")
    assert run("ledger", "correct", a_call, json.dumps(TRIPLES)).code == 0
    assert run("ledger", "export", "decompose").out == ""


def test_ratings_are_kept(run: Run, a_call: str) -> None:
    assert run("ledger", "rate", a_call, "bad", "--note", "too short").code == 0
    (feedback,) = run("ledger", "show", a_call, "--json").record["feedback"]
    assert (feedback["kind"], feedback["rating"], feedback["note"]) == ("rating", -1, "too short")


def test_import_and_export(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"text": TEXT, "triples": TRIPLES}) + "\n", "utf-8")
    counts = run("ledger", "import", "decompose", str(file), "--json").record
    assert counts == {"new": 1, "replaced": 0, "duplicates": 0, "dropped": {}}
    (line,) = run("ledger", "export", "decompose").records
    assert [message["role"] for message in line["messages"]] == ["system", "user", "assistant"]
    again = run("ledger", "import", "decompose", "-", stdin=json.dumps(line))
    assert "1 known already" in again.err


def test_an_import_names_the_line_that_is_none(run: Run) -> None:
    good = json.dumps({"text": TEXT, "triples": TRIPLES}).encode()
    for bad in (b"{}", b'{"text": "\xff", "triples": []}', b'{"input": "a", "output": 5}'):
        done = run("ledger", "import", "decompose", "-", stdin=good + b"\n" + bad)
        assert failed(done, "line 2")


def test_forget_removes_a_call_and_marks_its_adapters(
    run: Run, a_call: str, open_app: Callable[..., Valence], give_adapter: Callable[..., Adapter]
) -> None:
    run("ledger", "correct", a_call, json.dumps(TRIPLES))
    app = open_app()
    example = next(
        example.id
        for split in ("train", "calibration", "test")
        for example in app.stores.examples.of("decompose", split)
    )
    adapter = give_adapter(app, examples=[example])
    folder = app.locations.runs / "a-run"
    folder.mkdir()
    other = '{"id": "other", "user": "It has\u2028a line end of its own."}\n'
    (folder / "train.jsonl").write_text(json.dumps({"id": example}) + "\n" + other)
    forgotten = run("ledger", "forget", a_call, "--json").record
    assert forgotten["example_ids"] == [example]
    assert forgotten["adapter_ids"] == [adapter.id]
    assert failed(run("ledger", "show", a_call))
    assert run("ledger", "search", "Lovelace", "--json").out == ""
    assert run("adapters", "show", adapter.id, "--json").record["tainted"]
    assert (folder / "train.jsonl").read_text() == other


# -- adapters --------------------------------------------------------------------------------------


def test_adapters_are_listed_and_shown(run: Run, an_adapter: Adapter) -> None:
    (listed,) = run("adapters", "list", "--json").records
    shown = run("adapters", "show", an_adapter.id[:-2], "--json").record
    assert listed["adapter"] == shown["adapter"] == an_adapter.id
    assert (listed["state"], listed["gate_state"], listed["threshold"]) == ("active", "open", 0.8)
    assert shown["evaluations"] == []
    assert run("adapters", "list", "--boundary", "recompose", "--json").out == ""
    assert an_adapter.id in run("adapters", "list").out


def test_rollback_and_promotion_by_hand(run: Run, an_adapter: Adapter) -> None:
    back = run("adapters", "rollback", "decompose", "--json").record
    assert back == {"boundary": "decompose", "adapter": None}
    assert failed(run("adapters", "rollback", "decompose"), "nothing to roll back")
    again = run("adapters", "promote", an_adapter.id, "--json").record
    assert again == {"boundary": "decompose", "adapter": an_adapter.id}
    assert status_of(run, "decompose")["adapter"] == an_adapter.id


def test_damaged_weights_are_neither_promoted_nor_exported(
    run: Run, an_adapter: Adapter, home: Path, tmp_path: Path
) -> None:
    run("adapters", "rollback", "decompose")
    (home / "adapters" / an_adapter.folder / "adapters.safetensors").write_bytes(b"others")
    assert failed(run("adapters", "promote", an_adapter.id), an_adapter.id)
    assert failed(run("adapters", "export", an_adapter.id, str(tmp_path / "out")))


def test_an_adapter_is_exported_once(run: Run, an_adapter: Adapter, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert run("adapters", "export", an_adapter.id, str(folder)).code == 0
    assert (folder / "adapters.safetensors").read_bytes() == WEIGHTS
    assert failed(run("adapters", "export", an_adapter.id, str(folder)), "already")


def test_nothing_in_common_is_nothing_to_compare(run: Run, an_adapter: Adapter) -> None:
    assert failed(run("adapters", "compare", an_adapter.id, "base"), "no held-out item")


def test_two_variants_are_compared_item_by_item(
    run: Run, an_adapter: Adapter, open_app: Callable[..., Valence]
) -> None:
    app = open_app()
    right, wrong = json.dumps({"triples": TRIPLES}), json.dumps({"triples": [["a", "b", "c"]]})
    tested = [
        Example(
            boundary="decompose",
            input=f"{TEXT} {number}",
            output=right,
            origin="upload",
            rank=3,
            split="test",
            group_key=str(number),
            fold_key=str(number),
        )
        for number in range(8)
    ]
    for variant, output in (
        (variant_of("scripted", None, "1"), wrong),
        (variant_of("scripted", an_adapter.id, "1"), right),
    ):
        items = [
            Item(
                example_id=example.id,
                output=output,
                score=float(output == right),
                correct=output == right,
            )
            for example in tested
        ]
        evaluation = Evaluation(boundary="decompose", variant=variant, split="test", metrics={})
        for example in tested:
            app.stores.examples.add(example)
        app.stores.evaluations.record(evaluation, items)
    found = run("adapters", "compare", "base", an_adapter.id, "--json").record
    assert (found["items"], found["first_exact"], found["second_exact"]) == (8, 0, 1)
    assert (found["wins"], found["losses"]) == (8, 0)
    assert found["p_value"] < 0.05
    assert len(found["differing"]) == 8
    told = run("adapters", "compare", "base", an_adapter.id, "--limit", "1")
    assert told.out.count("in:     ") == 1
    beside = item_by_item(app, an_adapter.id)
    assert (beside.names, beside.exact) == (("base", "candidate"), (0.0, 1.0))
    assert [one.differs for one in beside.items] == [True] * 8
    assert beside.items[0].answers[1].output == right


# -- the rest --------------------------------------------------------------------------------------


def status_of(run: Run, boundary: str) -> dict[str, Any]:
    """What `status` says of one boundary."""
    (record,) = (r for r in run("status", "--json").records if r["boundary"] == boundary)
    return record


def test_status_tells_of_each_boundary(run: Run, a_call: str) -> None:
    records = run("status", "--json").records
    assert [record["boundary"] for record in records] == [*BOUNDARIES, "intent"]
    first = status_of(run, "decompose")
    assert (first["calls"], first["fallback_rate"]) == (1, 1.0)
    assert {"p50_ms", "p95_ms", "cost_usd", "calls"} == first["routes"]["builtin"].keys()
    assert first["gate"]["state"] == "closed"
    assert first["until_training"] == 1000
    assert len(first["over_time"]) == 1
    assert "decompose: 1 calls" in run("status").out


def test_status_compares_local_answers_with_demonstrations(
    run: Run,
    server: LoopbackFrontier,
    open_app: Callable[..., Valence],
    give_adapter: Callable[..., Adapter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VALENCE_LOCAL__MODEL", str(TINY))
    local = ScriptedLocal(tuple(map(tuple, TRIPLES)), confidence=0.9)
    local.revision = ModelFolder.open(TINY).revision
    app = open_app(local, gate={"audit_rate": 1.0})
    adapter = give_adapter(app)
    app.router.settle(app.router.call(get("decompose"), TEXT))
    local.confidence = 0.1
    app.router.call(get("decompose"), TEXT + " So it is.")
    local.output = (("a", "b", "c"),)
    app.router.call(get("decompose"), TEXT + " And so on.")
    status = status_of(run, "decompose")
    assert (status["adapter"], status["gate"]["state"]) == (adapter.id, "open")
    accuracy = status["accuracy"]
    assert (accuracy["checked"], accuracy["served_checked"]) == (3, 1)
    assert accuracy["right"] == pytest.approx(2 / 3)
    assert accuracy["served_right"] == 1
    assert 0 < accuracy["ece"] < 1
    assert "of those served 1" in run("status").out


def test_a_domain_is_kept_and_has_figures_of_its_own(run: Run, a_call: str) -> None:
    triples = json.dumps({"triples": TRIPLES})
    first = run("decompose", TEXT, "--domain", " My  Own", "--json").record
    second = run("recompose", triples, "--domain", "my own", "--json").record
    assert first["domain"] == second["domain"] == "my own"
    status = status_of(run, "decompose")
    assert set(status["domains"]) == set(status_of(run, "recompose")["domains"]) == {"my own"}
    assert (status["calls"], status["domains"]["my own"]["calls"]) == (2, 1)
    assert "  my own: 1 calls" in run("status").out


def test_status_draws_a_picture_where_there_is_something_to_draw(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "status.png"
    assert failed(run("status", "--plot", str(path)), "nothing to draw")
    run("decompose", TEXT)
    done = run("status", "--json", "--plot", str(path))
    assert [record["boundary"] for record in done.records] == [*BOUNDARIES, "intent"]
    assert "status.png" in done.err
    assert path.read_bytes().startswith(b"\x89PNG")


def test_config_shows_and_sets(run: Run, home: Path) -> None:
    assert run("config", "set", "gate.max_error", "0.01").code == 0
    assert run("config", "--json").record["gate"]["max_error"] == 0.01
    assert "gate.max_error" in run("config").out
    assert failed(run("config", "set", "gate.max_error", "much"), "gate.max_error")
    assert run("config", "--json").record["gate"]["max_error"] == 0.01


def test_locations_are_all_under_the_home(run: Run, home: Path) -> None:
    places = run("locations", "--json").record
    assert places["home"] == str(home)
    assert all(place.startswith(str(home)) for place in places.values())
    assert {"config", "database", "episodic", "adapters", "models", "runs", "logs"} < places.keys()


def test_models_are_listed_and_chosen(run: Run, home: Path) -> None:
    assert run("models", "list", "--json").out == ""
    assert run("models", "use", str(TINY)).code == 0
    (row,) = run("models", "list", "--json").records
    assert (row["path"], row["used"]) == (str(TINY), True)
    assert row["revision"]
    assert run("models", "list").code == 0


def test_choosing_another_model_forgets_the_old_ones_pinned_commit(run: Run, home: Path) -> None:
    run("config", "set", "local.revision", "abc123")
    run("models", "use", str(TINY))
    assert run("config", "--json").record["local"] == {
        "model": str(TINY),
        "revision": None,
        "enabled": True,
    }


def test_nothing_is_fetched_offline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALENCE_PRIVACY__OFFLINE", "true")
    assert failed(run("models", "fetch"), "offline")


def test_the_doctor_says_what_is_missing_and_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = {record["name"]: record for record in run("doctor", "--json").records}
    assert {"python", "sqlite", "blas", "local model", "frontier", "key"} <= findings.keys()
    assert not findings["local model"]["ok"]
    assert "valence models fetch" in findings["local model"]["detail"]
    assert not findings["embedding model"]["ok"]
    assert "valence models fetch --embedding" in findings["embedding model"]["detail"]
    monkeypatch.setenv("VALENCE_FRONTIER__PROVIDER", "anthropic")
    findings = {record["name"]: record for record in run("doctor", "--json").records}
    assert not findings["key"]["ok"]
    assert "ANTHROPIC_API_KEY" in findings["key"]["detail"]
    assert run("doctor").code == 0


def test_train_boundary_without_a_name_tells_which_have_too_little(run: Run) -> None:
    done = run("train-boundary", "--json")
    assert (done.code, done.out) == (0, "")
    assert "decompose" in done.err
    assert "recompose" in done.err


def test_train_boundary_tells_what_was_left_out_of_the_calls_before(
    run: Run, server: LoopbackFrontier
) -> None:
    for text in (TEXT, TEXT, "Ada."):
        run("decompose", text)
    done = run("train-boundary", "decompose")
    assert failed(done, "train examples")
    assert "left out 1: duplicate" in done.err
    assert "left out 1: shorter than 10 characters" in done.err


def test_a_rehearsal_prints_its_curve(run: Run, tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": f"Person {n} was born in London.", "triples": [[f"P{n}", "in", "L"]]})
        for n in range(101)
    ]
    file = tmp_path / "scenes.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    done = run("replay", str(file), "--json")
    assert done.code == 0
    assert [record["calls"] for record in done.records] == [100, 101]
    assert all(record["fallback_rate"] == 1 for record in done.records)
    assert "101 calls" in done.err
    assert failed(run("replay", "-", stdin=lines[0] + "\n{}"), "line 2")


def test_everything_written_is_its_owners_alone(
    run: Run, home: Path, server: LoopbackFrontier
) -> None:
    run("decompose", TEXT)
    run("config", "set", "gate.max_error", "0.01")
    run("status")
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
