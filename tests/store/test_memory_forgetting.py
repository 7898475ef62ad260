"""A forgotten call leaves the memory too, down to the bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from store.conversations import Conversations
from store.database import Database
from store.episodes import Chunk, Episodes
from store.graph import Graph, NewFact, Provenance
from store.ledger import Ledger
from store.sources import Source, Sources

Make = Callable[..., Any]
SECRET = "Quxzanthrovimb"


def bytes_of(path: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(path.parent.iterdir())).lower()


def remember(db: Database, call_id: str, name: str, source: Source) -> str:
    """A text about `name` with one fact and all vectors, as a told text leaves them."""
    graph, episodes = Graph(db), Episodes(db)
    kind = "chunk" if source.kind == "document" else "episode"
    chunk = Chunk(text=f"{name} is tall", kind=kind, source_id=source.id, call_id=call_id)
    episodes.add([chunk], np.ones((1, 4), np.float32), "m")
    subject, object = graph.add_entity(name, name.casefold()), graph.add_entity("tall", "tall")
    stated = Provenance(call_id=call_id, source_id=source.id, chunk_id=chunk.id)
    fact = graph.add_fact(
        NewFact(
            subject_id=subject.id,
            relation="is",
            relation_folded="is",
            object_id=object.id,
            provenance=stated,
        )
    )
    for owner, owner_id in (("entity", subject.id), ("fact", fact.id)):
        episodes.vectors.add(owner, "m", [owner_id], np.ones((1, 4), np.float32))
    return fact.id


def test_nothing_of_it_is_left_in_the_memory(
    db: Database, ledger: Ledger, path: Path, make_call: Make
) -> None:
    call, other, sources = make_call(SECRET), make_call("Ada is tall"), Sources(db)
    for each in (call, other):
        ledger.record(each)
    source = sources.add(Source(kind="note", title=f"{SECRET} is tall"))
    fact_id = remember(db, call.id, SECRET, source)
    kept = remember(db, other.id, "Ada", sources.add(Source(kind="note", title="Ada")))
    conversations = Conversations(db)
    turn = conversations.begin(conversations.start("x").id, "who is tall?")
    conversations.checkpoint(turn.id, "retrieved", {"facts": [fact_id], "calls": [call.id]})
    conversations.answer(turn.id, {"answer": SECRET, "facts": [fact_id]})
    db.checkpoint()
    assert SECRET.lower().encode() in bytes_of(path)

    forgotten = ledger.forget(call.id)

    assert (forgotten.counts["facts"], forgotten.counts["chunks"]) == (1, 1)
    assert forgotten.counts["turns"] == 1
    assert SECRET.lower().encode() not in bytes_of(path)
    assert SECRET.lower()[1:].encode() not in bytes_of(path)
    assert [fact.id for fact in Graph(db).facts()] == [kept]
    assert db.read("SELECT count(*) FROM vectors")[0][0] == 3
    gone = sources.get(source.id)
    assert (gone.state, gone.reason, gone.title) == ("gone", "forgotten", "")
    assert sources.list(state="read")[0].title == "Ada"
    for index in ("chunk_search", "fact_search", "turn_search"):
        db.connection.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")


def test_a_documents_piece_stays_with_its_document(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    call = make_call("Ada is tall")
    ledger.record(call)
    document = Sources(db).add(Source(kind="document", place="/n/a.md", trusted=False))
    remember(db, call.id, "Ada", document)
    assert ledger.forget(call.id).counts["facts"] == 1
    (chunk,) = Episodes(db).of_source(document.id)
    assert chunk.call_id is None
    assert Sources(db).get(document.id).state == "read"
    assert Graph(db).facts() == []


def test_a_fact_that_another_call_stated_too_stays(
    db: Database, ledger: Ledger, make_call: Make
) -> None:
    first, second, sources = make_call("a"), make_call("b"), Sources(db)
    for each in (first, second):
        ledger.record(each)
    fact_id = remember(db, first.id, "Ada", sources.add(Source(kind="note")))
    Graph(db).reinforce(fact_id, Provenance(call_id=second.id))
    assert "facts" not in ledger.forget(first.id).counts
    (left,) = Graph(db).facts()
    assert (left.id, left.call_id, left.chunk_id) == (fact_id, second.id, None)
    assert ledger.forget(second.id).counts["facts"] == 1
    assert list(Graph(db).all_entities()) == []
