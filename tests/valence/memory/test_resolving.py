"""Names that may mean one thing: asked about once, joined, kept apart, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from store.candidates import Candidates
from store.graph import Entity, Provenance
from store.sources import Source
from tests.loopback import LoopbackFrontier
from valence.app import Valence
from valence.boundaries import get
from valence.errors import InvalidOutput
from valence.memory.catching_up import settle_names

Open = Callable[..., Valence]
SHORT, LONG = "Jonathan Swift", "Jonathan Swifts"
TOLD = Provenance()


@pytest.fixture
def verdicts() -> list[str]:
    """What the frontier will say, in order."""
    return []


@pytest.fixture
def app(open_app: Open, verdicts: list[str]) -> Iterator[Valence]:
    def answer(user: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"same": verdicts.pop(0)}

    with LoopbackFrontier(answer) as server:
        frontier = {"provider": "openai", "model": "gpt-4o-mini", "base_url": server.base_url}
        app = open_app(frontier=frontier)
        proposed(app)
        yield app


def proposed(app: Valence, told: Provenance = TOLD) -> tuple[Entity, Entity]:
    knowledge = app.memory.knowledge
    knowledge.learn([(SHORT, "wrote", "Gulliver"), (LONG, "born in", "Dublin")], told)
    pair = named(app, LONG), named(app, SHORT)
    Candidates(app.memory.db).propose(*pair)
    return pair


def named(app: Valence, name: str) -> Entity:
    found = app.memory.graph.spelled(name.lower())
    assert found is not None
    return found


def are_one(app: Valence) -> bool:
    return app.memory.entity(LONG).id == app.memory.entity(SHORT).id


@pytest.mark.parametrize(
    ("verdict", "joined", "left"), [("yes", True, 0), ("no", False, 0), ("unknown", False, 1)]
)
def test_a_model_is_asked_once_and_its_verdict_kept(
    app: Valence, verdicts: list[str], verdict: str, joined: bool, left: int
) -> None:
    verdicts.append(verdict)
    settle_names(app)
    settle_names(app)
    proposed(app)
    settle_names(app)
    assert are_one(app) is joined
    assert len(app.memory.graph.candidates()) == left
    (call,) = app.stores.ledger.list("same_thing")
    assert f"{SHORT} | wrote | Gulliver" in call.input
    rows = app.stores.database.read("SELECT output FROM examples WHERE boundary = 'same_thing'")
    assert [row["output"] for row in rows] == [f'{{"same": "{verdict}"}}']


def test_joined_names_answer_together_and_can_be_parted_for_good(
    app: Valence, verdicts: list[str]
) -> None:
    verdicts.append("yes")
    settle_names(app)
    assert app.memory.search(f"Where was {SHORT} born?", "graph").items[0].triple == (
        SHORT, "born in", "Dublin",
    )  # fmt: skip
    app.memory.resolution.part(SHORT, LONG)
    assert not are_one(app)
    proposed(app)
    settle_names(app)
    assert len(app.stores.ledger.list("same_thing")) == 1
    assert app.memory.resolution.join(LONG, SHORT).name == SHORT
    assert are_one(app)


def test_without_anybody_to_ask_the_question_waits(open_app: Open) -> None:
    app = open_app()
    proposed(app)
    settle_names(app)
    assert app.stores.ledger.list("same_thing") == []
    assert len(app.memory.graph.candidates()) == 1


def test_a_frontier_that_is_down_decides_nothing(
    open_app: Open, no_waiting: None, verdicts: list[str]
) -> None:
    frontier = {"provider": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    app = open_app(frontier=frontier)
    proposed(app)
    settle_names(app)
    assert len(Candidates(app.memory.db).unasked(9)) == 1


def test_what_documents_say_of_a_name_is_asked_in_quarantine(
    app: Valence, verdicts: list[str]
) -> None:
    verdicts.append("no")
    source = app.memory.sources.add(Source(kind="document", place="/x.md", trusted=False))
    proposed(app, Provenance(source_id=source.id, origin="document"))
    app.memory.knowledge.learn([(SHORT, "was", "dean")], Provenance(source_id=source.id))
    settle_names(app)
    (call,) = app.stores.ledger.list("same_thing")
    assert not call.learn


def test_a_forgotten_name_leaves_no_question(app: Valence) -> None:
    for fact in app.memory.graph.facts(subject=named(app, LONG).id):
        app.memory.forget(fact.id)
    assert app.memory.graph.candidates() == []
    assert Candidates(app.memory.db).unasked(9) == []


def test_names_are_compared_when_their_vectors_are_made(open_app: Open) -> None:
    from tests.meaning import WordMeaning
    from valence.memory.memory import Memory

    app = open_app()
    memory = Memory(app.stores.database, app.locations.episodic, WordMeaning(), _never)  # type: ignore[arg-type]
    memory.knowledge.learn([("the home of Ada", "is", "big"), ("the abode of Ada", "is", "old")],
                           Provenance())  # fmt: skip
    assert memory.graph.candidates() == []
    memory.catch_up()
    ((_, entity),) = memory.graph.candidates()
    assert entity.name in ("the home of Ada", "the abode of Ada")


def test_the_boundary_refuses_what_is_no_verdict() -> None:
    same_thing = get("same_thing")
    pair = (("Apollo 11", ("Apollo 11 | on | Moon",)), ("Apollo 12", ()))
    assert same_thing.input_from_text(same_thing.input_text(pair)) == pair
    assert same_thing.vetoes(pair, "yes") == "the numbers differ"
    assert same_thing.vetoes(pair, "no") is None
    assert same_thing.builtin(pair) == "unknown"
    for data in ("yes", {"same": True}, {"same": "maybe"}, {}, None):
        with pytest.raises(InvalidOutput):
            same_thing.from_json(data)


def _never(text: str, episode: str | None, hear: Any) -> Any:
    raise AssertionError("nothing is decomposed here")
