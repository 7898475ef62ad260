"""Classifiers from the file that declares one to the answer that is served, by the same road as
every boundary."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import embedding_tuning
from models.errors import EmbeddingModelMissing
from models.heads import Heads
from store.examples import RANKS
from tests.loopback import LoopbackFrontier
from tests.messages import Pair, Remembering, lines, minilm, pairs
from tests.valence.conftest import Run
from valence import learning
from valence.app import Valence
from valence.boundaries import BOUNDARIES
from valence.boundaries.classifier import Classifier
from valence.curation import fold, split_of
from valence.errors import ConfigError, InvalidInput, LabelError, NotEnoughExamples
from valence.learning import due, learn, start_by_hand
from valence.steering import stop
from valence.training import TrainingResult, train_boundary
from valence.transfer import export_examples, import_examples

Open = Callable[..., Valence]
PAIRS = pairs()
ONE_HEAD = 'heads = ["intent"]\n'
RAIN = "will it rain in Lisbon"


@pytest.fixture(scope="module")
def embedder() -> Remembering:
    return Remembering()


@pytest.fixture
def open_(home: Path, open_app: Open, embedder: Remembering) -> Open:
    """Opens a home with the classifier `talk`, over the real embedding model."""

    def opened(declared: str = ONE_HEAD, **settings: Any) -> Valence:
        declare(home, declared)
        app = open_app(**settings)
        app.__dict__["embedder"] = embedder
        return app

    return opened


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory: pytest.TempPathFactory, embedder: Remembering) -> Path:
    """A home whose classifier has learnt the 192 messages."""
    from valence.config import Settings
    from valence.locations import Locations

    home = tmp_path_factory.mktemp("trained")
    declare(home, ONE_HEAD)
    with Valence(Settings(), Locations(home)) as app:
        app.__dict__["embedder"] = embedder
        assert learn_from(app, PAIRS).state == "active"
    return home


@pytest.fixture
def trained(home: Path, trained_home: Path, open_: Open) -> Valence:
    shutil.copytree(trained_home, home)
    return open_()


def declare(home: Path, text: str, name: str = "talk") -> None:
    (home / "boundaries").mkdir(parents=True, exist_ok=True)
    (home / "boundaries" / f"{name}.toml").write_text(text, "utf-8")


def learn_from(app: Valence, found: list[Pair], head: str = "intent") -> TrainingResult:
    bring(app, found, head)
    return train_boundary(app, "talk", lambda event: None)


def bring(app: Valence, found: list[Pair], head: str = "intent") -> None:
    boundary = app.boundaries.get("talk")
    import_examples(app.stores.examples, boundary, lines(found, head), "upload")


def said(app: Valence, text: str) -> dict[str, Any]:
    boundary = app.boundaries.classifier("talk")
    answer = app.router.call(boundary, text)
    labels: dict[str, Any] = boundary.to_json(answer.output)["labels"]
    return labels


# -- by commands -----------------------------------------------------------------------------------


def test_from_a_file_and_data_to_labels(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VALENCE_MEMORY__EMBEDDING_MODEL", str(minilm()))
    declare(home, ONE_HEAD)
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(lines(PAIRS)), "utf-8")
    result = run("train-boundary", "talk", "--data", str(data), "--json").record
    assert (result["boundary"], result["state"]) == ("talk", "active"), result
    assert result["metrics"]["base"] is None
    assert result["metrics"]["candidate"]["exact"] > 0.8
    known = run("classify", "talk", RAIN, "--json").record
    assert known["labels"] == {"intent": "weather"}
    assert (known["input"], known["route"]) == (RAIN, "local")
    assert 0 < known["confidence"]["intent"] <= 1
    messages = tmp_path / "messages.txt"
    messages.write_text(f"{RAIN}\n\nplay the new song by Sting\n", "utf-8")
    both = run("classify", "talk", "--file", str(messages), "--json").records
    assert [each["labels"]["intent"] for each in both] == ["weather", "music"]
    assert run("adapters", "list", "--json").record["boundary"] == "talk"
    shown = run("boundaries", "show", "talk", "--json").record
    assert sum(shown["labels"]["intent"].values()) == sum(label is not None for _, label in PAIRS)


def test_without_an_embedding_model_the_floor_answers(home: Path, run: Run) -> None:
    declare(home, ONE_HEAD)
    answer = run("classify", "talk", RAIN, "--json").record
    assert (answer["labels"], answer["route"]) == ({"intent": None}, "builtin")
    assert answer["confidence"] == {"intent": None}
    data = home / "data.jsonl"
    data.write_text("\n".join(lines(PAIRS)), "utf-8")
    refused = run("train-boundary", "talk", "--data", str(data))
    assert refused.code == 1
    assert "valence models fetch --embedding" in refused.err


def test_the_shipped_classifier_tells_asking_from_telling_by_rules(home: Path, run: Run) -> None:
    asked = run("classify", "intent", "Where did I park the car?", "--json").record
    told = run("classify", "intent", "I parked the car by the river.", "--json").record
    assert asked["labels"] == {"subject": None, "action": "ask", "category": None}
    assert told["labels"] == {"subject": None, "action": "tell", "category": None}


@pytest.mark.parametrize("name", ["decompose", "nothing"])
def test_what_is_no_classifier_is_wrong_usage(home: Path, run: Run, name: str) -> None:
    refused = run("classify", name, RAIN)
    assert refused.code == 2
    assert "intent" in refused.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": "hello there you", "labels": {"intent": 5}}', "neither a name nor null"),
        ('{"text": "hello there you", "labels": {"mood": "good"}}', "no head 'mood'"),
        ('{"text": "hello there you", "labels": {}}', "no label for 'intent'"),
        ('{"text": "hello there you", "labels": ["intent"]}', "labels are an object"),
        ('{"text": "hello there you"}', "text and triples or labels"),
    ],
)
def test_a_line_that_is_no_example_is_named_and_nothing_is_kept(
    home: Path, run: Run, line: str, told: str
) -> None:
    declare(home, ONE_HEAD)
    good = lines(PAIRS[:3])
    refused = run("train-boundary", "talk", "--data", "-", stdin="\n".join([*good, line]))
    assert refused.code == 1
    assert told in refused.err
    assert "line 4" in refused.err
    counts = run("boundaries", "show", "talk", "--json").record["examples"]
    assert sum(counts.values()) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("heads = []", "names no heads"),
        ('head = ["a"]', "'head'"),
        ('heads = ["a", "a"]', "one name"),
        ('heads = ["a b"]', "no head"),
        ('heads = ["a"]\nschedule = "sometimes"', "no schedule"),
        ("[heads.a]\nlabels = [5]", "no text"),
        ('[heads.a]\naliases = { x = "y", y = "x" }', "circle"),
        ("heads = [", "no classifier"),
    ],
)
def test_a_file_that_declares_no_classifier_says_why(open_: Open, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        open_(text).boundaries.get("talk")


@pytest.mark.parametrize(("name", "told"), [("bad", "no schedule"), ("decompose", "already")])
def test_a_broken_file_takes_no_other_along(home: Path, run: Run, name: str, told: str) -> None:
    declare(home, ONE_HEAD)
    broken = home / "boundaries" / f"{name}.toml"
    broken.write_text(f'{ONE_HEAD}\nschedule = "sun 25:00"\n')
    for command in (("boundaries", "list"), ("status",), ("train-boundary",)):
        done = run(*command, "--json")
        assert done.code == 0
        assert told in done.err
        assert str(broken) in done.err
    names = [record["boundary"] for record in run("boundaries", "list", "--json").records]
    assert names == [*BOUNDARIES, "intent", "talk"]
    assert told in run("doctor").out
    assert run("classify", "talk", "hello there").code == 0
    assert told in run("classify", name, "hello there").err


# -- what is learnt and what is served -------------------------------------------------------------


def test_strange_messages_are_unknown_and_said_so_with_confidence(trained: Valence) -> None:
    things = ("tar", "ink")
    strange = [said(trained, f"who invented {thing} and when")["intent"] for thing in things]
    assert strange == [None, None]
    [newest] = trained.stores.ledger.list("talk", limit=1)
    newest = trained.stores.ledger.get(newest.id)
    [attempt] = [a for a in newest.attempts if a.route == "local"]
    assert json.loads(attempt.response or "")["intent"]["label"] is None


def test_better_heads_replace_and_can_be_taken_back(trained: Valence) -> None:
    first = trained.stores.adapters.active("talk")
    assert first is not None
    again = train_boundary(trained, "talk", lambda event: None)
    assert again.state == "rejected"
    assert "not better than previous" in again.reason
    assert trained.stores.adapters.active("talk") == first
    trained.stores.adapters.rollback("talk", "by the test")
    assert said(trained, RAIN) == {"intent": None}


def test_embeddings_are_made_once_and_go_with_their_examples(trained: Valence) -> None:
    db = trained.stores.database
    sql = "SELECT count(*) FROM example_vectors"
    assert db.read(sql)[0][0] == len(PAIRS)
    with db.transaction() as connection:
        connection.execute("DELETE FROM examples WHERE split = 'test'")
    counts = trained.stores.examples.counts("talk")
    assert db.read(sql)[0][0] == sum(counts.values())


def test_a_tuned_embedding_goes_with_the_heads_that_stand_on_it(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_tuning, "STEPS", 2)
    app = open_("fine_tune = true\n" + ONE_HEAD)
    assert learn_from(app, PAIRS).state == "active"
    unit = app.unit("talk")
    assert unit is not None
    heads = Heads.load(unit.folder, ["intent"])
    assert heads.embedding == app.embedder.tuned(heads.tuned).name != app.embedder.name
    assert said(app, RAIN) == {"intent": "weather"}
    kept = app.stores.database.read("SELECT DISTINCT model FROM example_vectors")
    assert [row["model"] for row in kept] == []


def test_tuning_stops_when_it_is_asked_to(open_: Open) -> None:
    app = open_("fine_tune = true\n" + ONE_HEAD)
    bring(app, PAIRS)

    def stop_soon(event: dict[str, Any]) -> None:
        if event.get("what") == "fine-tuning":
            stop(app)

    assert train_boundary(app, "talk", stop_soon).state == "cancelled"
    assert app.unit("talk") is None


def test_heads_of_another_classifier_are_not_served(trained: Valence, home: Path) -> None:
    declare(home, 'heads = ["topic"]\n')
    assert said(trained, RAIN) == {"topic": None}
    [newest] = trained.stores.ledger.list("talk", limit=1)
    assert newest.route == "builtin"


def test_a_head_that_is_added_is_learnt_beside_what_was_known(trained: Valence, home: Path) -> None:
    """Earlier messages go on teaching the heads that they name; all are judged on new ones."""
    declare(home, 'heads = ["intent", "length"]\n')
    with pytest.raises(NotEnoughExamples, match="0 test examples that say all"):
        train_boundary(trained, "talk", lambda event: None)
    assert said(trained, RAIN) == {"intent": None, "length": None}
    boundary = trained.boundaries.get("talk")
    assert len([*export_examples(trained.stores.examples, boundary, "chat")]) == len(PAIRS)
    both = [
        json.dumps({"text": f"{text} now", "labels": {"intent": label, "length": length(text)}})
        for text, label in PAIRS
    ]
    import_examples(trained.stores.examples, boundary, both, "upload")
    run = train_boundary(trained, "talk", lambda event: None)
    assert (run.state, run.examples) == ("active", trained.stores.examples.counts("talk")["train"])
    assert said(trained, f"{RAIN} now") == {"intent": "weather", "length": length(RAIN)}
    declare(home, 'heads = ["length"]\n')
    assert train_boundary(trained, "talk", lambda event: None).state == "active"
    assert list(said(trained, RAIN)) == ["length"]


def test_a_set_of_labels_that_is_closed_is_learnt_from_what_is_in_it(
    trained: Valence, home: Path
) -> None:
    """Also where the heads before say a label that is not in it any more."""
    bring(trained, [(text, "music") for text, label in PAIRS if label == "alarm"])
    declare(home, '[heads.intent]\nlabels = ["weather", "music"]\nopen = false\n')
    assert trained.boundaries.classifier("talk").labels("intent") == ("weather", "music")
    run = train_boundary(trained, "talk", lambda event: None)
    adapter = trained.stores.adapters.get(run.adapter or "")
    made = Heads.load(trained.locations.adapters / adapter.id, ["intent"])
    assert sorted(made.heads["intent"].labels) == ["music", "weather"]
    assert said(trained, RAIN) == {"intent": "weather"}


def length(text: str) -> str:
    return "long" if len(text) > 28 else "short"


def test_a_changed_heads_file_is_out_of_service_and_an_event(trained: Valence) -> None:
    unit = trained.unit("talk")
    assert unit is not None
    file = unit.folder / "adapters.safetensors"
    file.write_bytes(file.read_bytes().replace(b"weather", b"whether"))
    trained._units.clear()
    assert said(trained, RAIN) == {"intent": None}
    assert trained.stores.events.list(1)[0].kind == "unit changed"


def test_a_message_of_a_megabyte_is_labelled(trained: Valence) -> None:
    assert said(trained, RAIN + " and so on" * 100_000)["intent"] in ("weather", None)


@pytest.mark.parametrize("text", ["", "   ", "\n", "broken \ud800"])
def test_a_message_without_text_is_refused(open_: Open, text: str) -> None:
    with pytest.raises(InvalidInput, match="message"):
        said(open_(), text)


def test_one_class_only_learns_and_says_it_or_unknown(open_: Open) -> None:
    app = open_()
    result = learn_from(app, [pair for pair in PAIRS if pair[1] == "music"] + more_music())
    assert result.state == "active", result.reason
    assert said(app, "play the new song by Prince")["intent"] in ("music", None)


def more_music() -> list[Pair]:
    names = ["Enya", "Cher", "Dido", "Liszt", "Holst", "Verdi", "Bizet", "Grieg", "Air", "Pulp"]
    return [
        (form.format(name), "music")
        for name in names
        for form in ("turn {} up a bit", "I love this tune by {}", "who sings with {} here",
                     "queue everything by {}")
    ]  # fmt: skip


def test_labels_that_never_occur_are_never_said(open_: Open) -> None:
    app = open_('[heads.intent]\nlabels = ["weather", "gardening"]\n')
    learn_from(app, PAIRS)
    assert said(app, "when should I plant tomatoes")["intent"] != "gardening"


def test_unknown_everywhere_is_nothing_to_learn(open_: Open) -> None:
    app = open_()
    with pytest.raises(NotEnoughExamples, match="no example of talk has a label"):
        learn_from(app, [(text, None) for text, _ in PAIRS])
    assert app.stores.runs.list("talk")[0].state == "failed"


def test_ten_thousand_duplicates_are_one_example(open_: Open) -> None:
    app = open_()
    bring(app, [(RAIN, "weather")] * 10_000)
    assert sum(app.stores.examples.counts("talk").values()) == 1


def test_of_contradictory_labels_the_higher_rank_wins(open_: Open) -> None:
    app = open_()
    boundary = app.boundaries.get("talk")
    for label, origin in (("a", "base"), ("b", "upload"), ("c", "upload"), ("d", "base")):
        import_examples(app.stores.examples, boundary, lines([(RAIN, label)]), origin)  # type: ignore[arg-type]
    answer = app.router.call(boundary, RAIN)
    app.stores.ledger.correct(answer.call.id, '{"labels": {"intent": "e"}}')
    assert labels_of(app) == {"c": "upload"}
    app.curate(boundary)
    assert labels_of(app) == {"e": "correction"}
    [example] = [e for split in ("train", "calibration", "test") for e in of(app, split)]
    assert (example.call_id, example.rank) == (answer.call.id, RANKS["correction"])


def of(app: Valence, split: Any) -> list[Any]:
    return app.stores.examples.of("talk", split)


def labels_of(app: Valence) -> dict[str, str]:
    return {
        json.loads(example.output)["labels"]["intent"]: example.origin
        for split in ("train", "calibration", "test")
        for example in of(app, split)
    }


# -- learning from use -----------------------------------------------------------------------------


def test_the_quality_gate_counts_what_it_leaves_out(open_: Open) -> None:
    nobody_knows = [f"nobody knows what this is, for {n} years" for n in range(100)]
    messages = {
        "hi there": "shorter than 10 characters",
        "good mornings": "fewer than 3 words",
        "!!!": "system command",
        "!!! forget all of that": "system command",
        "+1": "system command",
        "/help me with this": "system command",
        next(m for m in nobody_knows if split_of(fold(m)) == "train"): "unknown or unsure",
        next(m for m in nobody_knows if split_of(fold(m)) == "test"): "",
        RAIN: "",
    }
    with LoopbackFrontier(lambda user, _: teach(user)) as server:
        app = open_(frontier=teacher(server))
        boundary = app.boundaries.get("talk")
        for text in messages:
            app.router.call(boundary, text)
        curated = app.curate(boundary)
    assert curated.kept == 2
    assert curated.dropped == {
        "system command": 4,
        "shorter than 10 characters": 1,
        "fewer than 3 words": 1,
        "unknown or unsure": 1,
    }
    assert app.stores.examples.drop_reasons("talk") == curated.dropped


def teach(message: str) -> dict[str, Any]:
    known = dict(PAIRS) | {RAIN: "weather"}
    return {"labels": {"intent": known.get(message)}}


def teacher(server: LoopbackFrontier) -> dict[str, Any]:
    return {"provider": "openai", "model": "m", "base_url": server.base_url}


def test_a_run_is_due_after_a_hundred_new_examples_or_at_its_time(open_: Open) -> None:
    few, many = PAIRS[:120], PAIRS
    app = open_()
    bring(app, few)
    assert app.stores.examples.counts("talk")["train"] < 100
    assert not due(app, "talk")
    bring(app, many)
    assert app.stores.examples.counts("talk")["train"] >= 100
    assert due(app, "talk")


def test_a_run_by_hand_needs_the_embedding_model_and_no_language_model(
    home: Path, open_: Open, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # starts nothing
    app = open_()
    bring(app, PAIRS)
    start_by_hand(app, "talk")
    [run] = app.stores.runs.list()
    assert (run.boundary, run.trigger) == ("talk", "manual")
    wait_for_children()
    with pytest.raises(EmbeddingModelMissing):
        start_by_hand(open_app(), "talk")


def test_a_schedule_makes_a_run_due_once_where_anything_is_new(open_: Open) -> None:
    app = open_(f'{ONE_HEAD}schedule = "sun 03:00"\ntrigger_examples = 1000\n')
    bring(app, PAIRS)
    assert not due(app, "talk")
    with app.stores.database.transaction() as connection:
        connection.execute("UPDATE examples SET created_at = '2026-01-01T00:00:00.000000Z'")
    assert due(app, "talk")
    train_boundary(app, "talk", lambda event: None)
    assert not due(app, "talk")


def test_a_schedule_is_kept_while_other_boundaries_are_in_use(
    home: Path, open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # starts nothing
    declare(home, ONE_HEAD, "other")
    app = open_(f'{ONE_HEAD}schedule = "sun 03:00"\ntrigger_examples = 1000\n')
    bring(app, PAIRS)
    use(app, "other")
    assert app.stores.runs.list() == []
    with app.stores.database.transaction() as connection:
        connection.execute("UPDATE examples SET created_at = '2026-01-01T00:00:00.000000Z'")
    use(app, "other")
    use(app, "other")
    [run] = app.stores.runs.list()
    assert (run.boundary, run.trigger) == ("talk", "automatic")
    wait_for_children()


def wait_for_children() -> None:
    for child in learning._children:
        child.wait()


def use(app: Valence, name: str) -> None:
    learn(app, app.router.call(app.boundaries.classifier(name), "is it warm outside"))


def test_the_teacher_is_shown_the_labels_in_use(open_: Open) -> None:
    with LoopbackFrontier(lambda user, _: {"labels": {"intent": "novelty"}}) as server:
        app = open_('[heads.intent]\nlabels = ["weather"]\n', frontier=teacher(server))
        boundary = app.boundaries.get("talk")
        for text in (RAIN, "a message of quite another kind"):
            app.router.call(boundary, text)
            app.curate(boundary)
        first, second = (json.dumps(request.body["messages"][0]) for request in server.requests)
    assert "weather" in first
    assert "novelty" not in first
    assert "weather, novelty" in second


def test_a_closed_label_set_takes_no_other(open_: Open) -> None:
    closed = '[heads.intent]\nlabels = ["weather", "music"]\nopen = false\n'
    with LoopbackFrontier(lambda user, _: {"labels": {"intent": "novelty"}}) as server:
        app = open_(closed, frontier=teacher(server))
        answer = app.router.call(app.boundaries.get("talk"), RAIN)
    assert answer.call.route == "builtin"
    assert "none of the labels" in (answer.call.attempts[0].error or "")


# -- names -----------------------------------------------------------------------------------------


def test_a_renamed_label_is_said_by_the_heads_that_learnt_the_old_one(trained: Valence) -> None:
    from valence.boundaries.editing import rename
    from valence.label_use import counts

    rename(trained.boundaries, "talk", "intent", "weather", "climate")
    assert said(trained, RAIN) == {"intent": "climate"}
    talk = trained.boundaries.classifier("talk")
    used = counts(trained, talk, "intent")
    assert "weather" not in used
    assert used["climate"] == sum(label == "weather" for _, label in PAIRS)
    rename(trained.boundaries, "talk", "intent", "climate", "weather")
    assert said(trained, RAIN) == {"intent": "weather"}


def test_merged_labels_are_one_for_examples_and_heads(trained: Valence) -> None:
    from valence.boundaries.editing import merge
    from valence.label_use import counts

    merge(trained.boundaries, "talk", "intent", "alarm", "music")
    assert said(trained, "wake me up at three sharp") == {"intent": "music"}
    talk = trained.boundaries.classifier("talk")
    assert sorted(counts(trained, talk, "intent")) == ["music", "shopping", "weather"]
    assert talk.from_json({"intent": "alarm"}) == (("intent", "music"),)


def test_labels_of_one_meaning_are_proposed_until_a_person_says_they_are_two(open_: Open) -> None:
    from valence.boundaries.editing import part, rename
    from valence.label_use import alike

    app = open_()
    other = {"weather": "weather forecast"}
    found = [(t, other.get(str(x), x) if i % 2 else x) for i, (t, x) in enumerate(PAIRS)]
    bring(app, found)
    talk = app.boundaries.classifier("talk")
    nearest = alike(app, talk, "intent", lambda event: None)[0]
    assert {nearest.first, nearest.second} == {"weather", "weather forecast"}
    rename(app.boundaries, "talk", "intent", "weather", "climate")
    part(app.boundaries, "talk", "intent", "climate", "weather forecast")
    rename(app.boundaries, "talk", "intent", "weather forecast", "rain")
    talk = app.boundaries.classifier("talk")
    assert {"climate", "rain"} <= set(talk.labels("intent"))
    told = [{pair.first, pair.second} for pair in alike(app, talk, "intent", lambda event: None)]
    assert {"climate", "rain"} not in told
    with pytest.raises(LabelError, match="one label already"):
        part(app.boundaries, "talk", "intent", "rain", "rain")


def test_what_was_embedded_for_a_run_tells_which_labels_are_alike(trained: Valence) -> None:
    from valence.label_use import alike

    events: list[dict[str, Any]] = []
    assert alike(trained, trained.boundaries.classifier("talk"), "intent", events.append) == []
    assert events == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("nothing", "new", "no label 'nothing'"),
        ("weather", "music", "is a label already"),
        ("weather", "x" * 80, "cannot be a label"),
    ],
)
def test_what_cannot_be_renamed_is_refused(
    trained: Valence, home: Path, old: str, new: str, told: str
) -> None:
    from valence.boundaries.editing import rename

    before = (home / "boundaries" / "talk.toml").read_text("utf-8")
    with pytest.raises(LabelError, match=told):
        rename(trained.boundaries, "talk", "intent", old, new)
    assert (home / "boundaries" / "talk.toml").read_text("utf-8") == before


def test_the_rules_say_a_label_by_its_new_name(run: Run) -> None:
    run("boundaries", "rename", "intent", "action", "ask", "question")
    said = run("classify", "intent", "Where did I park the car?", "--json").record
    assert said["labels"]["action"] == "question"


def test_a_shipped_label_is_renamed_in_a_file_of_the_home(home: Path, run: Run) -> None:
    assert run("boundaries", "rename", "intent", "subject", "media", "books").code == 0
    assert (home / "boundaries" / "intent.toml").exists()
    labels = run("boundaries", "show", "intent", "--json").record["labels"]["subject"]
    assert "books" in labels
    assert "media" not in labels


def test_the_seed_fits_what_is_shipped(open_: Open) -> None:
    app = open_()
    intent = app.boundaries.classifier("intent")
    seed = app.boundaries.seed("intent")
    assert len(seed) >= 50
    for _, output in seed:
        assert [head for head, _ in output] == list(intent.heads)
    assert isinstance(intent, Classifier)
    said_ = {head: {dict(output)[head] for _, output in seed} for head in intent.heads}
    assert said_ == {head: set(intent.labels(head)) for head in intent.heads}
